"""What each memory level has to hold.

Tensors stored above a branch count through all its branches; those inside a sequential branch count
as the largest branch, those inside a pipeline branch add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from looptree.taxonomy.binding import BoundChain, Design


@dataclass(frozen=True, slots=True)
class Demand:
    """Bytes a level has to hold: with fixed tiles (`window`), with an ideal allocator (`live`)."""

    window: int = 0
    live: int = 0

    def __add__(self, other: Demand) -> Demand:
        return Demand(self.window + other.window, self.live + other.live)

    def largest(self, other: Demand) -> Demand:
        """The larger of each."""
        return Demand(max(self.window, other.window), max(self.live, other.live))


Key = tuple[str, str | None]


def demands(design: Design, sizes: Mapping[int, Demand], chain: BoundChain) -> dict[Key, Demand]:
    """Demand of a chain and all below it, by (level, tensor), and by (level, `None`) in total.

    Args:
        sizes: demand of each place, in bytes.
    """
    own: dict[Key, Demand] = {}
    for identity in chain.places:
        place = design.places[identity]
        keys: tuple[Key, ...] = ((place.level, place.tensor), (place.level, None))
        for key in keys:
            own[key] = own.get(key, Demand()) + sizes[identity]
    below: dict[Key, Demand] = {}
    for child in chain.children:
        for key, demand in demands(design, sizes, design.chains[child]).items():
            other = below.get(key, Demand())
            below[key] = other.largest(demand) if chain.kind == "sequential" else other + demand
    for key, demand in below.items():
        own[key] = own.get(key, Demand()) + demand
    return own
