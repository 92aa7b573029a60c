"""Pictures: their data is that of the model, and names of any kind are shown as text."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from looptree import load_architecture, load_workload
from looptree.architecture import Array, Compute
from looptree.errors import InputError
from looptree.model.evaluate import evaluate_design
from looptree.report.compared import Compared
from looptree.report.figures import (
    FrontPoint,
    capacity_figure,
    drawn,
    energy_figure,
    front_figure,
    graph_figure,
    latency_figure,
    layers_figure,
    occupancy_figure,
    plans_figure,
    roofline_figure,
    steps_figure,
    tree_figure,
    write_figure,
)
from looptree.report.figures.bars import energy_parts, latency_parts
from looptree.report.figures.front import undominated
from looptree.report.figures.occupancy import periods
from looptree.report.html.shown import ShownPlan, shown_design, shown_plan
from looptree.search import SPACES, compare
from looptree.sizing import Sizing
from looptree.taxonomy import Branch, Chain, LoopTree, RankRef, Spatial, Storage
from looptree.taxonomy import Compute as Leaf
from looptree.taxonomy.binding import bind
from looptree.taxonomy.points import apply_point, load_point
from tests.report.test_report_html import fronted
from tests.sizing.sizing_cases import point

pytest.importorskip("matplotlib")

SMALL = load_architecture("small").with_capacity("GLB", 60)
NETWORK = load_workload("conv_conv", channels=2, resolution=4)
NASTY = "<b>a&b</b> $x^2$ 'q' \"r\""


def sizing(network: str = "n") -> Sizing:
    return Sizing(
        network=network,
        architecture="a",
        buffer="GLB",
        objective="offchip",
        space=SPACES["default"],
        smallest_bytes=16,
        fused=(point(16, 200.0), point(64, 110.0), point(128, 100.0, bound=99.0), point(256, 99.0)),
        layer_by_layer=(point(16, 200.0), point(64, 180.0), point(128, 180.0), point(256, 180.0)),
        fused_probes=(),
        layer_by_layer_probes=(),
    )


@pytest.fixture(scope="module")
def plans() -> list[ShownPlan]:
    found = Compared(NETWORK, SMALL, compare(NETWORK, SMALL, objective="offchip", workers=1))
    return [shown_plan(found.layer_by_layer, title="layer by layer"), shown_plan(found.fused, title="fused")]


def test_parts_add_up_to_the_evaluation(plans: list[ShownPlan]) -> None:
    for plan in plans:
        energy = sum((sum(energy_parts(g.result).values(), Fraction(0)) for g in plan.groups), Fraction(0))
        cycles = sum((sum(latency_parts(g.result).values(), Fraction(0)) for g in plan.groups), Fraction(0))
        assert energy == plan.evaluation.energy.total
        assert cycles == plan.evaluation.latency.overlapped


def test_periods_are_the_occupancy_of_the_model(plans: list[ShownPlan]) -> None:
    for plan in plans:
        found = periods(plan, "GLB")
        assert max(period.taken for period in found) == plan.evaluation.occupancy["GLB"].window_bytes
        assert found[-1].end == pytest.approx(float(plan.evaluation.latency.overlapped))
        for period in found:
            assert sum(taken for _, taken in period.held.values()) >= period.taken


def test_pictures_of_plans_are_well_formed_and_the_same_every_time(plans: list[ShownPlan]) -> None:
    for made in (energy_figure, latency_figure, layers_figure, roofline_figure):
        first = drawn(made(plans), "svg")
        ET.fromstring(first)
        assert first == drawn(made(plans), "svg")
    for of_one in (graph_figure, tree_figure, occupancy_figure):
        text = "".join(ET.fromstring(drawn(of_one(plans[-1]), "svg")).itertext())
        assert "conv_conv" in text
    assert "conv1" in "".join(ET.fromstring(drawn(graph_figure(plans[-1]), "svg")).itertext())


def test_a_strip_of_steps() -> None:
    workload, architecture = load_workload("conv_conv", channels=1, resolution=6), load_architecture("small")
    tree = apply_point(load_point("fused_layer_cnn_recompute"), workload, architecture, tile_p=3, tile_q=3)
    plan = shown_design(design := bind(workload, architecture, tree), evaluate_design(design))
    text = "".join(ET.fromstring(drawn(steps_figure(plan), "svg")).itertext())
    assert "step 1 of 4" in text and "step 4 of 4" in text and "there again" in text
    assert drawn(steps_figure(plan, 0, [2]), "svg") == drawn(steps_figure(plan, 0, [2]), "svg")
    for group, steps, said in ((1, None, "expected a group from 0 to 0"), (0, [4], "expected steps from 0 to 3")):
        with pytest.raises(InputError, match=said):
            steps_figure(plan, group, steps)


def test_a_tree_says_what_runs_at_once() -> None:
    machine = replace(load_architecture("small"), compute=Compute(array=Array({"x": 2})))
    place = Storage("DRAM", tuple(NETWORK.tensors))
    chains = tuple(Chain((Spatial((RankRef("m", name),), 1, "x"),), Leaf(name)) for name in ("conv1", "conv2"))
    design = bind(NETWORK, machine, LoopTree(Chain((place,), Branch("sequential", chains))))
    text = drawn(tree_figure(shown_design(design, evaluate_design(design))), "svg").decode()
    assert text.count("at once for conv1.m in tiles of 1") == 1 and text.count("along x") == 1


def test_a_front_of_plans() -> None:
    text = "".join(ET.fromstring(drawn(plans_figure(fronted()), "svg")).itertext())
    assert "two_conv on small" in text and "off-chip transfers (KiB)" in text and "capacity (KiB)" in text


def test_pictures_show_themselves_in_notebooks() -> None:
    picture: Any = capacity_figure(sizing())
    assert ET.fromstring(picture._repr_svg_()).tag.endswith("svg")


def test_a_curve_names_its_answer_and_its_knees() -> None:
    text = " ".join("".join(ET.fromstring(drawn(capacity_figure(sizing()), "svg")).itertext()).split())
    assert "knee 128 B" in text and "minimum + 5 %: 128 B" in text


def test_names_are_text_and_never_markup_nor_formulas() -> None:
    text = "".join(ET.fromstring(drawn(capacity_figure(sizing(NASTY[:20])), "svg")).itertext())
    assert NASTY[:20] in text


@pytest.mark.parametrize(("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_formats(tmp_path: Path, form: str, start: bytes) -> None:
    write_figure(capacity_figure(sizing()), tmp_path / f"curve.{form}")
    assert (tmp_path / f"curve.{form}").read_bytes().startswith(start)


def test_what_cannot_be_drawn(plans: list[ShownPlan], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.svg, \.png, \.pdf, found 'curve.gif'"):
        write_figure(capacity_figure(sizing()), tmp_path / "curve.gif")
    with pytest.raises(InputError, match="cannot be written"):
        write_figure(capacity_figure(sizing()), tmp_path / "none" / "curve.svg")
    with pytest.raises(InputError, match="expected a group from 0 to"):
        tree_figure(plans[0], 99)
    assert list(tmp_path.iterdir()) == []


def test_a_front_is_what_no_other_point_beats() -> None:
    draw = random.Random(1)
    for _ in range(50):
        points = [FrontPoint(draw.randint(1, 6), draw.randint(1, 6), str(i)) for i in range(8)]
        expected = {
            (p.x, p.y)
            for p in points
            if not any(q.x <= p.x and q.y <= p.y and (q.x, q.y) != (p.x, p.y) for q in points)
        }
        assert [(p.x, p.y) for p in undominated(points)] == sorted(expected)
    ET.fromstring(drawn(front_figure([FrontPoint(1, 2, NASTY), FrontPoint(2, 1)], "x", "y"), "svg"))


def test_unlimited_hardware_can_be_drawn(plans: list[ShownPlan]) -> None:
    plan = plans[-1]
    levels = tuple(
        replace(level, capacity_bytes=None, bandwidth_bytes_per_cycle=None) for level in plan.design.architecture.levels
    )
    design = replace(plan.design, architecture=replace(plan.design.architecture, levels=levels))
    for figure in (roofline_figure([replace(plan, design=design)]), occupancy_figure(replace(plan, design=design))):
        ET.fromstring(drawn(figure, "svg"))
