"""Whole networks: against every plan, and laws that hold for every plan."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

import pytest

from looptree.architecture import Level
from looptree.architecture.load import load_architecture
from looptree.errors import InputError, LooptreeError
from looptree.model import evaluate
from looptree.search import SPACES, InfeasibleError, Plan, Restrictions, Space, TensorRule, compare, search
from looptree.search.asked.objective import value
from looptree.search.asked.segment import segment
from looptree.search.deadline import TimeUpError
from looptree.search.exhaustive import Exhaustive, plans
from looptree.search.group.trimmed import idle_layers
from looptree.search.network.groups import workers
from looptree.search.network.groups.catalogue import Catalogue, Task
from looptree.search.network.plans.suffixes import Suffixes
from looptree.workload import Workload
from looptree.workload.load import load_workload
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, einsum, network
from tests.some import some

ONE = Space(loops=1, lone_loops=1, leaf_loops=0)
SHARES = (0.04, 0.1, 0.2, 0.4, 0.8)


def check(workload: Workload, space: Space, seed: int) -> None:
    """The search finds what the exhaustive search finds, and says the same of what does not fit."""
    unlimited = architecture(seed=seed, buffer_bandwidth=(None, 3, 6)[seed % 3])
    slow = Exhaustive(workload, unlimited, space)
    total = sum(t.size_bytes for t in workload.tensors.values())
    for objective in OBJECTIVES:
        for capacity in (*(max(1, int(total * share)) for share in SHARES), None):
            hardware = unlimited.with_capacity("GLB", capacity)
            expected = slow.value(objective, math.inf if capacity is None else capacity)
            if math.isinf(expected):
                with pytest.raises(InfeasibleError):
                    search(workload, hardware, objective=objective, space=space, workers=1)
                continue
            plan = search(workload, hardware, objective=objective, space=space, workers=1)
            assert plan.statistics.value == pytest.approx(expected, rel=1e-9)
            check_laws(workload, plan, objective)


def check_laws(workload: Workload, plan: Plan, objective: str) -> None:
    assert plan.statistics.status == "optimal"
    assert plan.statistics.bound == plan.statistics.value == float(value(objective, plan.evaluation))
    assert plan.statistics.gap == 0
    assert plan.evaluation.fits
    assert sorted(name for group in plan.groups for name in group.einsums) == sorted(e.name for e in workload.einsums)
    assert plan.resident <= {t for t in workload.tensors if workload.consumers(t)}


@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_no_plan_of_three_layers_is_better(kind: str) -> None:
    check(network(kind, 2), ONE, 2)


@pytest.mark.parametrize("seed", [1, 8])
def test_no_plan_of_layers_that_share_inputs_is_better(seed: int) -> None:
    check(network("shared", seed), replace(ONE, spill=False), seed)


def test_inputs_of_which_layers_read_parts_are_fetched_as_a_whole_or_in_parts() -> None:
    """Of ten words six are read, by one layer three of them; one more layer reads padding only."""
    layers = [
        einsum("first", "A[p] = X[p+1] * V[p]", {"p": 5}),
        einsum("second", "B[p] = X[p+4] * A[p]", {"p": 3}),
        einsum("third", "C[p] = X[p+10] * B[p]", {"p": 3}),
        einsum("fourth", "D[p] = X[p+2] + C[p]", {"p": 3}),
    ]
    workload = Workload("parts", layers, shapes={"X": (10,)})
    check(workload, replace(ONE, spill=False, group_layers=2, chain_layers=2), 3)
    plan = search(workload, architecture(), objective="offchip", space=replace(ONE, group_layers=1), workers=1)
    assert plan.resident == {"X", "A", "B", "C"}
    assert plan.evaluation.transfers["DRAM"]["X"].reads_words == 6


def test_inputs_stay_on_chip_with_levels_below_the_buffer() -> None:
    """The model counts what the search counts, or `search` would say that it does not: six layers read two weights."""
    layers = [
        einsum(f"layer{i}", f"T{i + 1}[m,n] = T{i}[m,k] * W{i % 2}[k,n]", {"m": 2, "n": 6, "k": 6}) for i in range(6)
    ]
    workload, plain = Workload("tied", layers), architecture(100, seed=2, buffer_bandwidth=3)
    registers = Level("RF", 4, None, Fraction(1), Fraction(1))
    hardware = replace(plain, levels=(*plain.levels, registers))
    for objective in ("energy", "latency"):
        plan = search(workload, hardware, objective=objective, space=replace(ONE, group_layers=2), workers=1)
        assert plan.resident >= {"W0", "W1"}
        check_laws(workload, plan, objective)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "layers"), some([(seed, 3 + seed % 3 // 2) for seed in range(3, 19)], 3))
def test_no_plan_of_many_layers_that_share_inputs_is_better(seed: int, layers: int) -> None:
    check(network("shared", seed, layers=layers), replace(ONE, spill=layers < 4), seed)


@pytest.mark.parametrize(
    "space",
    [Space(2, 1, 0, 0, spill=False, resident=1, chain_layers=2), SPACES["layer-by-layer"]],
)
def test_no_plan_of_a_narrower_space_is_better(space: Space) -> None:
    check(network("branches", 1), replace(space, lone_loops=1), 1)


CHAINS = Space(group_layers=2, chain_layers=4, loops=1, lone_loops=1, leaf_loops=0, spill=False)


@pytest.mark.parametrize("kind", ["chain", "skip"])
def test_no_plan_with_longer_groups_that_are_chains_is_better(kind: str) -> None:
    check(network(kind, 1, layers=4), CHAINS, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "seed"),
    some([(k, seed) for seed in range(2, 5) for k in ("chain", "pool", "matmul", "skip", "branches", "padded")], 3),
)
def test_no_plan_with_longer_chains_of_many_networks_is_better(kind: str, seed: int) -> None:
    check(network(kind, seed, layers=5), CHAINS, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(3, 14), 1))
@pytest.mark.parametrize("kind", [*KINDS, "loose"])
def test_no_plan_of_many_networks_is_better(kind: str, seed: int) -> None:
    check(network(kind, seed), ONE, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(3), 1))
@pytest.mark.parametrize("kind", KINDS)
def test_no_plan_of_four_layers_is_better(kind: str, seed: int) -> None:
    check(network(kind, seed, layers=4), replace(ONE, spill=False), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(4), 2))
def test_no_plan_of_five_layers_is_better(seed: int) -> None:
    check(network("branches", seed, layers=5), Space(2, 1, 1, 0, spill=False, chain_layers=2), seed)


def test_an_output_that_others_read_leaves() -> None:
    first = einsum("first", "A[p] = X[p] * V[p]", {"p": 6})
    second = einsum("second", "B[p] = A[p] * W[p]", {"p": 6})
    check(Workload("two", [first, second], outputs=["A"]), ONE, 3)


def test_an_output_leaves_as_a_whole_of_which_others_read_as_much_elsewhere() -> None:
    """Of rows 0 to 3, and of padding behind them, rows 1 to 4 are read: as many, but not all that leave."""
    first = einsum("first", "A[p] = X[p] * V[p]", {"p": 4})
    second = einsum("second", "B[p] = A[p+1] * W[p]", {"p": 4})
    check(Workload("two", [first, second], shapes={"A": (5,)}, outputs=["A"]), ONE, 3)


def leaving(workload: Workload, tensors: Sequence[str]) -> Workload:
    """The same network with more outputs."""
    shapes = {name: known.shape for name, known in workload.tensors.items()}
    bits = {name: known.bits for name, known in workload.tensors.items()}
    return Workload(workload.name, workload.einsums, shapes=shapes, bits=bits, outputs=tensors)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "seed"),
    some([(k, seed) for seed in (1, 2) for k in ("skip", "odd bits", "matmul", "plane", "branches", "loose")], 3),
)
def test_no_plan_is_better_whose_outputs_stay_on_chip_for_later_layers(kind: str, seed: int) -> None:
    check(leaving(network(kind, seed), ["T1", "T2"][:seed]), ONE, seed)


def test_an_output_stays_on_chip_for_those_that_read_it() -> None:
    """It is written out once, and not fetched again: keys for later tokens, say."""
    key = einsum("key", "K[m,n] = X[m,k] * U[k,n]", {"m": 4, "n": 2, "k": 3})
    mix = einsum("mix", "Y[n] = K[m,n] * P[m]", {"m": 4, "n": 2})
    rules = Restrictions(tensors=(("K", TensorRule(between="always")),), apart=(frozenset({"key", "mix"}),))
    space = Space(restrictions=rules)
    plan = search(Workload("keys", [key, mix], outputs=["K"]), architecture(16), space=space, workers=1)
    assert plan.resident == {"K"}
    assert plan.evaluation.offchip_bytes == 12 + 6 + 8 + 4 + 2
    check_laws(Workload("keys", [key, mix], outputs=["K"]), plan, "energy")


def test_tensors_of_a_single_word() -> None:
    """A layer to a vector, the sum of that, and the vector times the sum."""
    layers = [
        einsum("linear", "Y[n] = X[k] * W[n,k]", {"n": 4, "k": 3}),
        einsum("total", "S[] = Y[n]", {"n": 4}),
        einsum("scaled", "Z[n] = Y[n] * S[]", {"n": 4}),
    ]
    check(Workload("vector", layers), replace(ONE, spill=False), 3)
    found = compare(Workload("vector", layers), architecture(12), workers=1)
    assert found.fused.statistics.status == found.layer_by_layer.statistics.status == "optimal"


@pytest.mark.parametrize("reader", ["C[p] = B[2*p+r] * W[r]", "C[p] = B[p+1] * W[r]"])
def test_what_no_layer_reads_is_not_made(reader: str) -> None:
    """The last row, or the first."""
    first = einsum("first", "B[p] = A[p] * V[p]", {"p": 8})
    check(Workload("two", [first, einsum("second", reader, {"p": 3, "r": 3})]), ONE, 3)


IDLE = {
    "alone": ["T[p] = A[p] * V[p]", "Y[p] = T[p+4] * W[p]"],
    "a chain": ["T[p] = A[p] * V[p]", "U[p] = T[p] + B[p]", "X[p] = B[p] * W[p]", "Y[p] = U[p-4] * X[p]"],
    "of what stays on chip": ["T[p] = B[p] * V[p]", "X[p] = B[p] * W[p]", "Y[p] = X[p] + T[p+4]", "Z[p] = Y[p] * B[p]"],
    "before the first that reads": ["T[p] = B[p] * V[p]", "X[p] = B[p] * T[p+5]", "Y[p] = B[p] * X[p]"],
    "read by two": ["T[p] = A[p] * V[p]", "X[p] = B[p] * T[p+4]", "Y[p] = X[p] * T[p-4]"],
    "of what is made": ["A[p] = X[p]", "T[p] = A[p]", "Y[p] = T[p+4] * A[p]"],
    "of two shared ones": ["T[p] = A[p] * B[p]", "Y[p] = T[p+4] * A[p] * B[p]"],
    "a chain of what is made": ["A[p] = X[p]", "T[p] = A[p]", "U[p] = T[p] * A[p]", "Y[p] = U[p-4] * A[p]"],
}


def idle_network(name: str) -> Workload:
    layers = [einsum(f"layer{i}", text, {"p": 4}) for i, text in enumerate(IDLE[name])]
    shapes = {access.tensor: (4,) for layer in layers for access in (*layer.inputs, layer.output)}
    return Workload(name, layers, shapes=shapes)


@pytest.mark.parametrize("name", IDLE)
def test_layers_of_which_nothing_is_read_take_nothing(name: str) -> None:
    """They are in the plan; those that make `T` and `U` here, which others read beyond their ends."""
    workload = idle_network(name)
    most = 4 if name.endswith("made") else 2
    check(workload, replace(ONE, spill=False, group_layers=most, chain_layers=most), 1)
    plan = search(workload, architecture(), workers=1)
    assert plan.statistics.status == "optimal"
    assert [n for n, count in plan.evaluation.operations.items() if not count.total] == list(idle_layers(workload))


def test_idle_layers_that_others_have_a_say_in_are_searched() -> None:
    """One reads what is made, or two tensors that others read, but its reader does not; one others read later only."""
    made = [einsum("made", "A[p] = X[p]", {"p": 4}), einsum("idle", "T[p] = A[p]", {"p": 4})]
    between, last = einsum("between", "B[p] = A[p]", {"p": 4}), einsum("last", "Y[p] = T[p+4] * B[p]", {"p": 4})
    shapes = {"T": (4,)}
    assert idle_layers(Workload("made", [*made, between, last], shapes=shapes)) == ()
    again = einsum("last", "Y[p] = T[p+4] * A[p]", {"p": 4})
    assert idle_layers(Workload("made", [*made, again], shapes=shapes)) == ("idle",)
    assert idle_layers(Workload("made", [*made, again], shapes=shapes), joining=False) == ()
    two, last = einsum("idle", "T[p] = A[p] * B[p]", {"p": 4}), einsum("last", "Y[p] = T[p+4] * A[p]", {"p": 4})
    other = einsum("other", "Z[p] = B[p]", {"p": 4})
    assert idle_layers(Workload("two", [two, last, other], shapes=shapes)) == ()
    first, later = einsum("first", "Y[p] = T[p+4] * C[p]", {"p": 4}), einsum("later", "Z[p] = Y[p] * A[p]", {"p": 4})
    assert idle_layers(Workload("later", [einsum("idle", "T[p] = A[p]", {"p": 4}), first, later], shapes=shapes)) == ()
    assert idle_layers(idle_network("alone")) == ("layer0",)
    assert idle_layers(idle_network("alone"), {"layer0"}) == ()


def test_limits_of_a_comparison() -> None:
    """Amounts hold for both plans, factors for the fused one: of what the other one takes."""
    workload = load_workload("conv_conv", channels=2, resolution=16)
    hardware = load_architecture("small").with_capacity("GLB", 220)
    least = partial(compare, workload, hardware, objective="offchip", space=Space(loops=2, leaf_loops=0), workers=1)
    free = least()
    done = [plan.evaluation.total_operations for plan in (free.layer_by_layer, free.fused)]
    assert done[0] < done[1]
    for limits in (["operations<=1x"], [f"operations<={done[0]}"]):
        found = least(limits=limits)
        assert found.layer_by_layer.evaluation == free.layer_by_layer.evaluation
        assert found.fused.evaluation.total_operations == done[0]
        assert found.fused.statistics.status == "optimal"
        assert found.fused.statistics.value > free.fused.statistics.value
    with pytest.raises(InfeasibleError, match="no plan of the space keeps operations<="):
        least(limits=[f"operations<={done[0] - 1}"])


def test_layers_without_a_common_tensor_are_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take turns, though the transfers of one could be hidden behind the operations of the other."""
    one = einsum("one", "Y[p,n] = X[p,k] * W[k,n]", {"p": 4, "k": 4, "n": 4})
    workload = Workload("two", [one, einsum("two", "Z[p] = V[p] + U[p]", {"p": 4})])
    check(workload, ONE, 3)
    apart = Exhaustive(workload, architecture(seed=3), ONE).value("latency")
    monkeypatch.setattr(plans, "_connected", lambda network, group: True)
    assert Exhaustive(workload, architecture(seed=3), ONE).value("latency") < apart


