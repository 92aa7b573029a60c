"""Groups of which tiles leave something out: nothing that the model evaluates is better than what is found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from looptree.search import search
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.bound.problems import Problems
from looptree.search.group.own import division
from looptree.search.group.own.division import Steps
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload
from tests.model.counted_cases import compare
from tests.search.group_cases import differences, searched
from tests.search.leaf_cases import streaming
from tests.search.search_cases import architecture, einsum
from tests.some import some


def missed(stride: int, first: int, *, longer: bool = False) -> Workload:
    """`A` has one column, which lies between two that `B` reads: their hull covers it, no single column reaches it."""
    layers = [
        einsum("a", "A[p,u] = X[p] * U[u]", {"p": 3, "u": 1}),
        einsum("b", f"B[p,n] = A[p-1,{stride}*n-{first}] * V[n]", {"p": 4, "n": 2}),
    ]
    if longer:
        layers.append(einsum("c", "Y[p,n] = B[p-1,n] * W[n]", {"p": 4, "n": 2}))
    return Workload("missed", layers, shapes={"A": (3, 1), "B": (4, 2)})


@pytest.mark.parametrize(("stride", "first", "longer"), [(3, 2, False), (3, 2, True), (2, 1, False)])
def test_no_design_is_better_whose_tiles_reach_nothing_of_an_intermediate(
    stride: int, first: int, longer: bool
) -> None:
    hardware, space = architecture(buffer_bandwidth=3), Space(loops=2, lone_loops=1, leaf_loops=0)
    slow = Exhaustive(missed(stride, first, longer=longer), hardware, space)
    assert differences(slow, hardware, most=5)[0] == []


def test_no_design_with_own_loops_is_better_whose_tiles_reach_nothing_of_an_intermediate() -> None:
    slow = streaming(Exhaustive(missed(3, 2), architecture(), Space(loops=2, lone_loops=1, leaf_loops=1)))
    assert differences(slow, architecture(), most=5)[0] == []


def two_sinks(rows: tuple[int, int], stride: int, taps: tuple[int, int]) -> Workload:
    """A layer that two others read, with so many rows each."""
    (one, other), (few, many) = rows, taps
    made = max(one + few - 1, stride * (other - 1) + many)
    layers = [
        einsum("front", "A[m,p] = X[m,p] * U[m]", {"m": 2, "p": made}),
        einsum("one", "Y[m,p] = A[m,p+r] * V[m,r]", {"m": 2, "p": one, "r": few}),
        einsum("other", f"Z[m,p] = A[m,{stride}*p+r] * W[m,r]", {"m": 2, "p": other, "r": many}),
    ]
    return Workload("two sinks", layers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "stride", "taps"),
    some([((2, 3), 2, (1, 1)), ((3, 2), 1, (2, 1)), ((4, 3), 2, (1, 3)), ((5, 2), 1, (2, 2)), ((1, 3), 1, (3, 2))], 2),
)
def test_no_design_of_sinks_with_other_extents_is_better(
    rows: tuple[int, int], stride: int, taps: tuple[int, int]
) -> None:
    hardware, space = architecture(seed=1, buffer_bandwidth=3), Space(loops=2, lone_loops=1, leaf_loops=0)
    slow = Exhaustive(two_sinks(rows, stride, taps), hardware, space)
    assert differences(slow, hardware, most=5)[0] == []


def other_names(kind: str) -> Workload:
    """Two readers of one tensor that call its rows, or its channels, by other names."""
    front = einsum("front", "A[m,p] = X[m,p+r] * U[m,r]", {"m": 3, "p": 4, "r": 2})
    if kind == "heads":
        one = einsum("one", "Y[i,j] = X[i,l] * V[l,j]", {"i": 3, "j": 2, "l": 5})
        return Workload("heads", [front, one])
    one = einsum("one", "Y[n,i] = A[c,i+r] * V[n,c,r]", {"n": 2, "i": 3, "c": 3, "r": 2})
    if kind == "residual":
        return Workload("residual", [front, one, einsum("other", "Z[m,p] = A[m,p] + B[m,p]", {"m": 3, "p": 4})])
    return Workload("crossed", [front, one, einsum("other", "Z[c,n] = A[n,c] + B[c,n]", {"c": 4, "n": 3})])


@pytest.mark.slow
@pytest.mark.parametrize("kind", some(["residual", "heads", "crossed"], 2))
def test_no_design_of_sinks_whose_ranks_have_other_names_is_better(kind: str) -> None:
    hardware, space = architecture(seed=1, buffer_bandwidth=3), Space(loops=2, lone_loops=1, leaf_loops=0)
    assert differences(Exhaustive(other_names(kind), hardware, space), hardware, most=5)[0] == []


def test_key_and_value_are_fused_whatever_their_ranks_are_called() -> None:
    """Of 8 bytes each, the input goes on chip once instead of twice, one row after the other."""
    key = einsum("key", "K[m,n] = X[m,k] * U[k,n]", {"m": 4, "n": 1, "k": 2})
    value = einsum("value", "V[i,o] = X[i,j] * W[j,o]", {"i": 4, "o": 1, "j": 2})
    plan = search(Workload("heads", [key, value]), architecture(8), objective="offchip", workers=1)
    assert [choice.einsums for choice in plan.groups] == [("key", "value")]
    assert plan.evaluation.offchip_bytes == 8 + 2 + 2 + 4 + 4


@pytest.mark.parametrize(("tile", "depth"), list(itertools.product((1, 2, 3), (0, 1))))
def test_a_loop_over_sinks_of_other_extents_runs_as_long_as_the_longest(tile: int, depth: int) -> None:
    """The shorter one rests at the last steps, and fits a larger tile as a whole."""
    workload, machine = two_sinks((2, 4), 1, (2, 2)), architecture()
    loop = Temporal((RankRef("p", "one"), RankRef("p", "other")), tile)
    choice = GroupChoice(("front", "one", "other"), (loop,), dict.fromkeys(workload.tensors, depth), level="GLB")
    assert compare(bind(workload, machine, plan_tree(workload, machine, [choice]))) == "equal"


@pytest.mark.parametrize(("stride", "padding"), [(2, 1), (3, 1), (3, 2)])
@pytest.mark.parametrize("columns", [2, 3, 4, 5])
def test_no_own_loop_streams_less_than_its_bound(stride: int, padding: int, columns: int) -> None:
    """Points that a stride skips, where some of them lie outside."""
    layers = [
        einsum("a", f"A[m,p] = X[m,{stride}*p-{padding}] * U[m]", {"m": 2, "p": 4}),
        einsum("b", "Y[m,p] = A[m,p] * V[m]", {"m": 2, "p": 4}),
    ]
    part = Workload("padded", layers, shapes={"X": (2, columns)})
    group = searched(part, architecture(), "offchip", Space(loops=1, lone_loops=1)).group
    divider = group.divider("a")
    below = [Steps(((("b", "p"),),), (tile,), (frozenset(),), (0,)) for tile in (2, 1)]
    ways = [way.tensors["X"] for steps in below for way in divider.ways(["X"], (steps,))]
    assert ways
    assert min(way.times for way in ways) >= divider.leasts.times("X")


def shuffled() -> Workload:
    """A pixel shuffle, of which a layer with a halo reads."""
    layers = [
        einsum("a", "A[m,2*p+r] = X[2*m+r,p]", {"m": 2, "p": 3, "r": 2}),
        einsum("b", "Y[m,p] = A[m,p+s-1] * V[m,s]", {"m": 2, "p": 6, "s": 3}),
    ]
    return Workload("shuffled", layers, shapes={"X": (4, 3), "A": (2, 6)})


def test_tile_shapes_of_own_loops_may_be_run_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they leave is the same as of all at once."""
    space = Space(loops=1, lone_loops=1)
    below = Steps(((("b", "p"),),), (2,), (frozenset(),), (0,))
    every = searched(shuffled(), architecture(), "offchip", space).group.divider("a").division.shares(below, ("m", "r"))
    monkeypatch.setattr(division, "MOST_STEPS", 3)
    few = searched(shuffled(), architecture(), "offchip", space).group.divider("a").division
    parts = list(few._some(below, ("m", "r"), [(2, 2), (2, 1), (1, 2), (1, 1)]))
    assert [len(part) for part in parts] == [1, 1, 1, 1]
    some = few.shares(below, ("m", "r"))
    assert every is not None
    assert some is not None
    assert every.held.keys() == some.held.keys() == {"X", "A"}
    for tensor in every.held:
        assert np.array_equal(every.held[tensor], some.held[tensor])
        assert np.array_equal(every.fresh[tensor], some.fresh[tensor])
        assert all(np.array_equal(moves, some.moves[tensor][key]) for key, moves in every.moves[tensor].items())
    assert np.array_equal(every.cycles, some.cycles)
    assert np.array_equal(every.trips, some.trips)


