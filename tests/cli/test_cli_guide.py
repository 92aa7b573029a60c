"""The commands that the guide shows print what it says, apart from seconds and from how much was looked at."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.command_line import looptree

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[tuple[str, str]]:
    """The commands of a page, with what it says they print."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"```console\n\$ looptree ([^\n]*)\n(.*?)```", text, re.DOTALL)


def lines(text: str) -> list[str]:
    """What does not change from run to run, up to the first `...`."""
    stable = text.split("\nSearched for ")[0]
    return [line.rstrip() for line in stable.split("\n...")[0].strip().splitlines()]


@pytest.mark.slow
def test_console_blocks_of_the_page_on_searching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "90")
    shown = [(command, text) for command, text in blocks("search.md") if "--time-limit" not in command]
    assert len(shown) == 8
    for command, text in shown:
        outcome = looptree(*shlex.split(command))
        expected = lines(text)
        assert lines(outcome.out + outcome.err)[: len(expected)] == expected, command


@pytest.mark.slow
def test_console_block_of_the_page_on_sizing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ((command, text),) = blocks("sizing.md")
    assert lines(looptree(*shlex.split(command)).out) == lines(text)
