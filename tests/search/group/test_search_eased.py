"""Bounds of tensors inside branches, from the group as it is, against the groups in which they are there."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.bound import met
from looptree.search.group.bound.branch_and_bound import BranchAndBound
from looptree.search.group.design import Tally
from looptree.search.group.eased import Eased
from looptree.search.group.group_search import GroupSearch
from looptree.search.group.quest import Quest
from looptree.workload import Workload
from tests.search.group.test_search_pieces import bottleneck, norm
from tests.search.group_cases import CLOSE, differences, searched
from tests.search.leaf_cases import streaming
from tests.search.search_cases import OBJECTIVES, architecture, einsum, network
from tests.some import some

ONE = Space(loops=1, lone_loops=1, leaf_loops=1)
ROOMY = 10.0**6
NOTHING = frozenset[str]()


def sums(layers: int) -> Workload:
    """Each layer adds the input once more."""
    listed = [f"T{at + 1}[p] = T{at}[p] + X[p]" if at else "T1[p] = X[p]" for at in range(layers)]
    return Workload("sums", [einsum(f"sum{at}", text, {"p": 2}) for at, text in enumerate(listed)])


def convolutions() -> Workload:
    """Two with a halo, their inputs added again."""
    ranks = {"m": 2, "c": 2, "p": 4, "r": 3}
    layers = [
        einsum("one", "A[m,p] = X[c,p+r-1] * V[m,c,r]", ranks),
        einsum("first", "B[m,p] = A[m,p] + X[m,p]", {"m": 2, "p": 4}),
        einsum("two", "C[m,p] = B[c,p+r-1] * W[m,c,r]", ranks),
        einsum("second", "D[m,p] = C[m,p] + B[m,p]", {"m": 2, "p": 4}),
    ]
    return Workload("convolutions", layers, shapes={"X": (2, 4), "B": (2, 4)})


def quest(capacity: float, resident: frozenset[str] = NOTHING, below: float = math.inf) -> Quest:
    return Quest(resident, NOTHING, capacity, below, math.inf, math.inf, Tally())


def least_of_parted(search: GroupSearch, within: frozenset[str], asked: Quest) -> float:
    """The best design of the group in which these tensors are inside branches."""
    below = math.inf
    for placing, books in search.parted(within).towards(search.group.goal)._turns(asked):
        branch = BranchAndBound(placing, 0.0, below, Tally())
        branch.search_all(books, math.inf, math.inf)
        below = branch.below
    return below


def compared(search: GroupSearch, capacity: float, resident: frozenset[str] = NOTHING) -> tuple[list[str], int]:
    """Where a bound is above a design, or the search misses the best of all; and how many bounds are as good."""
    asked, eased, found, tight = quest(capacity, resident), Eased(search.group, search.books, search.within), [], 0
    best = {
        within: least_of_parted(search, within, asked)
        for within in search.within.sets
        if resident.isdisjoint(within) and eased._bounds(within, asked)
    }
    for within, value in best.items():
        bound = eased.least(within, asked, only=True)
        inside = min(other for some, other in best.items() if some <= within)
        together = eased.least(within, asked, only=False)
        tight += math.isfinite(value) and math.isclose(bound, value, rel_tol=CLOSE)
        if bound > value * (1 + CLOSE) or together > inside * (1 + CLOSE):
            found.append(f"{sorted(within)} in {capacity} bytes: {bound} and {together}, not {value} and {inside}")
    held = search.group.resident_bytes(resident)
    for thorough in (True, False):
        outcome = search.search(resident, capacity + held, thorough=thorough)
        missed = min(best.values(), default=math.inf) < outcome.value * (1 - CLOSE)
        if outcome.bound > min(best.values(), default=math.inf) * (1 + CLOSE) or (outcome.thorough and missed):
            found.append(f"{outcome.value}, bound {outcome.bound} in {capacity} bytes, not {min(best.values())}")
    return found, tight


@pytest.mark.parametrize("objective", ["offchip", "latency"])
@pytest.mark.parametrize(
    "workload", [norm(), bottleneck(), bottleneck("T", taps=3), sums(4), convolutions()], ids=lambda found: found.name
)
def test_no_design_with_tensors_inside_branches_is_below_its_bound(workload: Workload, objective: str) -> None:
    """And many a bound is the least of these designs."""
    search, tight = searched(workload, architecture(buffer_bandwidth=6, spatial={"m": 2}), objective, ONE), 0
    for capacity in (3, 4, 7, 12, 20, 32, 48):
        found, equal = compared(search, capacity)
        assert found == []
        tight += equal
    assert tight


def test_what_stays_on_chip_is_no_such_tensor() -> None:
    search, total = searched(sums(4), architecture(), "offchip", ONE), 0
    for capacity in (2, 3, 4):
        found, equal = compared(search, capacity, frozenset({"X"}))
        assert found == []
        total += equal
    assert total


def test_intermediates_inside_branches_take_no_room_at_the_same_time() -> None:
    """Two bytes: in each branch a word of what it reads and of what it makes; of all but the last one twice."""
    resident = frozenset({"X"})
    for layers in (4, 5):
        search = searched(sums(layers), architecture(), "offchip", ONE)
        outcome = search.search(resident, 2 + search.group.resident_bytes(resident))
        assert outcome.design is not None
        assert (outcome.value, outcome.design.room) == (4 * (layers - 1) + 2, 4)
        assert outcome.design.spilled == {f"T{at}" for at in range(1, layers)}
        assert (
            searched(sums(layers), architecture(), "offchip", replace(ONE, pieces=0)).search(resident, 4).design is None
        )


def test_tensors_inside_branches_wait_for_a_thorough_search() -> None:
    """That is the only way in which the group fits."""
    search = searched(norm(), architecture(), "offchip", ONE)
    quick, whole = (search.search(NOTHING, 12, thorough=thorough) for thorough in (False, True))
    assert not quick.thorough and quick.design is None
    assert whole.thorough and whole.design is not None
    assert whole.design.spilled == {"S"}
    assert quick.bound == whole.value == 84
    beaten = search.search(NOTHING, 12, below=84, thorough=False)
    assert beaten.thorough and beaten.design is None


def test_nor_is_a_bound_above_what_is_better_than_all_else() -> None:
    """In some rooms the best has a tensor inside branches, and in some of them nothing else fits."""
    search = searched(bottleneck(), architecture(), "offchip", ONE)
    left = 0
    for capacity in range(6, 24):
        quick, whole = (search.search(NOTHING, capacity, thorough=thorough) for thorough in (False, True))
        assert quick.bound <= whole.value
        assert quick.thorough is (quick.bound >= quick.value)
        assert not quick.thorough or quick.value == whole.value
        left += whole.value < quick.value
    assert left > 2


def test_where_loops_meet_the_bound_is_also_one_of_designs_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of those in which `p` and `r` are tiled; none else fits."""
    monkeypatch.setattr(met, "SOON", 0)
    search, within = searched(bottleneck(taps=3), architecture(), "offchip", replace(ONE, loops=2)), frozenset({"U"})
    eased, asked = Eased(search.group, search.books, search.within), quest(17)
    assert eased.least(within, replace(asked, thorough=False), only=True) == 90
    assert least_of_parted(search, within, asked) == 90
    assert compared(search, 17)[0] == []


