"""The nine layers that MAESTRO was run on: what is right there is equal, every difference is explained to the word."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from looptree.architecture.architecture import Architecture
from looptree.importers.load import load_architecture, load_workload
from looptree.importers.maestro import counting, reported
from looptree.importers.maestro.comparison import compared, read_measured
from looptree.importers.maestro.hardware import read_hardware
from looptree.importers.maestro.mapping import mapping_of_network
from looptree.importers.maestro.nest import nest_of
from looptree.importers.maestro.statistics import Statistics, statistics_of
from looptree.importers.maestro.syntax import Network, parse_network
from looptree.importers.maestro.text import read_text
from looptree.model.evaluate import evaluate

FOLDER = Path(__file__).parent / "published"
HARDWARE = read_hardware(FOLDER / "hwA.m")
MEASURED = {row["case"]: row for row in csv.DictReader((FOLDER / "measured_hwA.csv").open())}
CASES = sorted(MEASURED)


def network(case: str) -> Network:
    path = FOLDER / f"{case}.m"
    return parse_network(read_text(path), str(path))


def statistics(case: str) -> Statistics:
    return statistics_of(network(case).layers[0], HARDWARE)


@pytest.mark.parametrize("case", CASES)
def test_operations_and_pes_are_equal(case: str) -> None:
    row, found = MEASURED[case], statistics(case).values
    assert found["Num MACs"] == int(row["exact_macs"]) == int(row["macs"])
    pes = found["Avg number of utilized PEs"]
    assert pes is not None and math.isclose(pes, float(row["utilized_pes"]), rel_tol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_what_maestro_counts_is_known_to_the_word(case: str) -> None:
    """The differences are explained by counting as MAESTRO does, which gives its own numbers."""
    row, nest = MEASURED[case], nest_of(network(case).layers[0], HARDWARE.pes)
    operands = counting.operands_of(nest)
    assert reported.reads(nest, operands["input"]) == int(row["input_l2_reads"])
    assert reported.reads(nest, operands["filter"]) == int(row["filter_l2_reads"])
    assert reported.writes(nest, operands["output"]) == int(row["output_l2_writes"])
    assert reported.l1_requirement(nest, operands) == int(row["l1_requirement"])
    assert reported.l2_requirement(nest, operands) == int(row["l2_requirement"])


EXACT = {
    # 16 groups of 4 filters, 56 rows of windows, each 64 channels x 3 rows x 58 columns.
    "conv3x3_kcp": (16 * 56 * 64 * 3 * 58, 64 * 64 * 9, 64 * 56 * 56),
    # For each filter and channel, 34 rows for the first 32 PE groups and 26 for the other 24.
    "conv3x3_yxp": (64 * 64 * (34 + 26) * 58, 64 * 64 * 9, 64 * 64 * 56 * 56),
    # 13 groups of filters; 64 and 36 channels, 28 rows of windows, 3 rows of 30 columns.
    "conv3x3_edge_kcp": (13 * 100 * 28 * 3 * 30, 50 * 100 * 9, 2 * 50 * 28 * 28),
    # 16 groups, 112 rows of windows, 3 channels x 7 rows x (7 + 111 x 2) columns.
    "conv7x7s2_kcp": (16 * 112 * 3 * 7 * 229, 64 * 3 * 49, 64 * 112 * 112),
    "dw3x3_yxp": (96 * (34 + 26) * 58, 96 * 9, 96 * 56 * 56),
    "pw1x1_kcp": (36 * 24 * 56 * 56, 144 * 24, 144 * 56 * 56),
    "pw1x1_yxp": (144 * 24 * 56 * 56, 144 * 24, 144 * 24 * 56 * 56),
    # 250 groups of filters read all channels; sums of 32 steps stay in the PEs.
    "fc_conv_kcp": (250 * 2048, 1000 * 2048, 1000),
    # The first factor is read again for each of 32 tiles of columns.
    "gemm_tiled": (32 * 128 * 512, 512 * 256, 128 * 256),
}


@pytest.mark.parametrize("case", CASES)
def test_traffic_is_exact(case: str) -> None:
    found = statistics(case).values
    assert (found["input l2 read"], found["filter l2 read"], found["output l2 write"]) == EXACT[case]


@pytest.mark.parametrize("case", CASES)
def test_every_difference_has_its_line(case: str) -> None:
    lines = compared([statistics(case)], read_measured(FOLDER / "measured_hwA.csv"), "measured_hwA.csv")
    assert len(lines) == 8
    for line in lines:
        equal = math.isclose(line.found, line.theirs, rel_tol=1e-5)
        assert equal == (line.why == "")
        assert "unexplained" not in line.why and "\n" not in line.why


def test_a_difference_that_nothing_explains_says_so() -> None:
    row = dict(MEASURED["conv3x3_kcp"], input_l2_reads="9000000")
    (why,) = (
        line.why
        for line in compared([statistics("conv3x3_kcp")], [row], "measured.csv")
        if line.statistic == "input l2 read"
    )
    assert why.endswith("-969,216 remain unexplained")


@pytest.mark.parametrize("case", [case for case in CASES if case != "conv3x3_edge_kcp"])
def test_the_exact_model_counts_the_same(case: str) -> None:
    """The dataflow as a mapping, whose tiles are those of all units together."""
    architecture: Architecture = load_architecture(FOLDER / "hwA.m")
    workload = load_workload(FOLDER / f"{case}.m")
    evaluation = evaluate(workload, architecture, mapping_of_network(network(case), HARDWARE))
    found = statistics(case).values
    moved = evaluation.transfers["L2"]
    assert evaluation.total_operations == found["Num MACs"]
    assert moved[f"{case}_in"].reads_words == found["input l2 read"]
    assert moved[f"W_{case}"].reads_words == found["filter l2 read"]
    assert moved[case].writes_words == found["output l2 write"]
