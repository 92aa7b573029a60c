"""`--figure`: pictures as files."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.cli.command_line import complaint, looptree, write

pytest.importorskip("matplotlib")


def test_several_pictures_of_one_result(tmp_path: Path) -> None:
    files = write(tmp_path)
    graph, tree, room = (tmp_path / name for name in ("graph.svg", "tree.png", "room.pdf"))
    wanted = ("--figure", str(graph), "--figure", f"tree:1={tree}", "--figure", f"occupancy={room}")
    outcome = looptree("evaluate", *files, *wanted)
    assert (outcome.code, outcome.err) == (0, "")
    strip = tmp_path / "strip.svg"
    assert looptree("evaluate", *files, "--figure", f"steps={strip}").code == 0
    assert b"step 1 of 32" in strip.read_bytes()
    assert b"conv1" in graph.read_bytes()
    assert tree.read_bytes().startswith(b"\x89PNG") and room.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("out.gif", "--figure: expected a file name that ends in .svg, .png, .pdf, found 'out.gif'"),
        ("rooflin=out.svg", "found 'rooflin' (did you mean 'roofline'?)"),
        ("tree:0=out.svg", "expected tree:N or steps:N with the number of a group from 1 on, found 'tree:0'"),
        ("graph:1=out.svg", "expected tree:N"),
        ("none/out.svg", "there is no such folder"),
        ("", "expected a file name that ends in"),
    ],
)
def test_what_is_wrong_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = write(tmp_path)
    module = import_module("looptree.model.evaluate")
    monkeypatch.setattr(module, "evaluate_design", lambda _: pytest.fail("the work begins"))
    assert said in complaint(looptree("evaluate", *files, "--figure", figure))


@pytest.mark.parametrize(
    "options",
    [
        ("search", "conv_conv", "--html", "out.html", "-o", "./out.html"),
        ("search", "conv_conv", "--figure", "out.svg", "--figure", "tree=out.svg"),
        ("search", "conv_conv", "--front", "offchip,energy", "--figure", "out.svg", "--html", "out.svg"),
        ("compare", "conv_conv", "--mapping", "out.svg", "--figure", "out.svg"),
        ("size", "conv_conv", "-o", "out.svg", "--html", "out.svg"),
        ("validate", "isaac", "--mapping", "out.html", "--html", "out.html"),
    ],
)
def test_two_results_for_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    monkeypatch.chdir(tmp_path)
    said = complaint(looptree(*options))
    assert "expected a file of its own for each result, found two for this one (give one of them another name)" in said
    assert not list(tmp_path.iterdir())


def test_a_group_that_there_is_not(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert "--figure tree:9: expected a group from 1 to 1, found 9" in complaint(
        looptree("evaluate", *files, "--figure", f"tree:9={tmp_path / 'out.svg'}")
    )
    assert not (tmp_path / "out.svg").exists()


def test_without_matplotlib_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = complaint(looptree("evaluate", *write(tmp_path), "--figure", str(tmp_path / "out.svg")))
    assert said == "pictures need matplotlib, which is not installed (pip install 'looptree[report]')"
