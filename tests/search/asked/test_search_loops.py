"""Which loops, in which orders, with which tile shapes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from looptree.model.inside.tiles import useful_tiles
from looptree.search import search
from looptree.search.asked import rules as rules_of_layers
from looptree.search.asked.loops import (
    Positions,
    Rank,
    candidate_ranks,
    clashing_ranks,
    joined_positions,
    orders,
    sinks_of,
)
from looptree.search.asked.restrictions import NONE, Restrictions
from looptree.search.asked.rules import LayerRule
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Designs, Exhaustive
from looptree.workload import Workload
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, einsum, network


@pytest.mark.parametrize("extent", range(1, 200))
def test_useful_tiles_are_the_distinct_ceilings(extent: int) -> None:
    assert useful_tiles(extent) == sorted({-(-extent // count) for count in range(2, extent + 1)}, reverse=True)


def designs(workload: Workload, monkeypatch: pytest.MonkeyPatch, *, every_tile: bool, **spatial: int) -> Designs:
    """Of all layers in one group, with useful tile shapes or with every one."""
    with monkeypatch.context() as patch:
        if every_tile:
            patch.setattr(rules_of_layers, "useful_tiles", lambda extent: range(1, extent))
        space = Space(loops=1, lone_loops=2, leaf_loops=0)
        names = frozenset(e.name for e in workload.einsums)
        return Exhaustive(workload, architecture(spatial=spatial), space).designs(names)


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_tile_shape_is_better_where_the_array_does_one_operation_at_a_time(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed, layers in ((1, 1), (2, 2)):
        workload = network(kind, seed, layers=layers)
        few, all_ = (designs(workload, monkeypatch, every_tile=flag) for flag in (False, True))
        for capacity in all_.rows[:, :2].sum(axis=1).tolist():
            for objective in OBJECTIVES:
                found, best = (d.least(objective, capacity, (2.0, 3.0)) for d in (few, all_))
                assert found == pytest.approx(best, rel=1e-12)


def test_a_tile_shape_that_fills_the_array_better_has_to_be_named() -> None:
    """Ten rows on an array of four: 8 + 2 take 3 cycles, 5 + 5 take 4, and 8 is no ceil(10 / n)."""
    layer = einsum("conv", "Y[p] = X[p] * W[p]", {"p": 10})
    hardware = architecture(24, spatial={"p": 4})
    named = Restrictions(everywhere=LayerRule(tiles=(("p", (8, 5)),)))
    found = [
        search(Workload("one", [layer]), hardware, objective="latency", space=space, workers=1)
        for space in (Space(), Space(restrictions=named))
    ]
    assert [plan.evaluation.latency.compute for plan in found] == [4, 3]


def test_sinks_are_the_layers_that_nothing_reads() -> None:
    assert sinks_of(network("matmul", 0)) == ("layer3",)


CONVOLUTION = einsum("conv", "Y[m,p] = X[c,p+r] * W[m,c,r]", {"m": 2, "p": 4, "c": 3, "r": 3})


def named(order: Sequence[Rank]) -> str:
    return "".join(name for rank in order for _, name in rank)


def test_loops_of_one_order_move_different_dimensions_unless_they_may_be_joined() -> None:
    """`p` and `r` of a convolution both move along the rows of its input."""
    part = Workload("one", [CONVOLUTION])
    ranks, clashes = candidate_ranks(part, ("conv",)), clashing_ranks(part, ("conv",))
    apart = {named(order) for order in orders(ranks, clashes, 2)}
    assert apart == {a + b for a, b in itertools.permutations("mpcr", 2)} - {"pr", "rp"}
    assert {named(order) for order in orders(ranks, clashes, 2, joined=2)} == apart | {"pr", "rp"}
    assert {named(order) for order in orders(ranks, clashes, 3, joined=2)} == {
        a + b + c for a, b, c in itertools.permutations("mpcr", 3) if not {"p", "r"} <= {a, b, c}
    }
    any_order = {a + b + c for a, b, c in itertools.permutations("mpcr", 3)}
    assert {named(order) for order in orders(ranks, clashes, 3, joined=3)} == any_order
    assert {named(order) for order in orders(ranks, clashes, 3, 3, ranks)} == any_order | {
        a + b + a for a, b in itertools.permutations("mpcr", 2)
    }


def test_loops_that_move_one_dimension_are_joined() -> None:
    clashes = clashing_ranks(Workload("one", [CONVOLUTION]), ("conv",))

    def joined(order: str) -> Positions:
        return joined_positions([(("conv", name),) for name in order], clashes)

    assert joined("mpc") == ((0,), (1,), (2,))
    assert joined("pmr") == joined("mpm") == ((0, 2), (1,))
    assert joined("prp") == ((0, 1, 2),)


def test_a_rank_that_is_tiled_again_is_cut_where_steps_get_fewer() -> None:
    """Ten rows in tiles of four: of these, and of the last two, each distinct ceil(length / n)."""
    part = Workload("one", [einsum("layer", "Y[p] = X[p]", {"p": 10})])
    p = (("layer", "p"),)
    assert [inner for outer, inner in NONE.tilings(part, (p, p)) if outer == 4] == [2, 1]
    assert [inner for outer, inner in NONE.tilings(part, (p, p)) if outer == 5] == [3, 2, 1]
    assert NONE.tilings(part, ()) == [()]


def test_no_other_tile_shapes_of_a_rank_that_is_tiled_twice_are_better(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = einsum("layer", "Y[p,m] = X[p+r] * W[m,r]", {"p": 7, "m": 2, "r": 2})
    rules = Restrictions(everywhere=LayerRule(ranks=frozenset("pm")))
    space = Space(lone_loops=3, leaf_loops=0, restrictions=rules)
    found = []
    for every_tile in (False, True):
        with monkeypatch.context() as patch:
            if every_tile:
                patch.setattr(rules_of_layers, "useful_tiles", lambda extent: range(1, extent))
            found.append(Exhaustive(Workload("one", [layer]), architecture(), space).designs(frozenset({"layer"})))
    few, every = found
    for capacity in every.rows[:, :2].sum(axis=1).tolist():
        for objective in OBJECTIVES:
            best = every.least(objective, capacity, (2.0, 3.0))
            assert few.least(objective, capacity, (2.0, 3.0)) == pytest.approx(best, rel=1e-12)


def test_several_sinks_share_the_loops_that_all_have_with_about_the_same_extent() -> None:
    first = einsum("first", "Y[p,m] = X[p,c] * V[m,c,r]", {"p": 4, "m": 2, "c": 3, "r": 2})
    second = einsum("second", "Z[p,m] = X[p,c] * W[m,c,r]", {"p": 4, "m": 3, "c": 3, "r": 4})
    part = Workload("two", [first, second])
    found = candidate_ranks(part, ("first", "second"))
    assert found == [(("first", name), ("second", name)) for name in "pmc"]
    assert [tile for (tile,) in NONE.tilings(part, found[1:2])] == [2, 1]
    given = Restrictions(layers=(("first", LayerRule(tiles=(("m", (1,)),))),))
    assert [tile for (tile,) in given.tilings(part, found[1:2])] == [1]


def heads(m: str, n: str, k: str) -> Workload:
    """Two matrix products of one input, with the ranks of the second one."""
    first = einsum("first", "K[m,n] = X[m,k] * U[k,n]", {"m": 4, "n": 3, "k": 2})
    second = einsum("second", f"V[{m},{n}] = X[{m},{k}] * W[{k},{n}]", {m: 4, n: 2, k: 2})
    return Workload("heads", [first, second])


def test_several_sinks_share_the_loops_that_move_what_they_share_whatever_their_names() -> None:
    assert {named(order) for order in orders(candidate_ranks(heads("i", "o", "j"), ("first", "second")), [], 1)} == {
        "mi",
        "kj",
    }
    crossed = {named(order) for order in orders(candidate_ranks(heads("k", "m", "n"), ("first", "second")), [], 1)}
    assert crossed == {"nn", "mk", "kn"}
    assert {named(order) for order in orders(candidate_ranks(heads("k", "m", "n"), ("first", "second")), [], 2)} >= {
        "mkkn"
    }


def test_no_loop_tiles_a_rank_with_ranks_that_another_loop_tiles_otherwise() -> None:
    pairs = orders(candidate_ranks(heads("k", "m", "n"), ("first", "second")), [], 2)
    assert all(len({pair for rank in order for pair in rank}) == 4 for order in pairs)
