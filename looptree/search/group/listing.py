"""What the tensors of a group may do, as lists that hold for all its tile shapes and capacities.

An *item* is a tensor by itself, or the tensors that only one layer uses. An *option* of it says for each of its tensors
where it is stored: above the branch, below so many loops, or inside the branch of the layer, which then streams it by
loops of its own. The options of all items stand in one list, so that what they take and add is computed for all of them
at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.leaf import Streaming


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
        rows, piece, times, moves: of each tensor of each way; see `leaf.Streamed`.
        valid: per layer that has ways, for which kinds of patterns, of shape (ways, kinds).
    """

    ways: tuple[Way, ...]
    begins: Array
    rows: Array
    piece: Array
    times: Array
    moves: Array
    valid: Mapping[str, Array]

    @classmethod
    def of(cls, ways: Sequence[Way], names: Sequence[str]) -> Streams:
        """These ways, which come layer by layer; `names` are those of the tensors."""
        pairs = [(row, way.streaming.tensors[names[row]]) for way in ways for row in way.rows]
        layers = dict.fromkeys(way.layer for way in ways)
        return cls(
            tuple(ways),
            _begins([len(way.rows) for way in ways]),
            np.array([row for row, _ in pairs], dtype=np.int64),
            np.array([share.piece for _, share in pairs])[:, None],
            np.array([share.times for _, share in pairs])[:, None],
            np.array([share.moves for _, share in pairs], dtype=bool)[:, None],
            {layer: np.array([way.valid for way in ways if way.layer == layer]) for layer in layers},
        )


@dataclass(frozen=True, eq=False, slots=True)
class Listing:
    """The options of all items.

    Attributes:
        options: one item after the other. items: which options are whose.
        begins: where the tensors of each option begin among the following.
        rows, places: of each tensor of each option. within: whether it is inside a branch instead.
        streams: all ways to stream tensors. way: number of that of each option, or of one more that streams nothing.
    """

    options: tuple[Option, ...]
    items: tuple[slice, ...]
    begins: Array
    rows: Array
    places: Array
    within: Array
    streams: Streams
    way: Array


def listing(
    own: Mapping[str, Sequence[int]],
    alone: Mapping[int, Sequence[int]],
    above: Sequence[int],
    ways: Callable[[str, tuple[int, ...]], Sequence[Way]],
    names: Sequence[str],
) -> Listing:
    """All options.

    Args:
        own: per layer the rows of tensors that only it uses, and that it may stream. above: their places.
        alone: places of each other tensor. ways: of a layer to stream some tensors. names: of the tensors.
    """
    tables = [_of_layer(layer, rows, above, ways) for layer, rows in own.items()]
    tables += [[(((row, place),), None) for place in places] for row, places in alone.items()]
    entries = [entry for table in tables for entry in table]
    every = list(dict.fromkeys(way for _, way in entries if way is not None))
    pairs = [
        (row, place, within)
        for placed, way in entries
        for row, place, within in (
            *((row, place, False) for row, place in placed),
            *((row, 0, True) for row in (way.rows if way is not None else ())),
        )
    ]
    number = {way: i for i, way in enumerate(every)}
    ends = [0, *itertools.accumulate(map(len, tables))]
    return Listing(
        tuple(Option(placed, None if way is None else (way.layer, way.streaming)) for placed, way in entries),
        tuple(slice(a, b) for a, b in itertools.pairwise(ends)),
        _begins([len(placed) + (0 if way is None else len(way.rows)) for placed, way in entries]),
        np.array([row for row, _, _ in pairs], dtype=np.int64),
        np.array([place for _, place, _ in pairs], dtype=np.int64),
        np.array([within for _, _, within in pairs], dtype=bool),
        Streams.of(every, names),
        np.array([len(every) if way is None else number[way] for _, way in entries], dtype=np.int64),
    )


_Entry = tuple[tuple[tuple[int, int], ...], Way | None]


def _of_layer(
    layer: str, rows: Sequence[int], above: Sequence[int], ways: Callable[[str, tuple[int, ...]], Sequence[Way]]
) -> list[_Entry]:
    """The tensors of one layer: each above the branch, or some of them inside."""
    found = [(placed, None) for placed in _everywhere(rows, above)]
    streamed = [
        (placed, way)
        for count in range(1, len(rows) + 1)
        for inside in itertools.combinations(rows, count)
        for way in ways(layer, inside)
        for placed in _everywhere([row for row in rows if row not in inside], above)
    ]
    return [*found, *streamed]


def _everywhere(rows: Sequence[int], above: Sequence[int]) -> list[tuple[tuple[int, int], ...]]:
    """Tensors in any of some places each."""
    return [tuple(zip(rows, places, strict=True)) for places in itertools.product(above, repeat=len(rows))]


def _begins(sizes: Sequence[int]) -> Array:
    return np.array([0, *itertools.accumulate(sizes)][:-1], dtype=np.int64)
