"""What stays on chip between groups, and the tables of one plan."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from looptree.architecture import architecture_from_node
from looptree.architecture.load import load_architecture
from looptree.documents import parse_document
from looptree.report.groups import describe_on_chip
from looptree.report.plan import group_table, plan_report, total_table
from looptree.report.planned import OnChip, Planned, moved_bytes
from looptree.report.rows import search_dict
from looptree.search import search
from looptree.taxonomy import GroupChoice
from looptree.workload import Workload
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import ARCHITECTURE
from tests.cli.plans import kept_between, plan
from tests.search.search_cases import einsum

FORK = """
name: fork
einsums:
  - {name: a, expression: "A[m] = X[m]", ranks: {m: 8}}
  - {name: b, expression: "B[m] = A[m]", ranks: {m: 8}}
  - {name: c, expression: "C[m] = B[m]", ranks: {m: 8}}
  - {name: d, expression: "D[m] = A[m] + C[m]", ranks: {m: 8}}
"""


def text(*parts: object) -> str:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        console.print(*parts)
    return capture.get()


def test_what_is_found_left_and_held() -> None:
    workload = workload_from_node(parse_document(FORK))
    architecture = architecture_from_node(parse_document(ARCHITECTURE))
    groups = tuple(GroupChoice((name,), (), {}, level="GLB") for name in "abcd")
    made = plan(workload, architecture, groups, resident=frozenset("ABC"))
    found = Planned(workload, architecture, made)
    assert found.on_chip == (
        OnChip(left=("A",)),
        OnChip(found=("A",), left=("A", "B")),
        OnChip(found=("B",), left=("C",), held=("A",)),
        OnChip(found=("A", "C")),
    )
    # A stays through all four, B from the second to the third, C through the last two: eight bytes each
    assert [found.group_demand(result) for result in found.results] == [8, 16, 24, 16]


def test_what_stays_in_words() -> None:
    assert describe_on_chip(OnChip()) == ""
    assert describe_on_chip(OnChip(("a",), ("b", "c"), ("d",))) == "on chip: finds a; leaves b, c; holds d"


def test_tables_of_a_plan() -> None:
    found = kept_between()
    shown = [line.split() for line in text(total_table(found)).splitlines()]
    # F1, both weights and F3 move once: 5184 + 288 + 576 + 8192 bytes; conv2 holds F2, W2 and F3
    assert ["off-chip", "total", "KiB", "13.91"] in shown
    assert ["GLB", "needed", "KiB", "17.59"] in shown
    groups = text(group_table(found))
    assert "on chip: leaves F2" in groups
    assert "on chip: finds F2" in groups
    assert [moved_bytes(result) for result in found.results] == [5184 + 288, 576 + 8192]
    report = plan_report(found)
    assert report[0] == (
        "two_conv on small, GLB 64 KiB: 2 layers in 2 groups, least energy\n1 tensor stays on chip between groups"
    )
    assert max(len(line.rstrip()) for part in report for line in text(part).splitlines()) <= 80


def test_layers_of_which_nothing_is_read_are_named() -> None:
    idle = einsum("idle", "T[p] = X[p]", {"p": 4})
    workload = Workload("two", [idle, einsum("last", "Y[p] = T[p+4] * V[p]", {"p": 4})], shapes={"T": (4,)})
    hardware = load_architecture("small")
    title = plan_report(Planned(workload, hardware, search(workload, hardware, workers=1)))[0]
    assert str(title).endswith("least energy\nnothing is read of what idle makes: no operations")


def test_an_unlimited_buffer() -> None:
    found = kept_between()
    glb = replace(found.architecture.levels[1], capacity_bytes=None)
    free = replace(found, architecture=replace(found.architecture, levels=(found.architecture.levels[0], glb)))
    assert str(plan_report(free)[0]).startswith("two_conv on small, GLB unlimited: ")
    assert search_dict(free, {})["buffer"] == {"level": "GLB", "capacity_bytes": None}


def test_data_of_a_plan() -> None:
    found = search_dict(kept_between(), {"batch": 2})
    assert (found["network"], found["parameters"], found["objective"]) == ("two_conv", {"batch": 2}, "energy")
    assert found["plan"]["resident"] == ["F2"]
    first, second = found["plan"]["groups"]
    assert (first["left_on_chip"], second["found_on_chip"]) == (["F2"], ["F2"])
    assert "layer_by_layer_offchip_bytes" not in first
    assert found["plan"]["total"]["offchip_bytes"] == 14_240
    assert found["statistics"]["status"] == "optimal"
    assert found["statistics"]["gap"] == 0
    assert found["statistics"]["space"]["name"] == "default"
    assert found["mapping"][1]["storage"] == {"level": "GLB", "tensors": ["F2"], "lifetime": "uses"}
    assert found["evaluation"]["offchip"]["reads_bytes"] == 5184 + 288 + 576