def shuffled() -> Workload:
    """A pixel shuffle of which all tensors have several users: one row of it is half of what is read for it."""
    layers = [
        einsum("first", "Z[m,p] = X[m,p] * V[m,p]", {"m": 4, "p": 3}),
        einsum("shuffle", "A[m,2*p+r] = X[2*m+r,p]", {"m": 2, "p": 3, "r": 2}),
        einsum("conv", "B[m,p] = A[m,p+s-1] * W[m,s]", {"m": 2, "p": 6, "s": 3}),
        einsum("last", "Y[m,p] = B[m,p] + X[m,q]", {"m": 2, "p": 6, "q": 3}),
    ]
    return Workload("shuffled", layers, shapes={"X": (4, 3), "A": (2, 6)})


def test_own_loops_that_leave_out_cycles_are_not_bounded_so() -> None:
    """Only with its output inside the branch the shuffle has own loops, which do no more than what is needed."""
    hardware = architecture(spatial={"m": 2})
    fast = replace(
        hardware, levels=(replace(hardware.off_chip, bandwidth_bytes_per_cycle=Fraction(1000)), hardware.levels[1])
    )
    search, within = searched(shuffled(), fast, "latency", ONE), frozenset({"A"})
    eased = Eased(search.group, search.books, search.within)
    assert least_of_parted(search, within, quest(24)) == 48
    assert within in eased.sets(quest(24, below=50))
    assert within not in eased.sets(quest(24, below=40))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["skip", "branches", "shared"])
@pytest.mark.parametrize("seed", some(range(12), 4))
def test_nor_is_a_design_below_its_bound_in_random_networks(kind: str, seed: int) -> None:
    workload, hardware = network(kind, seed, layers=4), architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
    for objective in OBJECTIVES[:3]:
        search = searched(workload, hardware, objective, ONE)
        for capacity in (4, 9, 16, 28, 60):
            assert compared(search, capacity)[0] == []


@pytest.mark.slow
@pytest.mark.parametrize("workload", [sums(4), sums(5), norm(more=1)], ids=["four sums", "five sums", "norm"])
def test_no_design_of_four_layers_with_tensors_inside_branches_is_better(workload: Workload) -> None:
    hardware = architecture(buffer_bandwidth=3, spatial={"p": 2})
    slow = streaming(Exhaustive(workload, hardware, ONE))
    assert differences(slow, hardware, most=8, largest=ROOMY)[0] == []
