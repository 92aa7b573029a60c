"""Buffers with a partition for weights and one for all else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from looptree.architecture import Architecture, Level, Partition
from looptree.errors import InputError
from looptree.model import evaluate
from looptree.search import InfeasibleError, Space, front, search
from looptree.search.answers.capacities import Capacities
from looptree.search.asked.objective import value
from looptree.search.asked.restrictions import Restrictions
from looptree.search.exhaustive import Group, Network
from looptree.taxonomy.group import plan_tree
from looptree.workload import Workload
from tests.model.inside_cases import registers
from tests.search.group.inside.test_search_inside import every_plan, placed
from tests.search.search_cases import architecture, einsum
from tests.search.test_search_bypass import PAIR

ONE = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
FUSED = replace(ONE, restrictions=Restrictions(together=(frozenset({"a", "b"}),)))
FC = Workload("fc", [einsum("a", "Y[m,n] = X[m,k] * W[k,n]", {"m": 5, "n": 4, "k": 3})])
OTHERS = ("input", "output", "intermediate")


def parted(plain: Architecture, weights: int, others: int) -> Architecture:
    """The same hardware with so many bytes for weights and for all else."""
    parts = Partition(("weight",), weights), Partition(OTHERS, others)
    buffer = replace(plain.levels[1], capacity_bytes=None, partitions=parts)
    return replace(plain, levels=(plain.levels[0], buffer, *plain.levels[2:]))


@pytest.mark.parametrize("objective", ["energy", "latency"])
@pytest.mark.parametrize(
    ("workload", "weights", "others"), [(FC, 4, 20), (FC, 12, 9), (PAIR, 6, 14), (PAIR, 6, 9)], ids=str
)
def test_no_plan_is_better(workload: Workload, weights: int, others: int, objective: str) -> None:
    """Every plan of one group and one loop by the model."""
    hardware = parted(architecture(buffer_bandwidth=1), weights, others)
    plain = Architecture("plain", (Level("DRAM"), Level("GLB")))
    group = Group(Network(workload, plain, ONE), frozenset(e.name for e in workload.einsums), frozenset())
    trees = (plan_tree(workload, hardware, [choice]) for choice in placed(group))
    plans = (evaluate(workload, hardware, tree, stepwise=False) for tree in trees)
    best = min(float(value(objective, e)) for e in plans if e.fits)
    space = FUSED if len(workload.einsums) > 1 else ONE
    plan = search(workload, hardware, objective=objective, space=space, workers=1)
    assert plan.statistics.value == pytest.approx(best, rel=1e-12)
    assert plan.evaluation.fits
    joined = architecture(weights + others, buffer_bandwidth=1)
    one = search(workload, joined, objective=objective, space=space, workers=1)
    assert one.statistics.value <= plan.statistics.value  # as many bytes for all tensors together


def test_nests_below_a_parted_buffer() -> None:
    hardware = parted(registers(4), 4, 20)
    best = min(float(e.energy.total) for e in every_plan(FC, hardware) if e.fits)
    assert search(FC, hardware, space=ONE, workers=1).statistics.value == pytest.approx(best, rel=1e-12)


def test_plans_of_several_groups_fit() -> None:
    plan = search(PAIR, parted(architecture(), 4, 10), workers=1)
    assert plan.statistics.status == "optimal"
    parts = plan.evaluation.occupancy["GLB"].partitions
    assert len(parts) == 2
    assert all(part.window_bytes <= part.capacity_bytes for part in parts.values())


def test_weights_that_do_not_fit_are_said() -> None:
    with pytest.raises(InfeasibleError, match="every layer fits GLB but for its weights: their partition has 1 bytes"):
        search(FC, parted(architecture(), 1, 100), space=Space(lone_loops=0, resident=0), workers=1)


def test_sizes_of_partitions_are_not_searched() -> None:
    hardware = parted(architecture(), 4, 20)
    with pytest.raises(InputError, match="has partitions, so its size is not one number"):
        search(FC, hardware, objective="capacity")
    with pytest.raises(InputError, match="capacity<=8B: GLB has partitions"):
        search(FC, hardware, limits=["capacity<=8B"])
    with pytest.raises(InputError, match="has partitions, so its size is not one number"):
        front(FC, hardware, axes=("capacity", "offchip"))
    with pytest.raises(InputError, match="has partitions, so its size is not one number"):
        Capacities(FC, hardware)
