"""Results in notebooks, as tables of pandas, and pickled."""

from __future__ import annotations

import pickle
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from looptree import compare, evaluate, load_architecture, load_workload, size
from looptree.display import Displayed
from looptree.sizing import Asked
from looptree.workload import Workload

SMALL = load_architecture("small").with_capacity("GLB", 60)
NETWORK = load_workload("conv_conv", channels=2, resolution=4)
COMPARISON = compare(NETWORK, SMALL, objective="offchip", workers=1)
SIZING = size(NETWORK, SMALL, Asked(capacities=(60,), workers=1))
RESULTS: list[Displayed] = [COMPARISON, COMPARISON.fused, COMPARISON.fused.evaluation, SIZING, NETWORK]
NASTY = '<script>alert("x")</script>'


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: type(r).__name__)
def test_results_show_themselves_as_well_formed_tables(result: Displayed) -> None:
    tree = ET.fromstring(result._repr_html_())
    assert tree.find(".//table") is not None
    assert tree.find(".//td") is not None


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
    frame = COMPARISON.to_pandas()
    evaluation = COMPARISON.fused.evaluation
    fused = frame[frame["plan"] == "fused"]
    assert fused["offchip_reads_bytes"].sum() + fused["offchip_writes_bytes"].sum() == evaluation.offchip_bytes
    assert fused["operations"].sum() == evaluation.total_operations
    assert list(SIZING.to_pandas()["capacity_bytes"]) == [60, 60]
    assert NETWORK.to_pandas()["operations"].sum() == NETWORK.operations


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: type(r).__name__)
def test_results_survive_pickling(result: Displayed, tmp_path: Path) -> None:
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert again._repr_html_() == result._repr_html_()


def test_what_was_pickled_can_be_used() -> None:
    network, hardware, plan = pickle.loads(pickle.dumps((NETWORK, SMALL, COMPARISON.fused)))
    assert evaluate(network, hardware, plan.tree) == COMPARISON.fused.evaluation