def test_two_loops_may_move_one_dimension_further_up() -> None:
    first = einsum("first", "A[a,b] = X[4*a+b] * U[a]", {"a": 3, "b": 4})
    second = einsum("second", "Y[a,b] = A[a,b] * V[a,b]", {"a": 3, "b": 4})
    check(Workload("split", [first, second]), Space(loops=2, lone_loops=2, leaf_loops=0, spill=False), 3)


def test_circular_buffers_need_less_room() -> None:
    """A window of 3 rows of 10 pixels has 30 words, 23 of which are live at a time."""
    layer = einsum("conv", "Y[p,q] = X[p+r,q+s] * W[r,s]", {"p": 8, "q": 8, "r": 3, "s": 3})
    hardware = replace(architecture(23 + 9 + 1), allocation="live")
    plan = search(Workload("image", [layer]), hardware, objective="offchip", space=SPACES["circular"], workers=1)
    assert plan.evaluation.offchip_bytes == 100 + 9 + 64


# -- laws ---------------------------------------------------------------------------------


SUMS = ("offchip", "operations")  # parts of the energy, which shows most of what they would show
MORE = [pytest.param(objective, marks=pytest.mark.slow) for objective in some(SUMS, 0)]


@pytest.mark.parametrize("objective", ["energy", "latency", *MORE])
@pytest.mark.parametrize("kind", KINDS)
def test_a_larger_buffer_is_never_worse_and_fused_never_worse_than_layer_by_layer(kind: str, objective: str) -> None:
    workload = network(kind, 3)
    total = sum(t.size_bytes for t in workload.tensors.values())
    least = math.inf
    feasible = 0
    for share in SHARES:
        hardware = architecture(max(1, int(total * share)))
        try:
            found = compare(workload, hardware, objective=objective, workers=1)
        except InfeasibleError:
            assert math.isinf(least)
            continue
        feasible += 1
        check_laws(workload, found.fused, objective)
        check_laws(workload, found.layer_by_layer, objective)
        assert found.fused.statistics.value <= found.layer_by_layer.statistics.value
        assert found.fused.statistics.value <= least * (1 + 1e-9)
        least = found.fused.statistics.value
    assert feasible


