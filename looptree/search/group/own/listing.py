"""What the tensors of a group may do, as lists that hold for all its tile shapes and capacities.

An *item* is a tensor by itself, or the tensors that only one layer uses. An *option* of it says for each of its tensors
where it is stored: above the branch, below so many loops, or inside the branch of the layer, which then streams it by
loops of its own. The options of all items stand in one list, so that what they take and add is computed for all of them
at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.own.streaming import Streaming


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an item.

    Attributes:
        above: pairs of a tensor's row and its place (see `Relaxation.options`). inside: the layer that streams other
        tensors, and how, or `None`.
    """

    above: tuple[tuple[int, int], ...]
    inside: tuple[str, Streaming] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Way:
    """A way of a layer to stream some tensors.

    Attributes:
        layer: its name. rows: of the tensors. streaming: its own loops, and what each tensor takes of them.
        valid: for which kinds of patterns (see `PatternBook.driven`).
    """

    layer: str
    rows: tuple[int, ...]
    streaming: Streaming
    valid: Array


@dataclass(frozen=True, eq=False, slots=True)
class Streams:
    """The ways of all layers to stream tensors.

    Attributes:
        ways: those. begins: where the tensors of each begin among the following.
        rows, piece, times: of each tensor of each way; see `streaming.Streamed`.
        valid: layers with ways one after the other, each with for which kinds of patterns these are, of shape (ways,
            kinds).
    """

    ways: tuple[Way, ...]
    begins: Array
    rows: Array
    piece: Array
    times: Array
    valid: tuple[tuple[str, Array], ...]

    @classmethod
    def of(cls, ways: Sequence[Way], names: Sequence[str]) -> Streams:
        """These ways of one layer; `names` are those of the tensors."""
        pairs = [(row, way.streaming.tensors[names[row]]) for way in ways for row in way.rows]
        return cls(
            tuple(ways),
            _begins([len(way.rows) for way in ways]),
            np.array([row for row, _ in pairs], dtype=np.int64),
            np.array([share.piece for _, share in pairs])[:, None],
            np.array([share.times for _, share in pairs])[:, None],
            ((ways[0].layer, np.array([way.valid for way in ways])),) if ways else (),
        )

    @classmethod
    def joined(cls, every: Sequence[Streams]) -> Streams:
        """The ways of several layers, one after the other."""
        rows, piece, times = (
            np.concatenate([getattr(known, name) for known in every]) for name in ("rows", "piece", "times")
        )
        return cls(
            tuple(way for known in every for way in known.ways),
            _one_after_another([known.begins for known in every], [len(known.rows) for known in every]),
            rows,
            piece,
            times,
            tuple(pair for known in every for pair in known.valid),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """The options of one item.

    Attributes:
        begins: where the tensors of each option begin among the following.
        rows, places: of each tensor of each option. within: whether it is inside a branch instead.
        streams: all ways to stream tensors. way: number of that of each option; -1 for none in a block, in a listing
            the number of one more that streams nothing.
    """

    begins: Array
    rows: Array
    places: Array
    within: Array
    streams: Streams
    way: Array

    def option(self, at: int) -> Option:
        """What an option is."""
        stop = self.begins[at + 1] if at + 1 < len(self.begins) else len(self.rows)
        tensors, way = range(self.begins[at], stop), int(self.way[at])
        above = tuple((int(self.rows[i]), int(self.places[i])) for i in tensors if not self.within[i])
        known = self.streams.ways[way] if 0 <= way < len(self.streams.ways) else None
        return Option(above, None if known is None else (known.layer, known.streaming))


@dataclass(frozen=True, eq=False, slots=True)
class Listing(Block):
    """The options of all items, one item after the other.

    Attributes:
        items: which options are whose.
    """

    items: tuple[slice, ...]


def listing(blocks: Sequence[Block]) -> Listing:
    """The options of some items together."""
    every = (_NOTHING, *blocks)
    ends = [0, *itertools.accumulate(len(block.way) for block in blocks)]
    streams = Streams.joined([block.streams for block in every])
    first = itertools.accumulate((len(block.streams.ways) for block in blocks), initial=0)
    ways = [np.where(b.way < 0, len(streams.ways), b.way + at) for b, at in zip(blocks, first, strict=False)]
    rows, places, within = (np.concatenate([getattr(b, name) for b in every]) for name in ("rows", "places", "within"))
    return Listing(
        _one_after_another([block.begins for block in every], [len(block.rows) for block in every]),
        rows,
        places,
        within,
        streams,
        np.concatenate([_NOTHING.way, *ways]),
        tuple(slice(a, b) for a, b in itertools.pairwise(ends)),
    )


@cache
def of_tensor(row: int, places: tuple[int, ...]) -> Block:
    """The options of a tensor by itself: some places."""
    return _block([((row,), (), ())], places, ())


def of_layer(
    rows: Sequence[int],
    above: Sequence[int],
    ways: Callable[[tuple[int, ...]], Sequence[Way]],
    names: Sequence[str],
    within: Collection[int] = (),
) -> Block:
    """The options of the tensors of one layer: each above the branch, or some of them inside.

    Args:
        rows: of tensors that only this layer uses, and that it may stream. above: their places.
        ways: to stream some of them. names: of all tensors. within: rows of those that are always inside.
    """
    found: list[_Kind] = [] if within else [(tuple(rows), (), ())]
    for count in range(1, len(rows) + 1):
        for inside in itertools.combinations(rows, count):
            listed = ways(inside) if set(within) <= set(inside) else ()
            if listed:
                found.append((tuple(row for row in rows if row not in inside), inside, listed))
    return _block(found or [(tuple(rows), (), ())], above, names)


_Kind = tuple[tuple[int, ...], tuple[int, ...], Sequence[Way]]
"""Rows of tensors above the branch, each in any place, and of those inside with the ways to stream them."""


def _block(kinds: Sequence[_Kind], places: Sequence[int], names: Sequence[str]) -> Block:
    """All options of these kinds: of each every way, and every place of each tensor above."""
    every: list[Way] = []
    sizes, rows, placed, within, numbers = ([_EMPTY] for _ in range(5))
    for above, inside, listed in kinds:
        spots = np.array(list(itertools.product(places, repeat=len(above))), dtype=np.int64)
        spots = np.hstack([spots, np.zeros((len(spots), len(inside)), dtype=np.int64)])
        known = np.arange(len(every), len(every) + len(listed)) if inside else np.array([-1])
        options = len(known) * len(spots)
        sizes.append(np.full(options, spots.shape[1]))
        rows.append(np.tile((*above, *inside), options))
        placed.append(np.tile(spots.reshape(-1), len(known)))
        within.append(np.tile([0] * len(above) + [1] * len(inside), options))
        numbers.append(np.repeat(known, len(spots)))
        every += listed
    return Block(
        _begins(np.concatenate(sizes).tolist()),
        np.concatenate(rows),
        np.concatenate(placed),
        np.concatenate(within).astype(bool),
        Streams.of(every, names),
        np.concatenate(numbers),
    )


def _begins(sizes: Sequence[int]) -> Array:
    return np.array([0, *itertools.accumulate(sizes)][:-1], dtype=np.int64)


def _one_after_another(begins: Sequence[Array], sizes: Sequence[int]) -> Array:
    """Where parts of several lists of these sizes begin, when the lists stand one after the other."""
    return np.concatenate([known + at for known, at in zip(begins, _begins(sizes), strict=True)])


_EMPTY = np.zeros(0, dtype=np.int64)
_NOTHING = _block([], (), ())
