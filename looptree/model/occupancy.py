"""What each memory level has to hold.

Tensors stored above a branch count through all its branches, or, with a lifetime by uses, from the first branch
that uses them to the last; those inside a sequential branch count as the largest branch, those inside a pipeline
branch add up.

A double-buffered level works on one copy while the other one is exchanged with the next place further out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from looptree.model.inferred import Inferred
from looptree.taxonomy.design import BoundChain, Design, Place


class Demand(NamedTuple):
    """Bytes a level has to hold: with fixed tiles (`window`), with an ideal allocator (`live`)."""

    window: int = 0
    live: int = 0

    def __add__(self, other: Demand) -> Demand:  # type: ignore[override]
        return Demand(self.window + other.window, self.live + other.live)

    def largest(self, other: Demand) -> Demand:
        """The larger of each."""
        return Demand(max(self.window, other.window), max(self.live, other.live))


Key = tuple[str, str | None]


def place_demands(design: Design, inferred: Inferred) -> dict[int, Demand]:
    """Demand of each place by id, in bytes."""
    found = {}
    for place in design.places:
        counts, tensor = inferred.places[place.id], design.workload.tensors[place.tensor]
        times = copies(design, place)
        found[place.id] = Demand(tensor.bytes(counts.window) * times, tensor.bytes(counts.live) * times)
    return found


def copies(design: Design, place: Place) -> int:
    """How many times a place takes its space: twice at a double-buffered level if it is filled from, or drained to, a
    place further out; once if its words are made and used right there."""
    return 2 if place.parent is not None and design.architecture.level(place.level).double_buffered else 1


def lifetime(design: Design, place: Place) -> range:
    """The branches of its chain, by position, during which a place takes space."""
    children = [design.chains[child] for child in design.chains[place.chain].children]
    if not place.while_used:
        return range(len(children))
    producer = design.workload.producer(place.tensor)
    users = {einsum.name for einsum in (*design.workload.consumers(place.tensor), *([producer] if producer else ()))}
    using = [position for position, child in enumerate(children) if not users.isdisjoint(child.einsums)]
    return range(using[0], using[-1] + 1)


def demands(
    design: Design,
    sizes: Mapping[int, Demand],
    chain: BoundChain,
    known: Mapping[int, Mapping[Key, Demand]] | None = None,
) -> dict[Key, Demand]:
    """Demand of a chain and all below it, by (level, tensor), and by (level, `None`) in total.

    Args:
        sizes: demand of each place, in bytes. known: of chains, by id, where it is known.
    """
    if known is not None and chain.id in known:
        return dict(known[chain.id])
    places = [design.places[identity] for identity in chain.places]
    passing = [(place, lifetime(design, place)) for place in places if place.while_used]
    below: dict[Key, Demand] = {}
    for position, child in enumerate(chain.children):
        there = demands(design, sizes, design.chains[child], known)
        _add(there, sizes, [place for place, branches in passing if position in branches])
        for key, demand in there.items():
            other = below.get(key, Demand())
            below[key] = other.largest(demand) if chain.kind == "sequential" else other + demand
    own: dict[Key, Demand] = {}
    _add(own, sizes, [place for place in places if not place.while_used])
    for key, demand in below.items():
        own[key] = own.get(key, Demand()) + demand
    return own


def _add(found: dict[Key, Demand], sizes: Mapping[int, Demand], places: list[Place]) -> None:
    for place in places:
        keys: tuple[Key, ...] = ((place.level, place.tensor), (place.level, None))
        for key in keys:
            found[key] = found.get(key, Demand()) + sizes[place.id]
