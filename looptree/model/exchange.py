"""What moves at each iteration of a chain between its places and those further out.

Data arrives as it is first needed: a fill happens for the iteration at which its words are fresh. An output leaves
when nothing later in its sweep asks for it again, an intermediate that is stored further out as well as soon as it is
computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box
from looptree.model.inferred import Inferred
from looptree.model.sweep import fresh_box, retired_sizes
from looptree.taxonomy.binding import BoundChain, Design, Place


@dataclass(frozen=True, slots=True)
class Product:
    """A count at each iteration: `scale` times one entry of the table of every axis that has one."""

    scale: int
    tables: Mapping[int, Array]

    @classmethod
    def of(cls, box: Box, axes: Mapping[int, Axis]) -> Product:
        """The points of a box."""
        tables = {key: np.broadcast_to(box.tracks[key].sizes(), (axes[key].size,)) for key in axes if key in box.tracks}
        return cls(box.fixed_size(), tables)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Words of a tensor that move at each iteration of a chain.

    Attributes:
        tensor: which.
        source, target: levels at which they are read and written.
        inward: they come in for the iteration; otherwise they leave after it.
        by: Einsums for or by which they move.
        words: counts that add up, as pairs of a sign and a count.
    """

    tensor: str
    source: str
    target: str
    inward: bool
    by: frozenset[str]
    words: tuple[tuple[int, Product], ...]


def exchanges(design: Design, inferred: Inferred, chain: BoundChain) -> Iterator[Exchange]:
    """What moves at the iterations of a chain."""
    for place in design.places:
        if place.parent is not None and place.id in inferred.asked:
            passing = place.produced and place.consumed
            asked = inferred.made[place.tensor] if passing else inferred.asked[place.id]
            if asked.chain == chain.id:
                yield from _exchange(design, inferred, place)


def _exchange(design: Design, inferred: Inferred, place: Place) -> Iterator[Exchange]:
    producer = design.workload.producer(place.tensor)
    writer = frozenset([producer.name] if producer is not None else [])
    readers = frozenset(einsum.name for einsum in design.workload.consumers(place.tensor))
    outer = design.places[place.parent if place.parent is not None else place.id].level
    passing = place.produced and place.consumed
    asked = inferred.made[place.tensor] if passing else inferred.asked[place.id]
    axes = asked.axes

    def fresh(depth: int) -> Product:
        return Product.of(fresh_box(asked.need, axes, depth), axes)

    def fill(by: frozenset[str], depth: int, less: int | None = None) -> Iterator[Exchange]:
        words = ((1, fresh(depth)), *(((-1, fresh(less)),) if less is not None else ()))
        if depth != less:
            yield Exchange(place.tensor, outer, place.level, True, by, words)

    if passing:
        made = inferred.made[place.tensor]
        drained, back = Product.of(made.computed, axes), Product.of(inferred.returned[place.id], axes)
        yield Exchange(place.tensor, outer, place.level, True, readers, ((1, back), (-1, drained)))
        yield Exchange(place.tensor, place.level, outer, False, writer, ((1, drained),))
    elif place.consumed:
        yield from fill(readers, asked.sweep)
    else:
        lifetime = inferred.einsums[next(iter(writer))].lifetime
        depth = max(asked.sweep, lifetime)
        yield from fill(writer, depth, lifetime)
        yield Exchange(place.tensor, place.level, outer, False, writer, ((1, retired(asked.need, axes, depth)),))


def retired(box: Box, axes: Mapping[int, Axis], depth: int) -> Product:
    """Points that no later iteration of the same sweep asks for."""
    tables: dict[int, Array] = {}
    for key, axis in axes.items():
        own = axis.own(depth)
        track = box.tracks.get(key)
        if own == len(axis.depths) or not axis.size:
            if track is not None:
                tables[key] = np.broadcast_to(track.sizes(), (axis.size,))
        elif track is not None:
            tables[key] = retired_sizes(track, axis, own)
        else:
            last = np.zeros(axis.size, dtype=np.int64)
            last[np.append(axis.starts(own)[1:], axis.size) - 1] = 1
            tables[key] = last
    return Product(box.fixed_size(), tables)
