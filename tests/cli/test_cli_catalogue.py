"""Lists of what ships, and the drawing of a layer graph."""

from __future__ import annotations

import pytest

from looptree import resources
from looptree.taxonomy.points import point_names
from tests.cli.command_line import complaint, looptree


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def first_words(text: str) -> set[str]:
    return {line.split()[0] for line in text.splitlines() if line and not line.startswith(" ")}


def test_networks() -> None:
    outcome = looptree("networks")
    assert (outcome.code, outcome.err) == (0, "")
    assert set(resources.names("workloads")) <= first_words(outcome.out)
    assert "conv_conv                            2   231.2 million          73,728" in outcome.out
    assert "parameters: batch=1, resolution=224" in outcome.out


def test_architectures() -> None:
    outcome = looptree("architectures")
    assert (outcome.code, outcome.err) == (0, "")
    assert set(resources.names("architectures")) <= first_words(outcome.out)
    assert "DRAM, GLB 512 KiB" in outcome.out


def test_points() -> None:
    outcome = looptree("points")
    assert (outcome.code, outcome.err) == (0, "")
    assert set(point_names()) <= first_words(outcome.out)
    assert "parameters: tile_p=1, tile_q=1" in outcome.out


def test_graph() -> None:
    outcome = looptree("graph", "conv_conv", "--plain", "--set", "channels=8")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("conv_conv: 2 einsums, ")
    assert "m8 p56 q56 c8 r3 s3" in outcome.out
    assert outcome.out.isascii()


def test_graph_of_what_is_not_there() -> None:
    assert complaint(looptree("graph", "resnet81")).startswith("nothing in workloads has the name 'resnet81'")
