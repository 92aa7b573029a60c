"""Compute cycles.

Assumptions: an iteration of a leaf takes the product over its ranks of ceil(tile / spatial extent) cycles, and
what the array takes to fill and to drain; the branches of a pipeline have an array each and run at once on
consecutive iterations of the loops above them; everything else takes turns, a pipeline inside a branch of a
pipeline too.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import SAFE, Array, Axis
from looptree.model.box import exact_sum, product
from looptree.model.inferred import Axes, Inferred, Turns
from looptree.model.iterations import count, over, spread, visits_of
from looptree.model.operations import Operations
from looptree.model.spatial import instances_along
from looptree.model.turns import turns_of
from looptree.model.units import Units, units_of
from looptree.taxonomy.design import BoundChain, Design


def leaf_total(design: Design, inferred: Inferred, chain: BoundChain, units: Units | None = None) -> int:
    """Cycles of all steps of a leaf, with the units that it has or with others."""
    if inferred.einsums[chain.einsums[0]].leaf is None:
        return 0
    units = units_of(design, inferred, chain) if units is None else units
    return summed(*leaf_at_turns(design, inferred, chain, units), units.fill_drain)


def leaf_at_turns(
    design: Design, inferred: Inferred, chain: BoundChain, units: Units
) -> tuple[int, dict[int, Array], Axes]:
    """Cycles of each step of a leaf, those of the instance that takes longest: a factor, tables, and their axes."""
    key = chain.id, *units.spatial.items()
    if key not in inferred.cycles:
        inferred.cycles[key] = _leaf_at_turns(design, inferred, chain, units)
    return inferred.cycles[key]


def _leaf_at_turns(
    design: Design, inferred: Inferred, chain: BoundChain, units: Units
) -> tuple[int, dict[int, Array], Axes]:
    leaf = inferred.einsums[chain.einsums[0]].leaf
    assert leaf is not None, "a leaf at which something is done"
    operations, axes = leaf
    if not chain.spatial:
        return *leaf_factors(operations, axes, units.spatial), axes
    turns = turns_of(design, inferred)[chain.id]
    fixed, along = leaf_factors(operations, axes, units.spatial)
    along = {
        key: turns.most(key, axis, along.get(key, np.ones(1, dtype=np.int64)))
        for key, axis in axes.items()
        if key in along or key in turns.steps
    }
    return fixed, along, turns.axes


def summed(fixed: int, along: Mapping[int, Array], axes: Mapping[int, Axis], fill_drain: int = 0) -> int:
    """Cycles of one leaf over all its steps: a product of one-dimensional sums.

    Args:
        fixed, along: cycles of each step, a factor and tables.
        axes: of the leaf.
        fill_drain: cycles that the array takes longer at each step with operations.
    """
    steps = 1
    for key, axis in axes.items():
        fixed *= exact_sum(along[key]) if key in along else axis.size
        steps *= int(np.count_nonzero(along[key])) if key in along else axis.size
    return fixed + fill_drain * steps


def units_used(design: Design, inferred: Inferred, chain: BoundChain) -> int:
    """Compute units that work for a layer at once, at most: instances, and operations at once in each.

    Along each rank as many work as the array has, or the largest tile needs.
    """
    leaf = inferred.einsums[chain.einsums[0]].leaf
    if leaf is None:
        return 0
    operations, axes = leaf
    spatial = units_of(design, inferred, chain).spatial
    units = prod(instances_along(chain, axes).values())
    for rank, (start, stop) in operations.box.fixed.items():
        units *= min(stop - start, spatial.get(str(rank), 1))
    for track in operations.box.tracks.values():
        for rank, (low, high) in track.spans.items():
            units *= min(int((high - low).max(initial=0)), spatial.get(str(rank), 1))
    return units


def leaf_factors(
    operations: Operations, axes: Mapping[int, Axis], spatial: Mapping[str, int]
) -> tuple[int, dict[int, Array]]:
    """Cycles of each iteration of a leaf without filling and draining: a factor, and one table per axis."""
    box = operations.box
    fixed = 1
    for rank, (start, stop) in box.fixed.items():
        fixed *= -((start - stop) // spatial.get(str(rank), 1))
    along: dict[int, Array] = {}
    for key in axes:
        track = box.tracks.get(key)
        if track is not None:
            lengths = [-((low - high) // spatial.get(str(rank), 1)) for rank, (low, high) in track.spans.items()]
            if track.active is not None:
                lengths.append(track.active.astype(np.int64))
            if lengths:
                along[key] = product(lengths)
    return fixed, along


def chain_cycles(design: Design, inferred: Inferred, chain: BoundChain) -> int:
    """Compute cycles of a chain and everything below it, over the whole run."""
    if chain.kind == "compute":
        return leaf_total(design, inferred, chain)
    children = [design.chains[child] for child in chain.children]
    if chain.kind == "sequential":
        return sum(chain_cycles(design, inferred, child) for child in children)
    if chain.id not in inferred.axes:
        return 0
    axes = turns_of(design, inferred)[chain.id].axes
    made = made_iterations(design, inferred, chain)
    stages = [stage_cycles(design, inferred, child, axes) for child in children]
    stages = [stage[np.broadcast_to(made, stage.shape)] for stage in stages]
    visits = visits_of(axes, chain.outer_depth, made)
    at = np.arange(len(visits)) + visits * (len(stages) - 1)  # each visit drains before the next one
    last = int(at[-1]) + len(stages) if len(at) else 0
    schedule = np.zeros((len(stages), last), dtype=np.result_type(*stages))
    for index, needs in enumerate(stages):
        schedule[index, at + index] = needs
    return exact_sum(schedule.max(axis=0)) if last else 0


def made_iterations(design: Design, inferred: Inferred, chain: BoundChain) -> Array:
    """Which iterations of the loops around a pipeline are made (one entry if all are)."""
    turns = turns_of(design, inferred)
    idle = [_idle(inferred, part, turns[part.id], turns[chain.id].axes) for part in design.path(chain) if part.loops]
    made: Array = ~np.logical_or.reduce([skip for skip in idle if skip is not None] or [np.zeros(1, dtype=bool)])
    return made


def _idle(inferred: Inferred, chain: BoundChain, turns: Turns, axes: Mapping[int, Axis]) -> Array | None:
    """Iterations that loops do not make, because no sink of their chain has anything to do there.

    Args:
        chain: whose loops. turns: its steps.
        axes: of a pipeline below it (or of itself), at whose iterations the answer is given.
    """
    sinks = inferred.sinks[chain.id]
    boxes = [operations.box for operations in sinks]
    for operations in sinks:
        if operations.slabs and any(track.active is not None for track in operations.box.tracks.values()):
            raise UnsupportedError(
                f"einsum {operations.einsum.name!r}: a pipeline below loops that step through gaps of "
                f"{operations.einsum.output} is not scheduled",
                hint="let the branches take turns (sequential)",
            )
    if any(all(track.active is None for track in box.tracks.values()) for box in boxes):
        return None
    own = turns.axes
    working = np.zeros(count(axes), dtype=bool)
    for box in boxes:
        masks = {key: np.ones(axis.size, dtype=np.int64) for key, axis in axes.items()}
        for key, track in box.tracks.items():
            known = len(own[key].depths)
            steps = axes[key].group(known) if known else np.zeros(axes[key].size, dtype=np.int64)
            before = inferred.axes[chain.id][key]
            masks[key] = turns.most(key, before, track.mask(before.size).astype(np.int64))[steps]
        working |= spread(masks, axes).astype(bool)
    return ~working


def stage_cycles(design: Design, inferred: Inferred, chain: BoundChain, outer: Mapping[int, Axis]) -> Array:
    """Cycles below one branch of a pipeline at each iteration of the loops around the pipeline."""
    if chain.kind != "compute":
        stages = [stage_cycles(design, inferred, design.chains[child], outer) for child in chain.children]
        return _added(stages)
    if inferred.einsums[chain.einsums[0]].leaf is None:
        return np.zeros(count(outer), dtype=np.int64)
    units = units_of(design, inferred, chain)
    fixed, along, axes = leaf_at_turns(design, inferred, chain, units)
    tables = {
        key: np.broadcast_to(along[key], (axis.size,)) if key in along else np.ones(axis.size, dtype=np.int64)
        for key, axis in axes.items()
    }
    cycles = over(fixed, tables, axes, outer)
    if not units.fill_drain:
        return cycles
    working = {key: (table > 0).astype(np.int64) for key, table in tables.items()}
    return _added([cycles, over(units.fill_drain, working, axes, outer)])


def _added(stages: list[Array]) -> Array:
    """The stages step by step one after the other, exact."""
    if sum(int(stage.max(initial=0)) for stage in stages) >= SAFE:
        stages = [stage.astype(object) for stage in stages]
    together: Array = np.sum(stages, axis=0)
    return together
