"""The commands that the guide shows print what it says, apart from seconds and from how much was looked at."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.command_line import looptree

PAGE = Path(__file__).parents[2] / "docs" / "search.md"
BLOCKS = re.findall(r"```console\n\$ looptree ([^\n]*)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def lines(text: str) -> list[str]:
    """What does not change from run to run, up to the first `...`."""
    stable = text.split("\nSearched for ")[0]
    return [line.rstrip() for line in stable.split("\n...")[0].strip().splitlines()]


def test_console_blocks_of_the_page_on_searching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "90")
    shown = [(command, text) for command, text in BLOCKS if "--time-limit" not in command]
    assert len(shown) == 8
    for command, text in shown:
        outcome = looptree(*shlex.split(command))
        expected = lines(text)
        assert lines(outcome.out + outcome.err)[: len(expected)] == expected, command
