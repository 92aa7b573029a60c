"""Several capacities with what is known shared: the same optima as one search each, whatever the order."""

from __future__ import annotations

import itertools

import pytest

from looptree import load_architecture, load_workload
from looptree.errors import InputError
from looptree.search import SPACES, InfeasibleError, Space, search
from looptree.search.answers.capacities import Capacities, Wanted
from looptree.search.network.groups import workers

SMALL = load_architecture("small")
NETWORK = load_workload("conv_conv", channels=2, resolution=4)
SIZES = (24, 60, 140)


@pytest.mark.parametrize("objective", ["offchip", "energy", "latency"])
def test_optima_do_not_depend_on_what_was_asked_before(objective: str) -> None:
    alone = {
        size: search(NETWORK, SMALL.with_capacity("GLB", size), objective=objective, workers=1).statistics.value
        for size in SIZES
    }
    for order in (SIZES, SIZES[::-1]):
        with Capacities(NETWORK, SMALL, objective=objective, workers=1) as sizes:
            for size in order:
                plan = sizes.plan(size)
                assert plan.statistics.status == "optimal"
                assert plan.statistics.value == pytest.approx(alone[size], rel=1e-12)
                assert plan.evaluation.fits


def test_plans_that_are_searched_side_by_side_are_those_of_single_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_IT", 0.0)
    wanted = [Wanted(size, apart=apart) for size in SIZES for apart in (False, True)]
    with Capacities(NETWORK, SMALL, objective="offchip", workers=1) as sizes:
        alone = [sizes.plan(one.capacity_bytes, apart=one.apart) for one in wanted]
    together = []
    for count in (1, 2):
        with Capacities(NETWORK, SMALL, objective="offchip", workers=count) as sizes:
            together.append(sizes.plans(wanted))
    assert all(plan.statistics.status == "optimal" for plan in together[0])
    assert [plan.statistics.value for plan in together[0]] == [plan.statistics.value for plan in alone]
    for one, other in zip(*together, strict=True):
        assert (one.groups, one.resident, one.evaluation) == (other.groups, other.resident, other.evaluation)


@pytest.mark.parametrize("objective", ["offchip", "energy"])
def test_layer_by_layer_is_the_best_of_groups_of_one_layer(objective: str) -> None:
    space = SPACES["layer-by-layer"]
    with Capacities(NETWORK, SMALL, objective=objective, workers=1) as sizes:
        for size in (*SIZES, *SIZES):  # the second time nothing is searched, and designs are no worse
            expected = search(NETWORK, SMALL.with_capacity("GLB", size), objective=objective, space=space, workers=1)
            found = sizes.plan(size, apart=True)
            assert found.statistics.status == "optimal"
            assert found.statistics.value == pytest.approx(expected.statistics.value, rel=1e-12)
            assert [group.einsums for group in found.groups] == [("conv1",), ("conv2",)]
            assert not found.resident
        assert not found.statistics.searches
        with pytest.raises(InfeasibleError):
            sizes.plan(sizes.smallest() - 1, apart=True)


def test_smallest_is_the_first_capacity_in_which_each_layer_alone_has_a_design() -> None:
    with Capacities(NETWORK, SMALL, workers=1) as sizes:
        smallest = sizes.smallest()
        assert sizes.plan(smallest).evaluation.occupancy["GLB"].window_bytes == smallest
        with pytest.raises(InfeasibleError, match=f"a buffer of {smallest} bytes would hold it"):
            sizes.plan(smallest - 1, apart=True)


def test_layers_in_one_group_may_need_less_than_each_alone() -> None:
    """Their own loops stand below those of the group, so that there are more of them."""
    space = Space(lone_loops=4, joined_loops=3)
    with Capacities(NETWORK, SMALL, space=space, workers=1) as sizes:
        smallest = sizes.smallest()
        fused = sizes.plan(smallest - 1)
        assert [group.einsums for group in fused.groups] == [("conv1", "conv2")]
        assert fused.evaluation.fits
        needed = fused.evaluation.occupancy["GLB"].window_bytes
        assert needed < smallest
        least = search(NETWORK, SMALL, objective="capacity", space=space, workers=1).statistics.value
        assert least <= needed
        assert sizes.plan(int(least)).evaluation.fits
        with pytest.raises(InfeasibleError, match=f"a buffer of {smallest} bytes would hold it"):
            sizes.plan(int(least) - 1)


def test_a_target_ends_the_search_once_it_is_decided() -> None:
    with Capacities(NETWORK, SMALL, objective="offchip", workers=1) as sizes:
        best = sizes.plan(60).statistics
    targets = {best.value: True, best.value - 1: False, 2 * best.value: True}
    with Capacities(NETWORK, SMALL, objective="offchip", workers=1) as sizes:
        together = sizes.plans([Wanted(60, target) for target in targets])
    for (target, reached), plan in zip(targets.items(), together, strict=True):
        with Capacities(NETWORK, SMALL, objective="offchip", workers=1) as sizes:
            alone = sizes.plan(60, target=target)
        for found in (alone.statistics, plan.statistics):
            assert (found.value <= target) == reached
            assert (found.bound > target) == (not reached)
            assert found.bound <= best.value <= found.value


def test_ctrl_c_is_not_taken_for_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    with Capacities(NETWORK, SMALL, objective="offchip", workers=1) as sizes:
        run, calls = sizes.workers.run, itertools.count()

        def interrupted(jobs):  # type: ignore[no-untyped-def]
            if next(calls):
                raise KeyboardInterrupt
            return run(jobs)

        monkeypatch.setattr(sizes.workers, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sizes.plan(60)


def test_a_buffer_that_is_priced_by_its_size_is_compared_by_transfers_only() -> None:
    priced = load_architecture("eyeriss")
    level = priced.levels[1]
    assert level.model is not None
    with pytest.raises(InputError, match="priced by a model of its capacity"):
        Capacities(NETWORK, priced, objective="energy", workers=1)
    with Capacities(NETWORK, priced, objective="offchip", workers=1) as sizes:
        alone = search(NETWORK, priced.with_capacity(level.name, 1024), objective="offchip", workers=1)
        assert sizes.plan(1024).evaluation.energy == alone.evaluation.energy
