"""Reports as files: whole, closed, without any address, with the model's numbers and with names as text."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from looptree.architecture import architecture_from_node
from looptree.architecture.load import load_architecture
from looptree.documents import parse_document
from looptree.model.evaluate import evaluate_design
from looptree.model.result import plain
from looptree.report.front import Fronted
from looptree.report.html import (
    Column,
    DataTable,
    Dot,
    Page,
    Section,
    charts_data,
    charts_markup,
    comparison_html,
    curve,
    evaluation_html,
    front_html,
    page_html,
    plan_html,
    sizing_html,
    table_markup,
    validation_html,
)
from looptree.report.planned import moved_bytes
from looptree.search import Front
from looptree.sizing import Sizing, size
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.reader import mapping_from_node
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree
from looptree.units import BYTES
from looptree.validate import load_case, run_case
from looptree.workload.load import load_workload
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import ARCHITECTURE, MAPPING, WORKLOAD, replaced
from tests.cli.plans import compared, kept_between
from tests.report.html_pages import Parsed

PAGES = ("evaluation", "plan", "comparison", "sizing", "front", "validation")
NASTY = "</script><script>alert('1')</script>\"&<b>"


def design(workload: str = WORKLOAD, mapping: str = MAPPING, architecture: str = ARCHITECTURE) -> Design:
    tree = mapping_from_node(parse_document(mapping))
    assert isinstance(tree, LoopTree)
    return bind(
        workload_from_node(parse_document(workload)), architecture_from_node(parse_document(architecture)), tree
    )


def evaluation_page() -> str:
    bound = design()
    return evaluation_html(bound, evaluate_design(bound), made_by="Made by a test.")


@cache
def sized() -> Sizing:
    """Two small convolutions in four buffers; the largest holds every tensor."""
    network = load_workload("conv_conv", channels=4, resolution=4)
    return size(network, load_architecture("small"), capacities=(32, 64, 128, 512), workers=1)


def fronted() -> Fronted:
    """The example's two plans as a front of capacity and off-chip transfers."""
    found = compared()
    points = (found.comparison.fused, found.comparison.layer_by_layer)
    return Fronted(
        found.workload, found.architecture, Front(("capacity", "offchip"), points, "complete", 0.0, ()), 0.25
    )


