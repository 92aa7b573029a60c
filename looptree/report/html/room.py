"""The room that storage nodes take while others work: further out, and inside of branches."""

from __future__ import annotations

from itertools import pairwise

from looptree.model.inference import infer
from looptree.model.occupancy import Demand, demands, lifetime, place_demands
from looptree.taxonomy.design import BoundChain, Design


class Rooms:
    """Room on chip, in bytes, counted as the architecture says: windows, or live words."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self._sizes = place_demands(design, infer(design))
        self._live = design.architecture.allocation == "live"
        self._off_chip = design.architecture.off_chip.name

    def above(self, chain: BoundChain) -> dict[str, dict[str, int]]:
        """By level and tensor, what is stored further out while a chain runs."""
        found: dict[str, dict[str, int]] = {}
        path = self.design.path(chain)
        for part, child in pairwise(path):
            position = part.children.index(child.id)
            for place in (self.design.places[p] for p in part.places):
                if place.level != self._off_chip and position in lifetime(self.design, place):
                    found.setdefault(place.level, {})[place.tensor] = self._counted(self._sizes[place.id])
        return found

    def inside(self, chain: BoundChain) -> dict[str, int]:
        """By level, what the branches of a chain take: the largest one, of a pipeline all together."""
        found: dict[str, list[int]] = {}
        for child in chain.children:
            for (level, tensor), demand in demands(self.design, self._sizes, self.design.chains[child]).items():
                if tensor is None and level != self._off_chip:
                    found.setdefault(level, []).append(self._counted(demand))
        together = max if chain.kind == "sequential" else sum
        return {level: together(sizes) for level, sizes in found.items()}

    def _counted(self, demand: Demand) -> int:
        return demand.live if self._live else demand.window