def test_fused_is_never_worse_in_a_narrower_space() -> None:
    found = compare(network("padded", 2, layers=2), architecture(40), space=Space(loops=1, lone_loops=1), workers=1)
    assert found.fused.statistics.value <= found.layer_by_layer.statistics.value


@pytest.mark.parametrize(("kind", "seed"), [("chain", 1), ("skip", 2), ("matmul", 1)])
def test_the_demand_that_is_named_suffices_for_that_layer(kind: str, seed: int) -> None:
    workload = network(kind, seed)
    space = SPACES["layer-by-layer"]
    capacity = 1
    for _ in workload.einsums:
        with pytest.raises(InfeasibleError) as found:
            search(workload, architecture(capacity), space=space, workers=1)
        said = re.match(
            r"layer '(\w+)' does not fit GLB: .* needs (\d+) bytes?.*capacity is (\d+) bytes?", str(found.value)
        )
        assert said is not None
        layer, demand = said[1], int(said[2])
        assert int(said[3]) == capacity
        alone = segment(workload, [layer])
        assert search(alone, architecture(demand), space=space, workers=1).evaluation.fits
        with pytest.raises(InfeasibleError):
            search(alone, architecture(demand - 1), space=space, workers=1)
        capacity = demand
        try:
            search(workload, architecture(capacity), space=space, workers=1)
        except InfeasibleError:
            continue
        return
    pytest.fail("no capacity that was named held all layers")


