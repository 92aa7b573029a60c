"""Compute cycles: step by step, and stage by stage in pipelines.

Assumptions made here:

* A pipeline runs through all iterations of all loops on its path without draining in between.
* What a stage needs at an iteration is the cycles of all Einsums below it added up: a pipeline
  inside a stage takes turns there.
"""

from __future__ import annotations

import math

from looptree.simulate.inference import Run
from looptree.simulate.points import Index, Numbers
from looptree.simulate.spatial import steps_at_once
from looptree.taxonomy.binding import BoundChain

Cycles = dict[str, dict[Index, int]]


def leaf_cycles(run: Run) -> Cycles:
    """Per Einsum and iteration of its leaf, the cycles it takes there.

    Of iterations that run at once, the first stands for all of them, with the cycles of the one that takes longest.
    """
    return {
        einsum.name: steps_at_once(
            run.design.leaf(einsum.name),
            {
                index: _step(run, einsum.name, operations)
                for index, operations in run.operations(run.design.leaf(einsum.name), einsum.name).items()
            },
        )
        for einsum in run.design.workload.einsums
    }


def _step(run: Run, einsum: str, operations: Numbers) -> int:
    """Cycles of one step: the product over ranks of ceil(tile / spatial extent), then filling and draining."""
    if not operations.size:
        return 0
    table = run.tables.operations[einsum]
    compute = run.design.architecture.compute
    tiles = [-(-table.interval(rank, operations).size // compute.spatial.get(rank, 1)) for rank in table.einsum.ranks]
    array = compute.array
    slant = sum(extent - 1 for extent in array.axes.values()) if array is not None and array.systolic else 0
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
    stages = [_stage(cycles, chain, child) for child in children]
    iterations = list(run.activity[chain.id])
    return sum(
        max(
            stage.get(iterations[time - position], 0) if 0 <= time - position < len(iterations) else 0
            for position, stage in enumerate(stages)
        )
        for time in range(len(iterations) + len(stages) - 1)
    )


def _stage(cycles: Cycles, chain: BoundChain, child: BoundChain) -> dict[Index, int]:
    """Cycles of everything below one stage at each iteration of the pipeline."""
    found: dict[Index, int] = {}
    for einsum in child.einsums:
        for index, needed in cycles[einsum].items():
            outer = index[: chain.depth]
            found[outer] = found.get(outer, 0) + needed
    return found
