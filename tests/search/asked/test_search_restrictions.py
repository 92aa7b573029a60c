"""Restrictions of single layers and tensors: against every plan that keeps them, and as they are refused."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest

from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.model import evaluate
from looptree.search import SPACES, InfeasibleError, Space, search
from looptree.search.asked.restrict_file import restrictions_from_node
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import LayerRule, Pin, TensorRule
from looptree.search.asked.segment import segment
from looptree.search.exhaustive import Exhaustive
from looptree.taxonomy.group import plan_tree
from looptree.taxonomy.points import point_choice
from looptree.workload import Workload
from tests.search.group_cases import differences
from tests.search.search_cases import architecture, einsum, network
from tests.some import some

ONE = Space(loops=1, lone_loops=1, leaf_loops=0)
RULES = {
    "ranks": Restrictions(everywhere=LayerRule(frozenset({"p"}))),
    "no loops of a layer": Restrictions(layers=(("layer2", LayerRule(frozenset())),)),
    "tiles": Restrictions(everywhere=LayerRule(None, (("p", (3,)), ("m", (2,))))),
    "whole": Restrictions(tensors=(("W2", TensorRule((0,))), ("T1", TensorRule((0,))))),
    "retention": Restrictions(tensors=(("W2", TensorRule((1,))), ("T1", TensorRule((1,))), ("T3", TensorRule((0,))))),
    "overlap": Restrictions(tensors=(("T0", TensorRule(drop=True)), ("T1", TensorRule(drop=True)))),
    "not recomputed": Restrictions(tensors=(("T1", TensorRule(recompute=False)), ("T2", TensorRule(spill=False)))),
    "between": Restrictions(tensors=(("T1", TensorRule(between="always")), ("T2", TensorRule(between="never")))),
    "together": Restrictions(together=(frozenset({"layer1", "layer2"}),)),
    "apart": Restrictions(apart=(frozenset({"layer1", "layer2", "layer3"}),)),
    "both": Restrictions(together=(frozenset({"layer2", "layer3"}),), apart=(frozenset({"layer1", "layer2"}),)),
}


@cache
def without_rules(kind: str, seed: int) -> Exhaustive:
    """All plans, of which those with rules are some."""
    return Exhaustive(network(kind, seed), architecture(seed=seed, buffer_bandwidth=3), ONE)


def check(kind: str, seed: int, rules: Restrictions, space: Space = ONE) -> int:
    """The best plan that keeps the rules is found; how often they cost something."""
    workload = network(kind, seed)
    space = replace(space, leaf_loops=0, restrictions=rules)
    hardware = architecture(seed=seed, buffer_bandwidth=3)
    slow, free = Exhaustive(workload, hardware, space), without_rules(kind, seed)
    total = sum(t.size_bytes for t in workload.tensors.values())
    costs = 0
    for objective in ("energy", "latency"):
        for share in (0.1, 0.2, 0.35, 0.6, 1.0):
            capacity = max(1, int(total * share))
            expected = slow.value(objective, capacity)
            costs += expected > free.value(objective, capacity)
            limited = hardware.with_capacity("GLB", capacity)
            if math.isinf(expected):
                with pytest.raises(InfeasibleError):
                    search(workload, limited, objective=objective, space=space, workers=1)
                continue
            plan = search(workload, limited, objective=objective, space=space, workers=1)
            assert plan.statistics.value == pytest.approx(expected, rel=1e-9)
            assert plan.statistics.status == "optimal"
    return costs


@pytest.mark.parametrize("name", RULES)
def test_no_plan_that_keeps_the_rules_is_better(name: str) -> None:
    assert check("chain", 3, RULES[name]) > 0 or name in ("not recomputed", "overlap")


@pytest.mark.parametrize("between", ["always", "never"])
def test_no_plan_that_keeps_the_rules_of_inputs_is_better(between: str) -> None:
    workload = network("shared", 3)
    shared = [t for t in workload.inputs if len(workload.consumers(t)) > 1]
    rules = Restrictions(tensors=tuple((t, TensorRule(between=between)) for t in shared))
    assert check("shared", 3, rules) > 0


def test_an_input_that_has_to_stay_and_does_not_fit_leaves_no_plan_but_one_group() -> None:
    layers = [einsum(f"layer{i}", f"T{i}[p] = X[p] * V{i}[p]", {"p": 8}) for i in (1, 2)]
    rules = Restrictions(tensors=(("X", TensorRule(between="always")),))
    plan = search(Workload("two", layers), architecture(6), space=Space(restrictions=rules), workers=1)
    assert [group.einsums for group in plan.groups] == [("layer1", "layer2")]
    apart = replace(rules, apart=(frozenset({"layer1", "layer2"}),))
    with pytest.raises(InfeasibleError, match=r"keeps the restrictions \(tensor X: always on chip"):
        search(Workload("two", layers), architecture(6), space=Space(restrictions=apart), workers=1)


@pytest.mark.parametrize("kind", ["padded", "skip", "matmul"])
@pytest.mark.parametrize(
    "rules",
    [
        Restrictions(everywhere=LayerRule(order=("m", "p", "c"))),
        Restrictions(tensors=(("T1", TensorRule((2,))), ("W1", TensorRule((0, 2))))),
        Restrictions(tensors=(("T1", TensorRule((1,), spill=False)), ("T0", TensorRule(drop=True)))),
        Restrictions(tensors=(("T1", TensorRule((1, 2), drop=True)), ("T2", TensorRule((2,), drop=True)))),
    ],
)
def test_no_group_that_keeps_the_rules_is_better(rules: Restrictions, kind: str) -> None:
    workload, hardware = network(kind, 2, layers=2), architecture(seed=2, buffer_bandwidth=3)
    ranks = frozenset("pm")
    space = Space(
        loops=2,
        lone_loops=2,
        leaf_loops=0,
        restrictions=replace(rules, everywhere=replace(rules.everywhere, ranks=ranks)),
    )
    found, cases = differences(Exhaustive(workload, hardware, space), hardware, most=6)
    assert (found, cases >= 4) == ([], True)


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("kind", "seed"), some([("matmul", 3), ("padded", 2), ("pool", 1), ("chain", 4)], 1))
def test_no_plan_of_other_networks_that_keeps_the_rules_is_better(name: str, kind: str, seed: int) -> None:
    workload = network(kind, seed)
    rules = RULES[name]
    try:
        rules.check(workload, architecture(), 8)
    except InputError:
        pytest.skip("the network has no such rank or tensor")
    check(kind, seed, rules)


def test_a_restriction_of_one_layer_leaves_others_of_its_shape_alone() -> None:
    """Two equal layers, one of which may not be tiled: only that one needs more room."""
    workload = network("matmul", 4)
    rules = Restrictions(layers=(("layer1", LayerRule(frozenset())),))
    space = Space(group_layers=1, chain_layers=1, lone_loops=1, leaf_loops=0, resident=0, restrictions=rules)
    plan = search(workload, architecture(60), space=space, workers=1)
    assert [group.loops for group in plan.groups if group.einsums == ("layer1",)] == [()]


def test_rules_that_leave_no_plan_are_named() -> None:
    workload = network("chain", 3)
    rules = Restrictions(tensors=(("T1", TensorRule(between="always")),), apart=(frozenset({"layer1", "layer2"}),))
    room = workload.tensors["T1"].size_bytes
    with pytest.raises(InfeasibleError, match=r"keeps the restrictions \(tensor T1: always on chip .*; apart: layer1"):
        search(workload, architecture(room), space=Space(restrictions=rules), workers=1)


def test_a_pinned_group_is_as_the_point_says_and_the_rest_is_best() -> None:
    workload, hardware = network("plane", 1), architecture(200, seed=3, buffer_bandwidth=3)
    pins = (Pin(("layer1", "layer2"), "fused_layer_cnn", (("tile_p", 2),)),)
    for objective in ("energy", "edp"):
        space = Space(loops=1, lone_loops=1, leaf_loops=0, restrictions=Restrictions(pins=pins))
        plan = search(workload, hardware, objective=objective, space=space, workers=1)
        assert plan.statistics.status == "optimal"
        assert [group.einsums for group in plan.groups] == [("layer1", "layer2"), ("layer3",)]
        assert plan.groups[0] == point_choice("fused_layer_cnn", workload, hardware, ("layer1", "layer2"), tile_p=2)
        assert not plan.resident
        alone = search(segment(workload, ["layer3"]), hardware, objective="energy", space=ONE, workers=1)
        both = plan_tree(segment(workload, ["layer1", "layer2"]), hardware, [plan.groups[0]])
        first = evaluate(segment(workload, ["layer1", "layer2"]), hardware, both)
        if objective == "energy":
            assert plan.statistics.value == float(first.energy.total) + alone.statistics.value
    needed = plan.evaluation.groups[0].occupancy["GLB"][0]
    said = (
        rf"pinned group 'layer1, layer2 as fused_layer_cnn \(tile_p 2\)' does not fit GLB: .* needs {needed} bytes \("
    )
    with pytest.raises(InfeasibleError, match=said):
        search(workload, hardware.with_capacity("GLB", needed - 1), space=space, workers=1)


def read(text: str) -> Space:
    return restrictions_from_node(parse_document(text, "rules.yaml"), network("chain", 3), architecture(), Space())


def test_smaller_groups_of_a_file_are_smaller_chains_in_any_space() -> None:
    rules = parse_document("group_layers: 2\n", "rules.yaml")
    for name in ("default", "wide", "layer-by-layer"):
        space = restrictions_from_node(rules, network("chain", 3), architecture(), SPACES[name])
        assert space.most_layers == (2, 2)


def test_a_file() -> None:
    space = read(
        "group_layers: 3\nspill: false\nranks: [p, m]\ntiles: {p: [2, 1]}\n"
        "layers: {layer2: {ranks: [p]}}\ntensors:\n  W1: {whole: true}\n  T1: {recompute: false, between: never}\n"
        "  T2: {retention: [2, 1], overlap: drop}\norder: [m, p]\n"
        "together: [[layer1, layer2]]\napart: [[layer2, layer3]]\n"
    )
    assert (space.group_layers, space.spill, space.loops) == (3, False, 3)
    rules = space.restrictions
    assert rules.layer("layer1") == LayerRule(frozenset({"p", "m"}), (("p", (2, 1)),), ("m", "p"))
    assert rules.layer("layer2").shapes("m", 4) == []
    assert rules.layer("layer1").shapes("p", 2) == [1]
    assert rules.tensor("T1") == TensorRule(recompute=False, between="never")
    assert rules.tensor("T2") == TensorRule((1, 2), drop=True)
    assert space.leaves_out() == [
        "group_layers: 3 (default 8)",
        "spill: False (default True)",
        "chain_layers: 3 (default 16)",
        "loops over m, p only",
        "p in tiles of 2, 1",
        "loops in the order m, p",
        "layer layer2: loops over p only",
        "tensor W1: kept whole",
        "tensor T1: never recomputed",
        "tensor T1: never on chip between groups",
        "tensor T2: kept below 1 or 2 loops",
        "tensor T2: overlap dropped",
        "together: layer1, layer2",
        "apart: layer2, layer3",
    ]
    assert space.settings()["restrictions"] == "; ".join(space.leaves_out()[3:])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group_layer: 3", "rules.yaml:1: group_layer: unknown key 'group_layer' (did you mean 'group_layers'?)"),
        ("group_layers: 99", "rules.yaml:1: group_layers: "),
        ("chain_layers: 0", "rules.yaml:1: chain_layers: expected chain_layers from 1 to 64, found 0"),
        ("loops: 9", "rules.yaml:1: loops: expected loops from 1 to 4, found 9"),
        ("layers: {layer9: {}}", "rules.yaml:1: layers.layer9: the network 'drawn' has no layer 'layer9' (did you"),
        ("tensors: {T9: {}}", "has no tensor 'T9'"),
        ("layers: {layer1: {ranks: [z]}}", "layer 'layer1' has no rank 'z'"),
        ("ranks: [z]", "no layer has a rank 'z' (known: m, p, r)"),
        ("ranks: [p]\ntiles: {m: [1]}", "rules.yaml:2: tiles.m: tile shapes of 'm', which may not be tiled"),
        ("tiles: {p: [0]}", "a tile shape"),
        (
            "tiles: {p: []}",
            "rules.yaml:1: tiles.p: expected one or more tile shapes, found none (leave p out of `ranks`",
        ),
        ("tensors: {T1: {whole: 3}}", "expected true or false"),
        ("tensors: {T1: {retention: []}}", "rules.yaml:1: tensors.T1.retention: expected one or more numbers of loops"),
        ("tensors: {T1: {retention: [9]}}", "a number of loops"),
        ("tensors: {T1: {whole: true, retention: [1]}}", "a tensor that is kept whole is below 0 loops"),
        ("tensors: {T1: {overlap: lost}}", "expected one of keep, drop"),
        ("order: [p, m, p]", "rules.yaml:1: order: rank 'p' is there twice"),
        ("order: [z]", "no layer has a rank 'z'"),
        ("tensors: {T1: {between: sometimes}}", "expected one of any, always, never"),
        ("tensors: {W1: {spill: false}}", "tensor 'W1' is an input or output of the network and never spilled"),
        ("tensors: {T3: {between: always}}", "tensor 'T3' is an input or output of the network"),
        ("together: [[layer1]]", "expected two or more different layers, found layer1"),
        ("together: [[layer1, layer2]]\napart: [[layer1, layer2]]", "are to be both together and apart"),
        (
            "together: [[layer1, layer2], [layer3, layer2]]\napart: [[layer1, layer3]]",
            "layer1 and layer3 are to be both",
        ),
        (
            "group_layers: 2\ntogether: [[layer1, layer2], [layer2, layer3]]",
            "layer1, layer2, layer3 cannot be together: a group has up to 2 layers",
        ),
        (
            "together: [[layer1, layer2]]\npins: [{layers: [layer2], point: depfin}]",
            "layer1, layer2 are to be together, but layer2 as depfin is a group of its own",
        ),
        (
            "pins: [{layers: [layer1, layer1], point: depfin}]",
            "rules.yaml:1: pins[0].layers: expected one or more different layers, found layer1, layer1",
        ),
        (
            "group_layers: 1\nchain_layers: 1\ntogether: [[layer1, layer2]]",
            "cannot be together: a group has up to 1 layers",
        ),
        (
            "pins: [{layers: [layer1, layer4], point: depfin}]",
            "rules.yaml:1: pins[0].layers[1]: the network 'drawn' has",
        ),
        (
            "pins: [{layers: [layer1, layer2], point: layer_by_layer}]",
            "rules.yaml: pin of layer1, layer2: point 'layer_by_layer' fuses nothing, and a pin is one group (pin each",
        ),
        ("pins: [{layers: [layer1], point: depfun}]", "found 'depfun' (did you mean 'depfin'?)"),
        ("pins: [{layers: [layer1], point: depfin, parameters: {size: 3}}]", "rules.yaml: pin of layer1: "),
        ("pins: [{layers: [layer1], point: flat_r}]", "rules.yaml: pin of layer1: point 'flat_r': the sink 'layer1'"),
        (
            "pins: [{layers: [layer1], point: depfin}, {layers: [layer1, layer2], point: depfin}]",
            "layer 'layer1' is pinned twice: layer1 as depfin; layer1, layer2 as depfin",
        ),
        ("tiles: {p: [4, 900]}", "rules.yaml: a tile of 900 is larger than rank 'p' of every layer (at most "),
        (
            "layers: {layer1: {tiles: {p: [900]}}}",
            "rules.yaml: a tile of 900 is larger than rank 'p' of layer 'layer1'",
        ),
        ("- 3", "expected a mapping"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(InputError) as found:
        read(text)
    assert said in str(found.value)
