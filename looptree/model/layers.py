"""What of the energy belongs to single layers.

Assumption: to a layer belongs what its computation reads and writes at the innermost places, and what the storage nodes
inside its own branch exchange. What the storage nodes that layers share exchange, and what leaks, belongs to the group.
"""

from __future__ import annotations

from fractions import Fraction

from looptree.model.costs import energy_of
from looptree.model.inference import infer
from looptree.model.movement import Movement
from looptree.model.result import Energy
from looptree.model.traffic import traffic_of
from looptree.model.transfers import movements
from looptree.taxonomy.design import Design


def layer_energies(design: Design) -> dict[str, Energy]:
    """Energy by layer, without what layers share."""
    inferred = infer(design)
    layer_of = {chain.id: chain.einsums[0] for chain in design.chains if chain.kind == "compute"}
    moved: dict[str, list[Movement]] = {einsum.name: [] for einsum in design.workload.einsums}
    for movement in movements(design, inferred):
        if movement.chain in layer_of:
            moved[layer_of[movement.chain]].append(movement)
    return {
        name: energy_of(
            design,
            traffic_of(design, listed),
            {design.workload.einsum(name).operation: inferred.einsums[name].operations},
            Fraction(0),
        )
        for name, listed in moved.items()
    }