@pytest.mark.parametrize("layer", ["a", "b"])
def test_what_own_loops_leave_at_least_is_the_least_of_what_they_leave(layer: str) -> None:
    """The least of each window and of the words that enter, for all choices of tile shapes, and the cycles."""
    space, compared = Space(loops=1, lone_loops=1), 0
    divisions = [searched(shuffled(), architecture(), "offchip", space).group.divider(layer).division for _ in "ab"]
    for rank, tile in itertools.product(("m", "p"), (1, 2)):
        below = Steps(((("b", rank),),), (tile,), (frozenset(),), (0,))
        for own in itertools.permutations(divisions[0].einsum.ranks, 2):
            if not all(divisions[0].tiles(below, name) for name in own):
                continue
            shares, least = divisions[0].shares(below, own), divisions[1].least(below, own)
            assert (shares is None) == (least is None)
            if shares is not None and least is not None:
                assert np.array_equal(shares.cycles, least.cycles)
                assert shares.held.keys() == least.held.keys() == least.fresh.keys()
                for tensor in shares.held:
                    assert np.array_equal(shares.held[tensor][-1], least.held[tensor][-1])
                    assert np.array_equal(shares.fresh[tensor][0], least.fresh[tensor][0])
                    assert (np.array(shares.fresh[tensor]) >= least.fresh[tensor][0]).all()
                    assert (np.array(shares.held[tensor]) >= least.held[tensor][-1]).all()
                compared += 1
            assert divisions[0].least(below, own) is shares
    assert compared > 4


