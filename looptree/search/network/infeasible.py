"""Why a network has no plan in some capacity: the layer that does not fit, or else what stands in the way.

A plan may run each layer by itself. So without other rules there is one wherever each layer alone has a design.
"""

from __future__ import annotations

from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.segment import segment
from looptree.search.group.goal.rooms import weight_bytes
from looptree.search.network.groups.catalogue import Catalogue
from looptree.search.network.groups.pinned import as_pinned
from looptree.search.result import InfeasibleError


def most_demanding(catalogue: Catalogue) -> tuple[float, str, dict[str, float]]:
    """The fewest bytes in which every layer alone has a design, the layer that needs them, and what contributes."""
    found = []
    for einsum in catalogue.workload.einsums:
        number, names = catalogue.shape((einsum.name,))
        demand, rows = catalogue.search_of(number).smallest()
        own = dict(zip(catalogue.shapes[number].tensors, names.tensors, strict=True))
        found.append((demand, einsum.name, {own[tensor]: taken for tensor, taken in rows.items()}))
    return max(found, key=lambda entry: entry[0])


def infeasible(catalogue: Catalogue, restrictions: Restrictions, capacity: float) -> InfeasibleError:
    """Which layer does not fit in so many bytes, or which pinned group, or what else there is no plan for.

    Args:
        catalogue: the groups of the network. restrictions: that its plans have to keep.
    """
    searches = catalogue.workers.searches
    architecture, level = searches.architecture, searches.level
    demand, name, parts = most_demanding(catalogue)
    rules = restrictions.described()
    for pin in restrictions.pins if demand <= capacity else ():
        _, pinned = as_pinned(segment(catalogue.network, pin.layers), pin, searches)
        room = pinned.occupancy[level]
        if room.window_bytes > capacity:
            taken = {tensor: float(sizes[0]) for tensor, sizes in room.per_tensor.items()}
            return InfeasibleError.of(f"pinned group {pin.text!r}", level, capacity, room.window_bytes, taken)
    if demand <= capacity and rules:
        return InfeasibleError(
            f"every layer fits {level} alone, but no plan keeps the restrictions ({'; '.join(rules)})"
        )
    weights = weight_bytes(architecture.level(level))
    if demand <= capacity and weights is not None:
        return InfeasibleError(
            f"every layer fits {level} but for its weights: their partition has {weights} bytes (give it more)"
        )
    if demand <= capacity and architecture.dataflow is not None:
        return InfeasibleError(
            f"every layer fits {level}, but for some layer no nest that is {architecture.dataflow} fits "
            f"{architecture.levels[-1].name} (give it more capacity, or leave out the dataflow)"
        )
    return InfeasibleError.of(f"layer {name!r}", level, capacity, demand, parts)
