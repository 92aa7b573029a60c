"""Steps that take turns, told apart from instances; and the busiest instance at each of them."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.architecture import Architecture, Cores, Level
from looptree.errors import UnsupportedError
from looptree.model import turns as module
from looptree.model.inference import infer
from looptree.model.product import Product
from looptree.model.turns import amount, turns_of
from looptree.taxonomy import RankRef, Spatial
from looptree.taxonomy.design import Design
from tests.model.model_cases import chain, design, keep, layer, loop, sequential

CHAIN = [layer("first", "B[p] = A[p]", p=10), layer("second", "C[p] = B[p]", p=10)]
CORES = Architecture("cores", (Level("DRAM"), Level("L1")), cores=Cores({"core": 4}, "DRAM"))


def drawn() -> Design:
    """Ten points: 4 to each of two cores and 2 to a third one, in steps of 3: two steps, 3 + 3 + 2 and 1 + 1."""
    tree = (Spatial((RankRef("p"),), 4, "core"), loop("p", 3), keep("L1", "A", "B", "C"), sequential("first", "second"))
    return design(CHAIN, *tree, on=CORES)


def test_steps_without_instances() -> None:
    found = drawn()
    inferred = infer(found)
    (axis,) = inferred.axes[0].values()
    assert axis.size == 5
    turns = turns_of(found, inferred)[0]
    ((key, kept),) = turns.axes.items()
    assert kept.depths == (2,)
    assert kept.size == 2
    assert turns.steps[key].tolist() == [0, 1, 0, 1, 0]
    assert turns.most(key, axis, np.array([3, 1, 3, 1, 2])).tolist() == [3, 1]


def test_the_busiest_instance_at_each_step() -> None:
    found = drawn()
    inferred = infer(found)
    turns, (key, axis) = turns_of(found, inferred)[0], next(iter(inferred.axes[0].items()))
    points = Product(2, {key: np.array([3, 1, 3, 1, 2])})
    less = Product(1, {key: np.array([6, 0, 0, 2, 0])})
    alone = amount(((1, points),), {key: axis}, turns, [1])
    assert [alone.at({key: step}) for step in range(2)] == [6, 2]
    # all instances together, as a level that they share sees it
    together = amount(((1, points),), {key: axis}, turns, [])
    assert [together.at({key: step}) for step in range(2)] == [16, 4]
    # 2 * 3 - 6, 2 * 3 - 0 and 2 * 2 - 0 at the first step; 2 - 0 and 2 - 2 at the second one
    both = amount(((1, points), (-1, less)), {key: axis}, turns, [1])
    assert [both.at({key: step}) for step in range(2)] == [6, 2]
    assert len(list(both.kinds())) == 3


def test_a_chain_below_only_spatial_loops_has_the_steps_around_it() -> None:
    spread = chain(Spatial((RankRef("p", "second"),), 2, "core"), "second")
    inner = design(CHAIN, loop("p", 4), keep("DRAM", "B"), sequential("first", spread), on=CORES)
    inferred = infer(inner)
    turns = turns_of(inner, inferred)
    leaf = inner.leaf("second")
    assert next(iter(turns[leaf.id].axes.values())) is next(iter(inferred.axes[0].values()))
    assert next(iter(turns[leaf.id].steps.values())).tolist() == [0, 0, 1, 1, 2]


def test_too_many_instances_and_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 5)
    found = drawn()
    inferred = infer(found)
    with pytest.raises(UnsupportedError, match="3 instances and 2 steps along one axis are not timed step by step"):
        amount(((1, Product(1, {})),), inferred.axes[0], turns_of(found, inferred)[0], [1])
