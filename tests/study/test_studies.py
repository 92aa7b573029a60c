"""The studies on small segments, and the page that shows them in full."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.report.study import renewed_studies
from looptree.study import StudyResult, run_study, study_names
from looptree.study.mixed import mixed
from looptree.study.recompute import front_at, partitioned_rows, recomputation_front, recompute
from looptree.study.retention import retention
from looptree.study.schedules import schedules
from looptree.study.segments import Segment
from looptree.study.small_buffers import fused_transfers, layer_by_layer_transfers, small_buffers

PAGE = Path(__file__).parents[2] / "docs" / "studies.md"
WIDE = Segment("conv_conv", {"channels": 2, "resolution": 16}, "wide")
DEEP = Segment("conv_conv", {"channels": 32, "resolution": 3}, "deep")
TRIPLE = Segment("conv_conv_conv", {"channels": 2, "resolution": 16}, "three")
TOKENS = Segment("fc_fc", {"sequence": 8, "hidden": 4}, "tokens", ("p", "f", "d"))


def test_wide_layers_want_rows_and_deep_ones_channels() -> None:
    for segment, best in ((WIDE, {"p", "q"}), (DEEP, {"m", "c"})):
        rows = schedules([segment]).tables[0].rows
        assert set(rows[0][1].split()) <= best
        assert rows[0][-1] == "1.00"


def test_per_tensor_retention_never_takes_more() -> None:
    result = retention([WIDE, DEEP])
    assert all(finding.factor >= 1 for finding in result.findings)
    assert max(finding.factor for finding in result.findings) > 2


def test_recomputation_saves_where_feature_maps_are_large() -> None:
    found = partitioned_rows(WIDE, 4)
    front = recomputation_front(found)
    assert front[-1][1] == 0
    assert front_at(front, 1.0) < front_at(front, 0)
    assert recompute([WIDE, TOKENS], tiles=3).findings[0].factor >= 1


def test_fully_connected_layers_have_nothing_to_retain_or_recompute() -> None:
    assert not any(flow.recomputed for flow in partitioned_rows(TOKENS))
    assert "No retain-or-recompute choice: fc+fc, tokens" in recompute([TOKENS], tiles=3).sentences[1]


def test_a_mixed_choice_beats_both_uniform_ones() -> None:
    smaller, fewer = mixed([TRIPLE], tiles=4).findings
    assert smaller.factor > 1
    assert fewer.factor > 1


def test_fusion_loses_in_small_buffers_and_wins_in_large_ones() -> None:
    result = small_buffers([Segment("conv_conv", {"channels": 16, "resolution": 8}, "square")], (1024, 4096))
    losses, wins = result.findings
    assert losses.factor > 1
    assert wins.factor > 1


def test_a_fused_group_in_a_large_buffer_moves_everything_once() -> None:
    workload = WIDE.load()
    sizes = {tensor: workload.tensors[tensor].size_bytes for tensor in workload.tensors}
    assert fused_transfers(workload, 1 << 20) == sum(sizes.values()) - sizes["conv1"]
    assert layer_by_layer_transfers(workload, 1 << 20) == sum(sizes.values()) + sizes["conv1"]
    assert math.isinf(layer_by_layer_transfers(workload, 2))


def test_an_unknown_study_proposes_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no study 'recomput'.*'recompute'"):
        run_study("recomput")


@pytest.fixture(scope="module")
def results() -> dict[str, StudyResult]:
    return {name: run_study(name) for name in study_names()}


@pytest.mark.slow
def test_the_page_shows_what_the_studies_find(results: dict[str, StudyResult]) -> None:
    """`looptree study schedules retention recompute mixed small_buffers --write docs/studies.md` renews it."""
    text = PAGE.read_text(encoding="utf-8")
    assert renewed_studies(text, list(results.values())) == text
    older = text.replace(f"{results['schedules'].findings[0].factor:.2f}", "86.51", 1)
    assert renewed_studies(older, list(results.values())) == text
    assert renewed_studies(older, [results["recompute"]]) == older


@pytest.mark.slow
def test_factors_are_at_least_those_of_the_paper(results: dict[str, StudyResult]) -> None:
    factors = {name: result.findings[0].factor for name, result in results.items()}
    assert factors["schedules"] >= 10
    assert factors["retention"] >= 9
    assert factors["recompute"] >= 2
    assert factors["mixed"] > 1
    assert factors["small_buffers"] > 1
