"""Random designs for the laws of the model: what must hold whatever the workload and the mapping.

The designs are those on which the model equals the simulator. A law that holds only for some of them says
for which, and why the others differ by definition.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from looptree.errors import UnsupportedError
from looptree.model import Evaluation, evaluate, evaluate_design
from looptree.taxonomy import Chain, LoopTree, Storage
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.workload import Workload
from tests.model.model_cases import TWO_LEVELS, sequential
from tests.random_designs import Generator


@cache
def _evaluated(seed: int) -> tuple[Design, Evaluation] | None:
    """Several laws look at the same designs."""
    generator = Generator(random.Random(seed).randrange)
    workload = generator.workload()
    design = bind(workload, generator.architecture(), generator.mapping(workload))
    try:
        return design, evaluate_design(design)
    except UnsupportedError:
        return None


def random_designs(*seeds: int) -> Iterator[tuple[int, Design, Evaluation]]:
    """The designs of `range(*seeds)` that have a closed form, evaluated."""
    for seed in range(*seeds):
        found = _evaluated(seed)
        if found is not None:
            yield seed, *found


def single_tile(workload: Workload) -> Evaluation:
    """No loop at all, everything on chip."""
    outside = (*workload.inputs, *workload.outputs)
    branch = sequential(*(e.name for e in workload.einsums))
    nodes = (Storage("DRAM", outside), Storage("GLB", tuple(workload.tensors)))
    return evaluate(workload, TWO_LEVELS, LoopTree(Chain(nodes, branch)), stepwise=False)


def moved(evaluation: Evaluation, tensor: str) -> int:
    """Words of one tensor read and written off chip."""
    traffic = evaluation.transfers["DRAM"].get(tensor)
    return traffic.reads_words + traffic.writes_words if traffic else 0