def validation_page() -> str:
    return validation_html([run_case(load_case("eyeriss"), load_workload)], made_by="Made by a test.")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {
        "sizing": sizing_html(sized(), made_by="Made by a test."),
        "front": front_html(fronted(), made_by="Made by a test."),
        "validation": validation_page(),
        "evaluation": evaluation_page(),
        "plan": plan_html(kept_between(), made_by="Made by a test."),
        "comparison": comparison_html(compared(), made_by="Made by a test."),
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_names_no_address(pages: dict[str, str], name: str) -> None:
    page = Parsed(pages[name])
    assert not page.unbalanced
    assert len(page.ids) == len(set(page.ids))
    inside = {reference[1:] for reference in page.references if reference.startswith("#")}
    assert inside <= set(page.ids)
    assert {r for r in page.references if not r.startswith("#")} == {"data:,"}
    written = re.sub(r"<script>.*?</script>", "", pages[name], flags=re.DOTALL)
    assert "http:" not in written
    assert "https:" not in written


@pytest.mark.parametrize("name", PAGES)
def test_tables_have_captions_and_headers_with_a_scope(pages: dict[str, str], name: str) -> None:
    page = Parsed(pages[name])
    names = [tag for tag, _ in page.elements]
    assert names.count("table") == names.count("caption") > 0
    assert all(found.get("scope") in ("row", "col") for tag, found in page.elements if tag == "th")
    assert all(found.get("type") == "button" for tag, found in page.elements if tag == "button")


@pytest.mark.parametrize("name", PAGES)
def test_every_term_is_defined(pages: dict[str, str], name: str) -> None:
    page = Parsed(pages[name])
    linked = {found["data-term"] for tag, found in page.elements if tag == "a" and "data-term" in found}
    assert linked <= set(page.data["terms"])
    assert {f"term-{key}" for key in page.data["terms"]} <= set(page.ids)


def test_the_same_input_gives_the_same_page() -> None:
    assert evaluation_page() == evaluation_page()


def test_numbers_are_those_of_the_model(pages: dict[str, str]) -> None:
    page, found = Parsed(pages["comparison"]), compared()
    rows = {row[0]: row[2:4] for row in page.tables["table-totals"]}
    apart, fused = found.comparison.layer_by_layer.evaluation, found.comparison.fused.evaluation
    assert rows["off-chip bytes"] == [str(apart.offchip_bytes), str(fused.offchip_bytes)]
    assert rows["energy"] == [str(plain(apart.energy.total)), str(plain(fused.energy.total))]
    assert rows["latency"] == [str(plain(apart.latency.overlapped)), str(plain(fused.latency.overlapped))]
    energy = {row[0]: row[1:] for row in page.tables["table-energy"]}
    per_component = fused.energy.per_component
    assert energy["DRAM, read"][1] == str(plain(per_component["DRAM"]["read"]))
    groups = page.data["plans"]["fused"]["groups"]
    assert [group["reads"] + group["writes"] for group in groups] == [moved_bytes(g) for g in found.fused.results]
    assert sum(sum(group["energy"].values()) for group in groups) == pytest.approx(float(fused.energy.total))
    assert groups[0]["busy"] == {name: plain(n) for name, n in found.fused.results[0].busy_cycles.items()}


def test_energy_and_cycles_of_groups_add_up() -> None:
    evaluation = compared().comparison.layer_by_layer.evaluation
    total = evaluation.groups[0].energy + evaluation.groups[1].energy
    assert total.per_component == evaluation.energy.per_component
    for level, cycles in evaluation.latency.memory.items():
        assert sum(group.busy_cycles[level] for group in evaluation.groups) == cycles
    assert all(max(group.busy_cycles.values()) == group.latency_cycles for group in evaluation.groups)


def test_a_sizing_has_its_points_its_minimum_and_what_is_enough(pages: dict[str, str]) -> None:
    page, found = Parsed(pages["sizing"]), sized()
    data = page.data["curve-offchip"]
    assert [[d["x"], d["y"]] for d in data["series"][0]["dots"]] == [[p.capacity_bytes, p.value] for p in found.fused]
    assert data["rules"] == [["compulsory minimum", 416]]
    assert "needs" in data["series"][1]["dots"][0]["details"][0]
    values = {row[0]: row[1:] for row in page.tables["table-points-fused"][1:]}
    assert values["512 B"][2] == "416"
    assert page.tables["table-enough"][3][2:4] == ["82", "80"]
    assert {"curve-energy", "curve-latency"} <= set(page.data)


def test_a_front_shows_the_plan_behind_each_point(pages: dict[str, str]) -> None:
    page = Parsed(pages["front"])
    (series,) = page.data["front-capacity-offchip"]["series"]
    assert [dot["plan"] for dot in series["dots"]] == ["point-1", "point-2"] == list(page.data["plans"])
    assert series["dots"][0]["x"] == compared().fused.demand
    assert page.tables["table-front"][1][2] == str(compared().fused.plan.evaluation.offchip_bytes)


def test_a_validation_shows_every_value(pages: dict[str, str]) -> None:
    page, result = Parsed(pages["validation"]), run_case(load_case("eyeriss"), load_workload)
    rows = page.tables["table-case-eyeriss"][1:]
    met = [row for row in result.rows if row.status == "met"]
    assert [[row[2], row[3]] for row in rows] == [
        [str(plain(Fraction(r.published or 0))), str(plain(r.ours))] for r in met
    ]


def nasty_page() -> str:
    """A report in which everything that has a name has an evil one."""
    bound = design()
    first, second = bound.workload.einsums
    renamed = bind(
        type(bound.workload)(NASTY, [replace(first, name=NASTY), second]),
        replace(bound.architecture, name=NASTY),
        tree_with(bound.tree, NASTY),
    )
    return evaluation_html(renamed, evaluate_design(renamed), made_by=NASTY)


def test_names_with_markup_are_text() -> None:
    page = nasty_page()
    assert "<script>alert" not in page
    parsed = Parsed(page)
    assert not parsed.unbalanced
    assert f"{NASTY} on {NASTY}" in parsed.text
    assert parsed.data["plans"]["mapping"]["groups"][0]["layers"] == [NASTY, "conv2"]


def tree_with(tree: LoopTree, first: str) -> LoopTree:
    """The mapping with another name of its first layer."""
    assert isinstance(tree.root.end, Branch)
    chain, *others = tree.root.end.chains
    branch = Branch(tree.root.end.kind, (Chain(chain.inner, Compute(first)), *others))
    return LoopTree(Chain(tree.root.inner, branch))


def test_a_page_of_ones_own() -> None:
    dots = {"fused": [Dot(1024, 5, "1 KiB", ["groups of two"]), Dot(2048, 3, "2 KiB")]}
    chart = curve(
        "front", "Front", "What a buffer buys.", (("buffer", "B"), ("off chip", "B")), dots, rules=[("least", 2)]
    )
    table = DataTable(
        "points", "Points", (Column("point"), Column("buffer", BYTES)), [["a", 1024], ["b", Fraction(3, 2)]]
    )
    small = table_markup(DataTable("small", "Small", (Column("x"), Column("error")), [["a", Fraction(1, 2500)]]))
    assert 'data-v="0.0004">0.0004</td>' in small
    body = charts_markup(chart)
    sections = [Section("curve", "Curve", body, charts_data(chart)), Section("points", "Points", table_markup(table))]
    page = Parsed(page_html(Page("Sizes", ["A lead."], sections, "Made by a test.")))
    assert page.data["front"]["series"][0]["dots"][0] == {
        "x": 1024,
        "y": 5,
        "label": "1 KiB",
        "details": ["groups of two"],
    }
    assert page.tables["table-points"][1:] == [["a", "1024"], ["b", "1.5"]]


def test_steps_of_a_group(pages: dict[str, str]) -> None:
    """Rows of `p` in tiles of 4, columns in tiles of 8: 8 x 4 steps; the halo of two rows is kept."""
    page = Parsed(pages["evaluation"])
    (group,) = page.data["plans"]["mapping"]["groups"]
    (view,) = group["steps"]["views"]
    assert [(loop["label"], loop["tile"]) for loop in view["loops"]] == [("conv2.p", 4), ("conv2.q", 8)]
    assert [axis["size"] for axis in view["axes"].values()] == [8, 4]
    place = next(place for place in view["places"] if place["tensor"] == "F2")
    rows = str(view["loops"][0]["axis"])
    assert place["needed"]["tracks"][rows]["spans"]["1"] == [{"from": 0, "by": 4, "n": 8}, {"from": 6, "by": 4, "n": 8}]
    assert place["arriving"]["tracks"][rows]["spans"]["1"][0] == [0, 6, 10, 14, 18, 22, 26, 30]
    assert place["arrival"] == ["computed", "recomputed"]
    # 8 channels, 6 rows of 34; 8 * (2 rows of 34 + 4 rows of 10) live
    assert place["largest"] == [8 * 6 * 34, 8 * (2 * 34 + 4 * 10)]
    assert "elsewhere" in view


def test_steps_that_would_fill_the_page_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looptree.report.html.steps.MOST_NUMBERS", 10)
    (group,) = Parsed(evaluation_page()).data["plans"]["mapping"]["groups"]
    assert group["steps"] == {"problem": "Too many steps to show: conv1, conv2.", "views": []}


def test_room_of_a_group_and_of_what_is_kept_for_others() -> None:
    """`F2`, 8 x 34 x 34 bytes, stays on chip between both groups: W1 and F1 are with it, then W2 and F3."""
    page = Parsed(plan_html(kept_between(), made_by="Made by a test."))
    kept = 8 * 34 * 34
    sizes = [4 * 36 * 36 + 288, 8 * 32 * 32 + 576]
    rows = page.tables["table-room-1"][1:]
    assert [row[2:] for row in rows] == [[str(own), str(kept), str(own + kept)] for own in sizes]
    assert [bar["values"]["kept between groups"] for bar in page.data["room-1"]["bars"]] == [kept, kept]


def test_spatial_loops_and_reloaded_tensors_are_drawn() -> None:
    mapping = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F2, F3]}
  - sequential:
    - - storage: {level: GLB, tensors: [F1], overlap: drop}
      - spatial: {rank: m, tile: 1, axis: x}
      - compute: {einsum: conv1}
    - - storage: {level: GLB, tensors: [F2]}
      - compute: {einsum: conv2}
"""
    bound = design(mapping=mapping, architecture=replaced(ARCHITECTURE, "spatial: {m: 8, c: 4}", "array: {x: 8}"))
    page = Parsed(evaluation_html(bound, evaluate_design(bound), made_by=""))
    first, second = page.data["plans"]["mapping"]["groups"]
    assert first["tree"]["notes"] == ["overlap dropped"]
    assert first["tree"]["inside"][0]["axis"] == "x"
    assert "spatial loops" in first["steps"]["problem"]
    assert second["steps"]["problem"] == ""