@pytest.mark.parametrize("kind", ["chain", "skip"])
def test_no_group_is_searched_below_what_is_known_to_be_out_of_reach(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    run = Catalogue.run

    def checked(self: Catalogue, tasks: Sequence[Task]) -> None:
        nonlocal asked
        for task in tasks:
            asked += 1
            assert self.variants[task.variant].lower(task.weights, task.capacity) < task.below
        run(self, tasks)

    monkeypatch.setattr(Catalogue, "run", checked)
    assert search(network(kind, 3, layers=4), architecture(60), space=ONE, workers=1).statistics.status == "optimal"
    assert asked


def same(one: Plan, other: Plan) -> bool:
    fields = ("groups", "resident", "tree", "evaluation")
    proof = replace(one.statistics, seconds=0.0) == replace(other.statistics, seconds=0.0)
    return proof and all(getattr(one, name) == getattr(other, name) for name in fields)


def test_the_answer_depends_neither_on_the_run_nor_on_the_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_IT", 0.0)
    hardware = load_architecture("mobile").with_capacity("GLB", 8192)
    workload = load_workload("pointwise_depthwise_pointwise")
    first, *others = (search(workload, hardware, workers=count) for count in (1, 1, 2))
    assert all(same(first, other) for other in others)


def test_names_change_nothing() -> None:
    """What is searched once for layers of equal shape serves all of them."""
    workload, hardware = network("matmul", 1), architecture(16)
    others = {"T0": "z", "T1": "y", "T2": "x", "T3": "w", "W1": "v", "W2": "u", "W3": "t"}
    layers = [
        einsum(f"l{9 - i}", re.sub(r"[TW]\d", lambda found: others[found[0]], e.expression), dict(e.ranks))
        for i, e in enumerate(workload.einsums)
    ]
    plan, other = search(workload, hardware, workers=1), search(Workload("other", layers), hardware, workers=1)
    assert other.statistics.value == plan.statistics.value
    assert [len(g.einsums) for g in other.groups] == [len(g.einsums) for g in plan.groups]


def test_a_search_that_is_stopped_says_what_it_has() -> None:
    workload, hardware = network("skip", 2), architecture(20)
    best = search(workload, hardware, workers=1)
    seen: list[float] = []
    for seconds in (1e-9, 0.02, 0.1, 100.0):
        try:
            plan = search(
                workload, hardware, seconds=seconds, workers=1, progress=lambda state: seen.append(state.bound)
            )
        except InfeasibleError:
            pytest.fail("there is a plan, the time was too short")
        except LooptreeError:
            continue
        assert plan.statistics.bound <= best.statistics.value * (1 + 1e-9)
        assert plan.statistics.value >= best.statistics.value * (1 - 1e-9)
        assert plan.statistics.status in ("feasible", "optimal")
    assert all(bound <= best.statistics.value * (1 + 1e-9) for bound in seen)


def test_the_time_is_looked_at_before_there_is_a_plan() -> None:
    with pytest.raises(LooptreeError, match=r"no plan of 'drawn' was found in .* s \(allow more time"):
        search(network("skip", 2), architecture(20), seconds=1e-9)


def test_a_comparison_says_which_search_runs() -> None:
    seen: list[str] = []
    compare(network("chain", 1), architecture(40), workers=1, progress=lambda state: seen.append(state.stage))
    assert list(dict.fromkeys(seen)) == ["layer by layer", "fused"]


def test_the_tree_of_a_plan_evaluates_to_its_evaluation() -> None:
    workload, hardware = network("branches", 2), architecture(30)
    plan = search(workload, hardware, workers=1)
    assert evaluate(workload, hardware, plan.tree) == plan.evaluation


@pytest.mark.parametrize(("objective", "least"), [("offchip", 256), ("operations", 64 + 128)])
def test_what_is_never_read_takes_no_place_and_costs_nothing(objective: str, least: int) -> None:
    """Of `B`, four rows joined from `A` and `C`, only those of `C` are read: 64 + 64 + 128 words."""
    expression = {"front": "B[b,f] = A[b,f] * C[b-2,f]", "behind": "Y[f] = B[2,f] * B[3,f-32] * D[f-64]"}
    ranks = {"front": {"b": 4, "f": 32}, "behind": {"f": 128}}
    layers = [einsum(name, expression[name], ranks[name]) for name in expression]
    shapes = {"A": (2, 32), "C": (2, 32), "B": (4, 32), "D": (64,)}
    plan = search(Workload("joined", layers, shapes=shapes), architecture(10_000), objective=objective, workers=1)
    assert (plan.statistics.value, plan.statistics.status) == (least, "optimal")


def test_settings_that_make_no_sense_are_refused() -> None:
    workload, hardware = network("matmul", 0), architecture()
    for settings in ({"objective": "enregy"}, {"seconds": 0.0}, {"workers": 0}):
        with pytest.raises(InputError, match="expected"):
            search(workload, hardware, **settings)
    bare = replace(hardware, levels=hardware.levels[:1])
    with pytest.raises(InputError, match="an off-chip level and an on-chip one"):
        compare(workload, bare)


# -- layers that read nothing but padding ---------------------------------------------------


def test_a_tensor_stays_on_chip_for_a_group_that_reads_nothing_of_it() -> None:
    """`third` reads `B` before its beginning: nothing of `B` is made."""
    layers = [
        einsum("first", "A[p,q] = X[p,q] * U[p]", {"p": 5, "q": 3}),
        einsum("second", "B[p,q] = A[p+2*r,q]", {"p": 1, "q": 2, "r": 3}),
        einsum("third", "C[p,q] = B[3*p-2,q] * W[q]", {"p": 1, "q": 2}),
    ]
    for objective in OBJECTIVES:
        plan = search(Workload("padding", layers), architecture(10), objective=objective, workers=1)
        assert (plan.evaluation.total_operations, plan.evaluation.fits) == (2, True)


def test_no_tile_of_own_loops_may_reach_a_tensor() -> None:
    """`A` has one row; of two rows with a stride of three, and padding, neither reaches it, but their hull does."""
    layers = [
        einsum("first", "A[c,p] = X[c,2*p+r] * U[c,r]", {"c": 3, "p": 1, "r": 3}),
        einsum("second", "B[m,p] = A[c,3*p+r-2] * V[m,c,r]", {"m": 2, "c": 3, "p": 2, "r": 2}),
        einsum("third", "C[m,p] = B[m,2*p-1] * W[m]", {"m": 2, "p": 2}),
    ]
    for capacity in (12, None):
        workload = Workload("gap", layers, shapes={"A": (3, 1), "B": (2, 2)})
        assert search(workload, architecture(capacity), workers=1).statistics.status == "optimal"


# -- what others need as well ----------------------------------------------------------------


@pytest.mark.parametrize("outputs", [["A"], []])
def test_small_tiles_may_not_leave_out_what_others_need(outputs: list[str]) -> None:
    """`second` reads every other point of `A`; all of them leave the workload, or are read by `third`."""
    layers = [
        einsum("first", "A[p] = X[p] * U[p]", {"p": 5}),
        einsum("second", "B[p] = A[2*p] * V[p]", {"p": 3}),
        einsum("third", "C[p] = A[p] * W[p]", {"p": 5}),
    ]
    workload = Workload("gaps", layers[: 2 if outputs else 3], outputs=outputs)
    check(workload, ONE, 3)
    plan = search(workload, architecture(4), objective="operations", workers=1)
    assert plan.evaluation.operations["first"].total == 5


def test_a_layer_that_writes_nothing_inside() -> None:
    """An output of which nothing is written takes no place; what others read and nobody writes is refused."""
    layer, shapes = einsum("beyond", "T[p+6] = A[p]", {"p": 4}), {"T": (5,)}
    plan = search(Workload("alone", [layer], shapes=shapes), architecture(), workers=1)
    check_laws(Workload("alone", [layer], shapes=shapes), plan, "energy")
    assert plan.evaluation.offchip_bytes == 4
    reader = einsum("reader", "Y[p] = T[p] * V[p]", {"p": 4})
    said = r"'read': layer 'beyond' writes nothing of what is asked for of tensor 'T', whose shape is \[5\] \(check"
    for outputs in ([], ["T"]):
        with pytest.raises(InputError, match=said):
            search(Workload("read", [layer, reader], shapes=shapes, outputs=outputs), architecture(), workers=1)


def test_a_plan_is_not_proven_whose_tiles_ask_for_other_points_than_the_whole() -> None:
    """Of columns -1, 1 and 3 the hull begins with column 0, which no single step asks for."""
    layers = [
        einsum("other", "Z[i,j] = X[i,j]", {"i": 3, "j": 4}),
        einsum("made", "A[i,j] = X[i,j] * U[i]", {"i": 3, "j": 4}),
        einsum("between", "B[i,j] = A[i,j] * V[i]", {"i": 3, "j": 4}),
        einsum("last", "Y[i,j] = B[i,2*j-1] * W[i]", {"i": 3, "j": 3}),
    ]
    workload = Workload("jumped", layers, shapes={"B": (3, 4)})
    space = Space(group_layers=2, chain_layers=2, loops=2, lone_loops=1, leaf_loops=0, spill=False)
    for capacity, status in ((10, "feasible"), (16, "optimal")):
        plan = search(workload, architecture(capacity), objective="offchip", space=space, workers=1)
        assert plan.statistics.status == status
        assert plan.statistics.value == plan.evaluation.offchip_bytes
    with pytest.raises(InputError, match="the taps of 'last' jump over the first or last points of tensor 'B'"):
        search(workload, architecture(12), objective="offchip", space=space, workers=1)


def test_what_is_known_when_the_time_is_up_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be up while it is asked what is to be searched next: the plan by then counts, with its bound."""

    def late(*_: object) -> None:
        raise TimeUpError

    monkeypatch.setattr(Suffixes, "instead", late)
    plan = search(network("matmul", 2), architecture(60), objective="offchip", workers=1)
    assert plan.statistics.status == "feasible"
    assert 0 < plan.statistics.bound < plan.statistics.value


def test_tables_that_were_dropped_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process keeps the tables of the groups that it searched last, as far as they are not too large."""
    workload, hardware = network("chain", 1, layers=4), architecture(12)
    kept = search(workload, hardware, workers=1).statistics
    dropped, drop = list[int](), workers.Searches._drop

    def noted(searches: workers.Searches, shape: int) -> None:
        dropped.append(shape)
        drop(searches, shape)

    monkeypatch.setattr(workers, "MOST_BYTES", 1)
    monkeypatch.setattr(workers.Searches, "_drop", noted)
    again = search(workload, hardware, workers=1).statistics
    assert dropped
    assert (again.value, again.bound, again.searches) == (kept.value, kept.bound, kept.searches)
    assert (again.designs_evaluated, again.ranges_bounded) == (kept.designs_evaluated, kept.ranges_bounded)
