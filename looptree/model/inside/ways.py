"""Combinations of ways to cut the parts of a layer that fit a memory level, without those that surely are not best."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

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
        kept: tensors. case: whose combination each is, in order. ways: the number of the way of each part.
        bytes: that they take.
    """

    kept: tuple[str, ...]
    case: Array
    ways: Sequence[Array]
    bytes: Array

    def at(self, some: Array) -> Block:
        """Some of them."""
        return Block(self.kept, self.case[some], [ways[some] for ways in self.ways], self.bytes[some])


class Ways:
    """The combinations for some tensors that are kept.

    Args:
        parts: of the layer. problems: of each part, the number of the problem of each case. rows: of the tensors in the
        tables. useful: ranks that may be cut. larger: of each part, by rank and way, the way with a larger tile that is
        no worse, -1 where there is none. staying: of each tensor of the layer the row, the ranks that index it and
        the most words of it that a level further in can hold: there a larger tile may be worse.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        problems: Sequence[Array],
        rows: Mapping[str, int],
        room: Room,
        useful: Collection[str],
        larger: Sequence[Array],
        staying: Collection[tuple[int, Collection[str], float]] = (),
    ) -> None:
        self.larger, self.staying = larger, staying
        self.parts, self.problems, self.rows, self.room, self.useful = parts, problems, rows, room, useful
        self.ways = [part.ways_cutting(useful) for part in parts]
        ends = [np.searchsorted(ways, part.first) for part, ways in zip(parts, self.ways, strict=True)]
        self.start = [known[own] for known, own in zip(ends, problems, strict=True)]
        self.count = [known[own + 1] - known[own] for known, own in zip(ends, problems, strict=True)]
        self.least = {
            t: [
                np.minimum.reduceat(part.window[row][ways], known[:-1])[own]
                for part, ways, known, own in zip(parts, self.ways, ends, problems, strict=True)
            ]
            for t, row in rows.items()
        }

    def blocks(self, cases: Array) -> Iterator[Block]:
        """All of some cases that fit, some at a time, but those in which a tile could be larger and no worse.

        Raises:
            UnsupportedError: too many to look at.
        """
        counts = np.array([count[cases] for count in self.count], dtype=np.float64)
        if counts.prod(axis=0).max(initial=0) > MOST:
            raise UnsupportedError(
                f"more than {MOST} ways to cut a tile into nests at a memory level",
                hint="write the nest into the branch of the layer, or use smaller tiles",
            )
        longest, *others = np.argsort(-counts.sum(axis=1), kind="stable").tolist()
        old, ways = self._with(longest, cases)
        rest = counts[others].prod(axis=0)[old]
        chunk = (np.cumsum(rest) - rest) // AT_ONCE
        for some in np.split(np.arange(len(old)), np.flatnonzero(np.diff(chunk)) + 1):
            block = self._fitting(cases[old[some]], {longest: ways[some]}, others)
            if len(block.case):
                yield block

    def smallest(self, case: int) -> Block:
        """The single combination of fewest words."""
        chosen = {}
        for at, part in enumerate(self.parts):
            first, end = part.first[self.problems[at][case] :][:2]
            chosen[at] = np.array([first + part.window[:, first:end].sum(axis=0).argmin()])
        words = {
            t: np.prod([part.window[row, chosen[at]] for at, part in enumerate(self.parts)], axis=0, dtype=np.int64)
            for t, row in self.rows.items()
        }
        return self._block(np.array([case]), chosen, words)

    def _with(self, part: int, cases: Array) -> tuple[Array, Array]:
        """Each of some combinations, by their cases, with each way of one more part: its number, and the way."""
        counts = self.count[part][cases]
        old = np.repeat(np.arange(len(cases)), counts)
        nth = np.arange(len(old)) - np.repeat(np.cumsum(counts) - counts, counts)
        return old, self.ways[part][self.start[part][cases][old] + nth]

    def _fitting(self, case: Array, chosen: dict[int, Array], others: Sequence[int]) -> Block:
        """Part by part, what still fits with the smallest windows of the parts that are left."""
        ((first, ways),) = chosen.items()
        words = {t: self.parts[first].window[row][ways] for t, row in self.rows.items()}
        for number in range(len(others) + 1):
            least = dict(words)
            for at in others[number:]:
                least = {t: table * self.least[t][at][case] for t, table in least.items()}
            fits = np.flatnonzero(self.room.holds(least, len(case)))
            if number < len(others):
                at = others[number]
                old, ways = self._with(at, case[fits])
                fits = fits[old]
                words = {t: table[fits] * self.parts[at].window[self.rows[t]][ways] for t, table in words.items()}
                chosen = {**{key: known[fits] for key, known in chosen.items()}, at: ways}
            else:
                words = {t: table[fits] for t, table in words.items()}
                chosen = {key: known[fits] for key, known in chosen.items()}
            case = case[fits]
        return self._largest(case, chosen, words)

    def _largest(self, case: Array, chosen: dict[int, Array], words: dict[str, Array]) -> Block:
        """Those in which no tile may be larger."""
        for at, part in enumerate(self.parts):
            tables = {t: part.window[row] for t, row in self.rows.items()}
            for rank, wider in zip(part.ranks, self.larger[at], strict=True):
                ways = chosen[at]
                more = wider[ways]
                if rank in self.useful and (more >= 0).any():
                    grown = {t: n // np.maximum(tables[t][ways], 1) * tables[t][more] for t, n in words.items()}
                    left = np.flatnonzero((more < 0) | ~self.room.holds(grown, len(ways)) | self._stays(rank, chosen))
                    case, chosen = case[left], {key: known[left] for key, known in chosen.items()}
                    words = {t: table[left] for t, table in words.items()}
        return self._block(case, chosen, words)

    def _stays(self, rank: str, chosen: Mapping[int, Array]) -> Array:
        """Where a level further in may hold all that is asked for of a tensor that a rank indexes."""
        found = np.zeros(len(chosen[0]), dtype=bool)
        for row, ranks, most in self.staying:
            if rank in ranks:
                words = [part.window[row][chosen[at]] for at, part in enumerate(self.parts)]
                found |= np.prod(words, axis=0) <= most
        return found

    def _block(self, case: Array, chosen: Mapping[int, Array], words: Mapping[str, Array]) -> Block:
        taken = sum((self.room.bytes(t, table) for t, table in words.items()), np.zeros(len(case), np.int64))
        return Block(tuple(self.rows), case, [chosen[at] for at in range(len(self.parts))], taken)
