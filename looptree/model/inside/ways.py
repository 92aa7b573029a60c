"""Combinations of ways to cut the parts of a layer that fit a memory level, without those that surely are not best."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.inside.part import Part

AT_ONCE = 1 << 18
MOST = 1 << 28


@dataclass(frozen=True, eq=False, slots=True)
class Room:
    """What a level can hold.

    Attributes:
        bits: of a word of each tensor, those that may not be there left out. parts: tensors and bytes of each
            partition, `None` if unlimited. copies: 2 where it is double-buffered.
    """

    bits: Mapping[str, int]
    parts: Sequence[tuple[frozenset[str], int | None]]
    copies: int = 1

    def bytes(self, tensor: str, words: Array) -> Array:
        """Bytes of so many words."""
        return np.asarray(-(-words * self.bits[tensor] // 8) * self.copies)

    def holds(self, words: Mapping[str, Array], size: int) -> Array:
        """Which of so many combinations fit, by words of each tensor."""
        fits = np.ones(size, dtype=bool)
        for tensors, most in self.parts:
            taken = [self.bytes(t, table) for t, table in words.items() if t in tensors]
            if most is not None and taken:
                fits &= np.sum(taken, axis=0) <= most
        return fits

    def most(self, tensor: str) -> int | None:
        """The most words of a tensor that can be held; `None` if unlimited."""
        if tensor not in self.bits:
            return 0
        sizes = [size for tensors, size in self.parts if tensor in tensors]
        return None if not sizes or sizes[0] is None else sizes[0] * 8 // self.bits[tensor]


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Combinations of ways.

    Attributes:
        kept: tensors. ways: the number of the way of each part. bytes: that they take.
    """

    kept: tuple[str, ...]
    ways: Sequence[Array]
    bytes: Array


class Ways:
    """The combinations for some tensors that are kept.

    Args:
        parts: of the layer. rows: of the tensors in their tables. useful: ranks that may be cut.
    """

    def __init__(self, parts: Sequence[Part], rows: Mapping[str, int], room: Room, useful: Collection[str]) -> None:
        self.parts, self.rows, self.room, self.useful = parts, rows, room, useful

    def blocks(self) -> Iterator[Block]:
        """All that fit, some at a time, but those in which a tile could be larger.

        A larger tile that fits brings no tensor in more often.

        Raises:
            UnsupportedError: too many to look at.
        """
        ways = [part.ways_cutting(self.useful) for part in self.parts]
        total = prod(map(len, ways))
        if total > MOST:
            raise UnsupportedError(
                f"more than {MOST} ways to cut a tile into nests at a memory level",
                hint="write the nest into the branch of the layer, or use smaller tiles",
            )
        longest = max(range(len(ways)), key=lambda at: len(ways[at]))
        step = max(1, AT_ONCE * len(ways[longest]) // total)
        for start in range(0, len(ways[longest]), step):
            some = [w[start : start + step] if at == longest else w for at, w in enumerate(ways)]
            chosen, words = self._fitting(some)
            taken = sum((self.room.bytes(t, table) for t, table in words.items()), np.zeros(len(chosen[0]), np.int64))
            if len(taken):
                yield Block(tuple(self.rows), chosen, taken)

    def smallest(self) -> Block:
        """The single combination of fewest words."""
        chosen = [np.array([int(part.window.sum(axis=0).argmin())]) for part in self.parts]
        words = {
            t: np.array(prod(int(self.parts[i].window[row, w[0]]) for i, w in enumerate(chosen)))
            for t, row in self.rows.items()
        }
        return Block(tuple(self.rows), chosen, np.array([sum(int(self.room.bytes(t, n)) for t, n in words.items())]))

    def _fitting(self, ways: Sequence[Array]) -> tuple[list[Array], dict[str, Array]]:
        """Part by part, what still fits with the smallest windows of the parts that are left."""
        windows = {
            t: [part.window[row][w] for part, w in zip(self.parts, ways, strict=True)] for t, row in self.rows.items()
        }
        chosen: list[Array] = []
        words = {t: np.ones(1, dtype=np.int64) for t in self.rows}
        size = 1
        for number, options in enumerate(ways):
            old, new = np.divmod(np.arange(size * len(options)), len(options))
            words = {t: table[old] * windows[t][number][new] for t, table in words.items()}
            least = {t: prod(int(w.min()) for w in windows[t][number + 1 :]) for t in words}
            fits = np.flatnonzero(self.room.holds({t: table * least[t] for t, table in words.items()}, len(old)))
            words = {t: table[fits] for t, table in words.items()}
            chosen = [*(c[old[fits]] for c in chosen), options[new[fits]]]
            size = len(fits)
        return self._largest(chosen, words)

    def _largest(self, chosen: list[Array], words: dict[str, Array]) -> tuple[list[Array], dict[str, Array]]:
        """Those in which no tile may be larger."""
        for at, part in enumerate(self.parts):
            tables = {t: part.window[row] for t, row in self.rows.items()}
            for rank, wider in zip(part.ranks, part.wider, strict=True):
                ways = chosen[at]
                more = wider[ways]
                if rank in self.useful and (more >= 0).any():
                    grown = {t: n // np.maximum(tables[t][ways], 1) * tables[t][more] for t, n in words.items()}
                    left = np.flatnonzero((more < 0) | ~self.room.holds(grown, len(ways)))
                    chosen = [c[left] for c in chosen]
                    words = {t: table[left] for t, table in words.items()}
        return chosen, words
