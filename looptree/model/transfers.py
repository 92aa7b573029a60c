"""Words read and written at each memory level, by the rules of fills, drains and accesses.

* A fill reads the outer level and writes the inner one; a drain reads the inner and writes the outer.
* Compute accesses the innermost place of each tensor: one read per operation and input (padding is
  read as any operand), one write per operation of the output, and one read of it per operation less
  the first of each output word.
"""

from __future__ import annotations

from collections.abc import Iterator

from looptree.model.convention import OWN, Convention
from looptree.model.inferred import Inferred
from looptree.model.instances import accessed, exchanged
from looptree.model.movement import Movement
from looptree.model.spatial import around
from looptree.taxonomy.design import Design, Place


def movements(design: Design, inferred: Inferred, convention: Convention = OWN) -> list[Movement]:
    """All movements of a design: between neighbouring places, then by compute."""
    found = []
    for place in design.places:
        for movement in _exchange(design, inferred, place):
            drained = movement.level == place.level and not convention.drains_read
            found.append(movement.unread() if drained else movement)
    for chain in design.chains:
        if chain.kind != "compute":
            continue
        if chain.spatial:
            found += accessed(design, inferred, chain)
            continue
        (name,) = chain.einsums
        einsum = design.workload.einsum(name)
        counts = inferred.einsums[name]
        for access in einsum.inputs:
            level = design.innermost_place(access.tensor, chain).level
            found.append(Movement(chain.id, level, access.tensor, counts.operations, 0))
        tensor = einsum.output.tensor
        level = design.innermost_place(tensor, chain).level
        found.append(Movement(chain.id, level, tensor, counts.operations - counts.points, counts.operations))
    return found


def _exchange(design: Design, inferred: Inferred, place: Place) -> Iterator[Movement]:
    """What a place and the next one further out exchange."""
    if around(design, place):
        yield from exchanged(design, inferred, place)
        return
    if place.parent is None:
        return
    counts = inferred.places[place.id]
    if place.produced and place.consumed:
        drained = inferred.produced.get(place.tensor, 0)
        filled = inferred.spilled.get(place.id, drained) - drained
    elif place.consumed:
        drained, filled = 0, counts.entered
    else:
        drained, filled = counts.entered, counts.entered - counts.first
    outer = design.places[place.parent]
    yield Movement(place.chain, place.level, place.tensor, drained, filled)
    yield Movement(place.chain, outer.level, place.tensor, filled, drained)
