"""Compute cycles: step by step, and stage by stage in pipelines.

Assumptions made here:

* A pipeline runs through all iterations of its own loops without draining in between; it drains before the
  loops around it step, since what takes turns with it is next.
* Instances run in step with each other.
* What a stage needs at an iteration is the cycles of all Einsums below it added up: a pipeline
  inside a stage takes turns there.
"""

from __future__ import annotations

import math
from itertools import groupby

from looptree.simulate.inference import Run
from looptree.simulate.points import Index, Numbers
from looptree.simulate.spatial import steps_at_once, turn_depth, turns
from looptree.simulate.split import Shares, shares
from looptree.taxonomy.design import BoundChain

Cycles = dict[str, dict[Index, int]]


def leaf_cycles(run: Run) -> Cycles:
    """Per Einsum and step of its leaf (the numbers of loops that take turns), the cycles it takes there.

    Of iterations that run at once, the one that takes longest counts.
    """
    divided = shares(run, lambda einsum, given: sum(_steps(run, einsum, given).values()))
    return {einsum.name: _steps(run, einsum.name, divided) for einsum in run.design.workload.einsums}


def _steps(run: Run, einsum: str, divided: Shares) -> dict[Index, int]:
    leaf = run.design.leaf(einsum)
    share = dict([divided[einsum]] if einsum in divided else [])
    cycles = {
        index: _step(run, einsum, operations, share) for index, operations in run.operations(leaf, einsum).items()
    }
    return steps_at_once(leaf, cycles)


def _step(run: Run, einsum: str, operations: Numbers, share: dict[str, int]) -> int:
    """Cycles of one step: the product over ranks of ceil(tile / spatial extent), then filling and draining.

    Args:
        run: the design with all its operations. einsum: the layer. operations: at this step.
        share: by axis or rank what the layer has of it, where that is not everything.
    """
    if not operations.size:
        return 0
    table = run.tables.operations[einsum]
    compute = run.design.architecture.compute
    spatial = {rank: share.get(rank, extent) for rank, extent in compute.spatial.items()}
    tiles = [-(-table.interval(rank, operations).size // spatial.get(rank, 1)) for rank in table.einsum.ranks]
    slant = 0
    if compute.array is not None and compute.array.systolic:
        slant = sum(share.get(axis, extent) - 1 for axis, extent in compute.array.axes.items())
    return math.prod(tiles) + slant


def total_cycles(run: Run, cycles: Cycles, chain: BoundChain) -> int:
    """Cycles of everything below a chain over the whole run.

    Args:
        run: the design with all its operations.
        cycles: what every leaf takes at each of its iterations.
        chain: where to start.
    """
    children = [run.design.chains[c] for c in chain.children]
    if chain.kind == "compute":
        return sum(cycles[chain.einsums[0]].values())
    if chain.kind == "sequential":
        return sum(total_cycles(run, cycles, child) for child in children)
    stages = [_stage(run, cycles, chain, child) for child in children]
    return sum(
        max(
            stage.get(iterations[time - position], 0) if 0 <= time - position < len(iterations) else 0
            for position, stage in enumerate(stages)
        )
        for iterations in runs_of(run, chain)
        for time in range(len(iterations) + len(stages) - 1)
    )


def runs_of(run: Run, chain: BoundChain) -> list[list[Index]]:
    """The steps of a pipeline, those between two steps of the loops around it together."""
    around = turn_depth(chain, chain.outer_depth)
    steps = sorted({turns(chain, index) for index in run.activity[chain.id]})
    return [list(group) for _, group in groupby(steps, key=lambda step: step[:around])]


def _stage(run: Run, cycles: Cycles, chain: BoundChain, child: BoundChain) -> dict[Index, int]:
    """Cycles of everything below one stage at each step of the pipeline."""
    found: dict[Index, int] = {}
    depth = turn_depth(chain, chain.depth)
    for einsum in child.einsums:
        for index, needed in cycles[einsum].items():
            outer = index[:depth]
            found[outer] = found.get(outer, 0) + needed
    return found
