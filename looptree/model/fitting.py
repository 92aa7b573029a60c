"""What the memory levels have to hold, against what they can."""

from __future__ import annotations

from collections.abc import Mapping

from looptree.architecture import Level, Partition
from looptree.model.occupancy import Demand, Key, demands
from looptree.model.result import Occupancy, PartOccupancy
from looptree.taxonomy.design import Design


def occupancies(design: Design, sizes: Mapping[int, Demand], found: Mapping[Key, Demand]) -> dict[str, Occupancy]:
    """Demand of each level against its capacity, partition by partition where it has some.

    Args:
        sizes: demand of each place, in bytes. found: of the whole design.
    """
    result = {}
    for level in design.architecture.levels:
        demand = found.get((level.name, None), Demand())
        per_tensor = {
            tensor: (d.window, d.live)
            for (name, tensor), d in found.items()
            if name == level.name and tensor is not None
        }
        parts = {part.name: _part(design, level, part, sizes) for part in level.partitions}
        fits = all(part.fits for part in parts.values()) and _fits(design, demand, level.capacity_bytes)
        capacity = level.total_bytes
        result[level.name] = Occupancy(demand.window, demand.live, capacity, fits, per_tensor, parts)
    return result


def _part(design: Design, level: Level, part: Partition, sizes: Mapping[int, Demand]) -> PartOccupancy:
    """What one partition has to hold: the demand of the level if all other tensors took no space."""
    kind = design.workload.kind
    own = {
        place.id: sizes[place.id] if level.partition(place.tensor, kind(place.tensor)) is part else Demand()
        for place in design.places
    }
    demand = demands(design, own, design.root).get((level.name, None), Demand())
    return PartOccupancy(demand.window, demand.live, part.capacity_bytes, _fits(design, demand, part.capacity_bytes))


def _fits(design: Design, demand: Demand, capacity_bytes: int | None) -> bool:
    counted = demand.live if design.architecture.allocation == "live" else demand.window
    return capacity_bytes is None or counted <= capacity_bytes
