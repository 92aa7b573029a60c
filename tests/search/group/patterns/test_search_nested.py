"""Nested branches: never worse than every design by the same rule, and as the model says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from looptree.architecture import Architecture
from looptree.documents import parse_document
from looptree.model import evaluate
from looptree.search import search
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import LayerRule, TensorRule
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.group_search import GroupSearch
from looptree.search.group.patterns.branches import neighbours
from looptree.taxonomy.reader import mapping_from_node, mapping_to_yaml
from looptree.workload import Workload
from tests.search.group_cases import differences
from tests.search.nested_cases import nesting, only_nesting
from tests.search.search_cases import KINDS, architecture, einsum, network
from tests.some import some

ROOMY = 10.0**6
ONE = Space(loops=1, lone_loops=1, leaf_loops=0, nested=1)
SPACE = Space(loops=2, lone_loops=2, nested=1)


def hardware(seed: int) -> Architecture:
    """With an array for every other seed, and a bandwidth of the buffer for most."""
    return architecture(seed=seed % 2, buffer_bandwidth=(None, 3, 6)[seed % 3])


@pytest.fixture
def _only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches of groups look at designs with a nested branch only."""
    monkeypatch.setattr(GroupSearch, "books", lambda _: iter(()))


@pytest.mark.usefixtures("_only")
@pytest.mark.parametrize(
    ("kind", "seed"), [("skip", 1), ("plane", 2), ("pool", 3), ("chain", 2), ("odd bits", 2), ("loose", 3)]
)
def test_of_designs_with_a_nested_branch_the_best_is_found(kind: str, seed: int) -> None:
    slow = only_nesting(Exhaustive(network(kind, seed), hardware(seed), ONE))
    assert differences(slow, hardware(seed), most=2, largest=ROOMY)[0] == []


@pytest.mark.usefixtures("_only")
@pytest.mark.parametrize(
    ("kind", "seed", "space"),
    [
        ("skip", 1, Space(loops=2, lone_loops=1, leaf_loops=0, nested=2)),
        ("loose", 1, replace(ONE, nested=2)),
        *some(
            [
                pytest.param("matmul", 5, replace(ONE, nested=2), marks=pytest.mark.slow),
                pytest.param("plane", 1, replace(ONE, leaf_loops=1), marks=pytest.mark.slow),
                pytest.param("chain", 6, replace(ONE, loops=2), marks=pytest.mark.slow),
            ],
            1,
        ),
    ],
)
def test_of_designs_with_more_loops_the_best_is_found(kind: str, seed: int, space: Space) -> None:
    slow = only_nesting(Exhaustive(network(kind, seed), hardware(seed), space))
    assert differences(slow, hardware(seed), most=2, largest=ROOMY)[0] == []


@pytest.mark.slow
@pytest.mark.usefixtures("_only")
@pytest.mark.parametrize(
    ("kind", "seed"), some([(kind, seed) for seed in range(4, 7) for kind in reversed((*KINDS, "loose"))], 3)
)
def test_of_more_designs_with_a_nested_branch_the_best_is_found(kind: str, seed: int) -> None:
    slow = only_nesting(Exhaustive(network(kind, seed), hardware(seed), ONE))
    assert differences(slow, hardware(seed), most=3, largest=ROOMY)[0] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", some(["matmul", "skip", "branches", "padded", "chain"], 1))
def test_no_design_with_a_nested_branch_is_better(kind: str) -> None:
    slow = nesting(Exhaustive(network(kind, 2), hardware(2), ONE))
    assert differences(slow, hardware(2), most=3, largest=ROOMY)[0] == []


def wide_middle(rows: int = 6, width: int = 8) -> Workload:
    """Three products, the first one `width` wide."""
    return Workload(
        "wide",
        [
            einsum("fc1", "H[m,n] = X[m,k] * V[k,n]", {"m": rows, "n": width, "k": 2}),
            einsum("fc2", "Y[m,n] = H[m,k] * W[k,n]", {"m": rows, "n": 2, "k": width}),
            einsum("fc3", "Z[m,n] = Y[m,k] * U[k,n]", {"m": rows, "n": 2, "k": 2}),
        ],
    )


def least(workload: Workload, capacity: int, space: Space) -> float:
    """Fewest bytes off chip."""
    return search(workload, architecture(capacity), objective="offchip", space=space, workers=1).statistics.value


def test_a_wide_layer_in_the_middle_passes_in_pieces() -> None:
    """12 + 12 bytes of X and Z once, the 36 of all weights twice, for three rows each: 12 of X and Y, 7 of pieces."""
    assert least(wide_middle(), 20, Space(loops=2, lone_loops=2)) == 116
    plan = search(wide_middle(), architecture(20), objective="offchip", space=SPACE, workers=1)
    assert (plan.statistics.value, plan.statistics.status) == (12 + 12 + 2 * 36, "optimal")
    (choice,) = plan.groups
    (part,) = choice.nested
    assert (part.einsums, part.loops[0].tile) == (("fc1", "fc2"), 1)
    assert plan.evaluation.occupancy["GLB"].per_tensor["H"] == (3, 3)


def test_a_plan_with_a_nested_branch_is_read_back() -> None:
    plan = search(wide_middle(), architecture(20), objective="offchip", space=SPACE, workers=1)
    tree = mapping_from_node(parse_document(mapping_to_yaml(plan.tree)))
    assert tree.root == plan.tree.root
    assert evaluate(wide_middle(), architecture(20), tree).offchip_bytes == 96


@pytest.mark.parametrize(
    "rules",
    [
        Restrictions(layers=(("fc2", LayerRule(ranks=frozenset({"m", "n"}))),)),
        Restrictions(tensors=(("H", TensorRule(retention=(0, 1, 2))),)),
        Restrictions(apart=(frozenset({"fc1", "fc3"}),)),
    ],
    ids=["another loop", "another place", "no such group"],
)
def test_restrictions_hold_in_a_nested_branch(rules: Restrictions) -> None:
    assert least(wide_middle(), 20, replace(SPACE, restrictions=rules)) > 96


@pytest.mark.parametrize(("tiles", "value"), [((1, 4), 96), ((2, 4), 116)])
def test_tiles_of_a_nested_branch_are_restricted(tiles: tuple[int, ...], value: int) -> None:
    """Pieces of two columns take 14 bytes: too many for three rows."""
    rules = Restrictions(layers=(("fc2", LayerRule(tiles=(("k", tiles),))),))
    assert least(wide_middle(), 20, replace(SPACE, restrictions=rules)) == value


def test_neighbours_hang_together_and_nobody_else_needs_what_they_make_for_each_other() -> None:
    """`a` is read by `b` and by the sum at the end."""
    ranks = {"m": 2, "p": 3}
    part = Workload(
        "skip",
        [
            einsum("a", "A[m,p] = X[m,p]", ranks),
            einsum("b", "B[m,p] = A[m,p]", ranks),
            einsum("c", "C[m,p] = B[m,p]", ranks),
            einsum("sum", "D[m,p] = C[m,p] + A[m,p]", ranks),
        ],
    )
    assert [chosen.layers for chosen in neighbours(part)] == [("b", "c"), ("c", "sum"), ("b", "c", "sum")]