def test_no_way_to_stream_what_a_shuffle_reads_takes_less_than_all_of_it() -> None:
    """Own loops may read some of its input twice, but none of it less than once: that is all that is known of them."""
    space = Space(loops=2, lone_loops=1)
    search = searched(shuffled(), architecture(), "offchip", space)
    assert search.group.divider("a").leasts.times("X") == 0.0
    problems = Problems(search.group, frozenset(), 8.0)
    row, found = search.group.tensors.index("X"), 0
    for book in search.books():
        number = np.arange(book.first)
        columns, places = book.columns(number, np.zeros_like(book.widths()), book.widths())
        room, (moved, *_) = problems.relaxation.options(columns, places)
        assert (moved[row, -1] >= 12).all()
        problem, options = problems.problem(book, number, columns, places, room, moved[None], number, bounding=True)
        for item, listed in zip(problem.items, options, strict=True):
            known = [listed.option(at) for at in range(len(listed.numbers))]
            streamed = [at for at, option in enumerate(known) if option.inside and "X" in option.inside[1].tensors]
            assert (item.sums[0, streamed] >= 12).all()
            found += len(streamed)
    assert found


@pytest.mark.slow
def test_no_design_of_a_shuffle_with_own_loops_is_better() -> None:
    slow = streaming(Exhaustive(shuffled(), architecture(), Space(loops=2, lone_loops=1, leaf_loops=2)))
    assert differences(slow, architecture(), most=8, largest=100.0)[0] == []


def test_own_loops_divide_what_is_read_of_a_layer_that_joins_ranks() -> None:
    """Of the two groups of the first layer the second one reads one: an own loop over groups leaves it as it is."""
    layers = [
        einsum("a", "A[g+m,n] = X[2*g+c,n] * W[g,m,c]", {"g": 2, "m": 1, "c": 2, "n": 3}),
        einsum("b", "Y[m,n] = A[m,n]", {"m": 1, "n": 3}),
    ]
    slow = streaming(Exhaustive(Workload("part", layers), architecture(), Space(loops=1, lone_loops=1, leaf_loops=1)))
    assert differences(slow, architecture(), most=8, largest=100.0)[0] == []


def test_own_loops_divide_what_two_loops_of_the_group_move() -> None:
    """One over groups moves what loops over rows and over what is summed move, each by itself.

    At each step two words of `W` are needed, one of each group, and each is needed once.
    """
    layers = [
        einsum("a", "A[k,n] = X[k,n] * V[k]", {"k": 4, "n": 1}),
        einsum("b", "Y[2*g+m,n] = A[2*g+c,n] * W[g,m,c]", {"g": 2, "m": 2, "c": 2, "n": 1}),
    ]
    part, space = Workload("part", layers), Space(loops=2, lone_loops=1, leaf_loops=1)
    divider = searched(part, architecture(), "offchip", space).group.divider("b")
    below = tuple(Steps(((("b", r),),), (1,), (frozenset(),), (at,)) for at, r in enumerate("mc"))
    ways = [way for way in divider.ways(["W"], divider.moving(below)) if way.loops == (("g", 1),)]
    assert [(way.tensors["W"].piece, way.tensors["W"].times, way.tensors["W"].moves) for way in ways] == [
        (0.5, 1, True)
    ]
    slow = streaming(Exhaustive(part, architecture(), space))
    assert differences(slow, architecture(), most=4, largest=100.0)[0] == []
