"""Laws that hold for every plan, on what is shipped."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from looptree.architecture.load import load_architecture
from looptree.documents import parse_document
from looptree.model import evaluate
from looptree.search import Comparison, Plan, compare, fuse
from looptree.search.objective import value
from looptree.search.segment import segment
from looptree.taxonomy.group import plan_tree
from looptree.taxonomy.reader import mapping_from_node, mapping_to_yaml
from looptree.workload import Workload
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access, Einsum
from looptree.workload.load import load_workload
from tests.search.search_cases import OBJECTIVES, architecture, network

SEGMENTS = ("attention", "conv_conv", "conv_conv_conv", "fc_fc", "pointwise_depthwise_pointwise")
NETWORKS = ("resnet18", "mobilenet_v2", "bert_base")
CAPACITIES = (64, 256, 1024)


def compared(name: str, kibibytes: int, objective: str = "energy") -> Comparison:
    hardware = load_architecture("mobile").with_capacity("GLB", kibibytes * 1024)
    return compare(load_workload(name), hardware, objective=objective)


def check_never_worse(found: Comparison, objective: str) -> None:
    alone, fused = found.layer_by_layer.evaluation, found.fused.evaluation
    assert value(objective, fused) <= value(objective, alone)
    assert fused.offchip_bytes <= alone.offchip_bytes
    assert fused.fits
    assert alone.fits


def check_sum_of_groups(workload: Workload, plan: Plan, kibibytes: int) -> None:
    hardware = load_architecture("mobile").with_capacity("GLB", kibibytes * 1024)
    results = []
    for choice in plan.groups:
        part = segment(workload, choice.einsums)
        results.append(evaluate(part, hardware, plan_tree(part, hardware, [choice])))
    whole = plan.evaluation
    assert sum(r.offchip_bytes for r in results) == whole.offchip_bytes
    assert sum(r.energy.total for r in results) == whole.energy.total
    assert sum(r.latency.overlapped for r in results) == whole.latency.overlapped
    assert sum(r.total_operations for r in results) == whole.total_operations
    assert max(r.occupancy["GLB"].window_bytes for r in results) == whole.occupancy["GLB"].window_bytes


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("kibibytes", CAPACITIES)
@pytest.mark.parametrize("name", SEGMENTS)
def test_fused_is_never_worse_for_a_segment(name: str, kibibytes: int, objective: str) -> None:
    found = compared(name, kibibytes, objective)
    check_never_worse(found, objective)
    check_sum_of_groups(load_workload(name), found.fused, kibibytes)


@pytest.mark.slow
@pytest.mark.parametrize("kibibytes", CAPACITIES)
@pytest.mark.parametrize("name", NETWORKS)
def test_fused_is_never_worse_for_a_network(name: str, kibibytes: int) -> None:
    found = compared(name, kibibytes)
    check_never_worse(found, "energy")
    check_sum_of_groups(load_workload(name), found.fused, kibibytes)
    check_sum_of_groups(load_workload(name), found.layer_by_layer, kibibytes)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("kind", ["chain", "skip", "matmul"])
def test_a_larger_buffer_never_raises_the_objective_layer_by_layer(kind: str, objective: str) -> None:
    """Layer by layer every design that fits the smaller buffer fits the larger one, and nothing else bounds it."""
    workload = network(kind, 3)
    least = None
    for capacity in (40, 60, 100, 1000):
        found = value(
            objective, compare(workload, architecture(capacity), objective=objective).layer_by_layer.evaluation
        )
        assert least is None or found <= least
        least = found


@pytest.mark.parametrize("kind", ["chain", "skip", "matmul"])
def test_a_larger_buffer_never_moves_more_off_chip_bytes_where_these_are_the_objective(kind: str) -> None:
    """With another objective a group may be barred that moves more bytes than its layers do with the larger buffer."""
    moved = [
        fuse(network(kind, seed), architecture(capacity), objective="offchip").evaluation.offchip_bytes
        for seed in (3,)
        for capacity in (40, 60, 100, 1000)
    ]
    assert moved == sorted(moved, reverse=True)


@pytest.mark.parametrize("name", SEGMENTS)
def test_the_mapping_read_back_evaluates_to_the_same(name: str) -> None:
    workload, hardware = load_workload(name), load_architecture("mobile")
    plan = fuse(workload, hardware)
    tree = mapping_from_node(parse_document(mapping_to_yaml(plan.tree), "mapping.yaml"))
    assert evaluate(workload, hardware, tree) == plan.evaluation


SCRIPT = """
import sys
from looptree.architecture.load import load_architecture
from looptree.search import fuse
from looptree.taxonomy.reader import mapping_to_yaml
from looptree.workload.load import load_workload
plan = fuse(load_workload("conv_conv_conv"), load_architecture("mobile").with_capacity("GLB", 65536))
sys.stdout.write(mapping_to_yaml(plan.tree))
"""


def test_the_plan_is_the_same_in_every_process() -> None:
    plans = set()
    for seed in ("0", "1", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        command = [sys.executable, "-c", SCRIPT]
        plans.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(plans) == 1


def renamed(workload: Workload) -> Workload:
    """The same layers and tensors under names whose order is reversed."""
    names = {e.name: f"z{len(workload.einsums) - i}" for i, e in enumerate(workload.einsums)}
    tensors = {t: f"y{len(workload.tensors) - i}" for i, t in enumerate(workload.tensors)}

    def access(old: Access) -> Access:
        return Access(tensors[old.tensor], tuple(Affine(form.terms, form.constant) for form in old.projection))

    layers = [
        Einsum(names[e.name], dict(e.ranks), tuple(map(access, e.inputs)), access(e.output), e.operation)
        for e in workload.einsums
    ]
    shapes = {tensors[t]: tensor.shape for t, tensor in workload.tensors.items()}
    outputs = [tensors[t] for t in workload.declared_outputs]
    return Workload("other", layers, shapes=shapes, outputs=outputs)


@pytest.mark.parametrize("name", SEGMENTS)
def test_names_change_nothing(name: str) -> None:
    workload, hardware = load_workload(name), load_architecture("mobile").with_capacity("GLB", 65536)
    plan, other = fuse(workload, hardware), fuse(renamed(workload), hardware)
    assert [len(g.einsums) for g in other.groups] == [len(g.einsums) for g in plan.groups]
    assert [[loop.tile for loop in g.loops] for g in other.groups] == [
        [loop.tile for loop in g.loops] for g in plan.groups
    ]
    assert other.evaluation.energy.total == plan.evaluation.energy.total
    assert other.evaluation.offchip_bytes == plan.evaluation.offchip_bytes
