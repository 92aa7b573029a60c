"""Results in notebooks, as tables of pandas, and pickled."""

from __future__ import annotations

import pickle
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import cache

import pytest

from looptree import bind, compare, evaluate, layer_graph, load_architecture, load_workload, size
from looptree.display import Displayed
from looptree.search import Comparison, Front
from looptree.sizing import Sizing
from looptree.study.result import StudyResult, TableData
from looptree.validate import CaseResult, load_case, run_case
from looptree.workload import Workload

NASTY = '<script>alert("x")</script>'
SMALL = load_architecture("small").with_capacity("GLB", 60)
NETWORK = load_workload("conv_conv", channels=2, resolution=4)
STUDY = StudyResult(
    "s", "A study", "What?", "all", (), ("So.",), (TableData("t", ("a",), ("b",), (("x", "1"), (NASTY, "2"))),), ()
)


@cache
def comparison() -> Comparison:
    return compare(NETWORK, SMALL, objective="offchip", space="quick", workers=1)


@cache
def sizing() -> Sizing:
    return size(NETWORK, SMALL, capacities=(60,), space="quick", workers=1)


@cache
def front() -> Front:
    found = comparison()
    return Front(("capacity", "offchip"), (found.fused, found.layer_by_layer), "complete", 0.0, ())


@cache
def case() -> CaseResult:
    return run_case(load_case("eyeriss"))


RESULTS: dict[str, Callable[[], Displayed]] = {
    "comparison": comparison,
    "plan": lambda: comparison().fused,
    "evaluation": lambda: comparison().fused.evaluation,
    "sizing": sizing,
    "workload": lambda: NETWORK,
    "front": front,
    "study": lambda: STUDY,
    "case": case,
    "architecture": lambda: SMALL,
}
TREES: dict[str, Callable[[], Displayed]] = {
    "tree": lambda: comparison().fused.tree,
    "design": lambda: bind(NETWORK, SMALL, comparison().fused.tree),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_show_themselves_as_well_formed_tables(name: str) -> None:
    tree = ET.fromstring(RESULTS[name]()._repr_html_())
    assert tree.find(".//table") is not None
    assert tree.find(".//td") is not None


@pytest.mark.parametrize("name", TREES)
def test_mappings_show_themselves_as_they_are_drawn(name: str) -> None:
    result = TREES[name]()
    text = "".join(ET.fromstring(result._repr_html_()).itertext())
    assert "compute conv1" in text
    assert list(result.to_pandas()["node"])[-1] == "compute"
    assert pickle.loads(pickle.dumps(result)) == result


def test_a_layer_graph_draws_itself() -> None:
    graph = layer_graph(load_workload("resnet18"))
    picture = ET.fromstring(graph._repr_svg_())
    names = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"conv1", "stage1_1_conv1"} <= names or len(names) == graph.number_of_nodes()
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) == graph.number_of_edges()
    assert graph.to_pandas()["operations"].sum() == sum(dict(graph.nodes(data="operations")).values())
    again = pickle.loads(pickle.dumps(graph))
    assert again._repr_svg_() == graph._repr_svg_()
    evil = type(graph)([(NASTY, "b", {"tensor": NASTY, "bytes": 1})], name=NASTY)
    assert "<script>" not in evil._repr_svg_()
    ET.fromstring(evil._repr_svg_())


def test_names_are_shown_as_text() -> None:
    shapes = {name: tensor.shape for name, tensor in NETWORK.tensors.items()}
    shown = Workload(NASTY, NETWORK.einsums, shapes=shapes)._repr_html_()
    assert "<script>" not in shown
    assert NASTY in "".join(ET.fromstring(shown).itertext())


def test_long_tables_say_what_they_leave_out() -> None:
    shown = load_workload("mobilenet_v2")._repr_html_()
    assert "... and 45 more (to_pandas() has them all)" in shown
    assert shown.count("<tr>") == 1 + 19 + 1


def test_frames_have_the_numbers_of_the_model() -> None:
    frame = comparison().to_pandas()
    evaluation = comparison().fused.evaluation
    fused = frame[frame["plan"] == "fused"]
    assert fused["offchip_reads_bytes"].sum() + fused["offchip_writes_bytes"].sum() == evaluation.offchip_bytes
    assert fused["operations"].sum() == evaluation.total_operations
    assert list(sizing().to_pandas()["capacity_bytes"]) == [60, 60]
    assert NETWORK.to_pandas()["operations"].sum() == NETWORK.operations
    assert list(front().to_pandas()["offchip_bytes"]) == [p.evaluation.offchip_bytes for p in front().points]
    assert list(SMALL.to_pandas()["capacity_bytes"])[1] == 60
    assert len(case().to_pandas()) == len(case().rows)
    assert list(STUDY.to_pandas()["a"]) == ["x", NASTY]


@pytest.mark.parametrize("name", RESULTS)
def test_results_survive_pickling(name: str) -> None:
    result = RESULTS[name]()
    again = pickle.loads(pickle.dumps(result))
    assert again == result or name == "case"  # a case equals itself only
    assert again._repr_html_() == result._repr_html_()


def test_what_was_pickled_can_be_used() -> None:
    network, hardware, plan = pickle.loads(pickle.dumps((NETWORK, SMALL, comparison().fused)))
    assert evaluate(network, hardware, plan.tree) == comparison().fused.evaluation
