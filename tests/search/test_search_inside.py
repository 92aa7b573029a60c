"""Searches with registers below the buffer: against every design by the model, and what they promise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from looptree.architecture import Architecture, Level
from looptree.check import check
from looptree.model import Evaluation, evaluate
from looptree.search import Plan, Space, search
from looptree.search.exhaustive import Exhaustive, Group
from looptree.search.objective import value
from looptree.search.restrictions import Restrictions
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree
from looptree.workload import Workload
from tests.model.inside_cases import registers
from tests.search.search_cases import einsum

ONE = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
FUSED = replace(ONE, restrictions=Restrictions(together=(frozenset({"a", "b"}),)))
FC = Workload("fc", [einsum("fc", "Y[m,n] = X[m,k] * W[k,n]", {"m": 6, "n": 5, "k": 4})])
CONV = Workload("conv", [einsum("a", "Y[m,p] = X[c,p+r] * W[m,c,r]", {"m": 3, "c": 2, "p": 7, "r": 3})])
PADDED = Workload(
    "padded",
    [einsum("a", "Y[m,p] = X[c,2*p+r-1] * W[m,c,r]", {"m": 3, "c": 2, "p": 5, "r": 3})],
    shapes={"X": (2, 10)},
)
PAIR = Workload(
    "pair",
    [
        einsum("a", "B[c,p] = A[p+r] * Wa[c,r]", {"c": 2, "p": 8, "r": 3}),
        einsum("b", "C[p] = B[c,p+r] * Wb[c,r]", {"c": 2, "p": 6, "r": 3}),
    ],
)
SUM = Workload(
    "sum",
    [
        einsum("a", "B[m,p] = A[m,p] + Z[m,p]", {"m": 3, "p": 6}),
        einsum("b", "C[m,p] = max(B[m,p+r])", {"m": 3, "p": 5, "r": 2}),
    ],
)


def hardware(buffer: int | None, registers_: int, dataflow: str | None = None) -> Architecture:
    """DRAM, a buffer and registers of so many bytes."""
    return registers(registers_, dataflow=dataflow).with_capacity("GLB", buffer)


def asking(tree: LoopTree) -> LoopTree:
    """The tree with a nest to be found in every leaf."""

    def asked(chain: Chain) -> Chain:
        if isinstance(chain.end, Branch):
            return Chain(chain.inner, Branch(chain.end.kind, tuple(asked(c) for c in chain.end.chains)))
        return Chain(chain.inner, Compute(chain.end.einsum, inside="found"))

    return LoopTree(asked(tree.root))


def every_plan(workload: Workload, architecture: Architecture) -> Iterator[Evaluation]:
    """Every plan with one group and one loop, by the model, the nests of its layers found for it."""
    plain = Architecture("plain", (Level("DRAM"), Level("GLB")))
    slow = Exhaustive(workload, plain, ONE)
    for choice in placed(Group(slow, frozenset(e.name for e in workload.einsums), frozenset())):
        tree = asking(plan_tree(workload, architecture, [choice]))
        yield evaluate(workload, architecture, tree, stepwise=False)


def placed(group: Group) -> Iterator[GroupChoice]:
    """Every choice of a group with every place of its tensors."""
    for choice in group.choices():
        free = group.free(choice)
        for depths in itertools.product(range(len(choice.loops) + 1), repeat=len(free)):
            yield replace(choice, retention={**choice.retention, **dict(zip(free, depths, strict=True))})


def found(workload: Workload, architecture: Architecture, objective: str = "energy", space: Space = ONE) -> Plan:
    plan = search(workload, architecture, objective=objective, space=space, workers=1)
    assert plan.statistics.status == "optimal"
    assert float(value(objective, plan.evaluation)) == plan.statistics.value
    assert plan.evaluation.fits
    assert not check(bind(workload, architecture, plan.tree))
    return plan


@pytest.mark.parametrize(
    ("workload", "buffer", "inner"),
    [
        (FC, 30, 4),
        (FC, 60, 12),
        (CONV, 34, 5),
        (CONV, 60, 16),
        (PADDED, 36, 6),
        (SUM, 40, 6),
    ],
    ids=lambda known: known.name if isinstance(known, Workload) else str(known),
)
def test_no_plan_is_better(workload: Workload, buffer: int, inner: int) -> None:
    architecture = hardware(buffer, inner)
    best = min(float(e.energy.total) for e in every_plan(workload, architecture) if e.fits)
    space = FUSED if len(workload.einsums) > 1 else ONE
    assert found(workload, architecture, space=space).statistics.value == pytest.approx(best, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("buffer", "inner"), [(24, 4), (40, 16)])
def test_no_plan_of_two_layers_is_better(buffer: int, inner: int) -> None:
    architecture = hardware(buffer, inner)
    best = min(float(e.energy.total) for e in every_plan(PAIR, architecture) if e.fits)
    assert found(PAIR, architecture, space=FUSED).statistics.value == pytest.approx(best, rel=1e-12)
