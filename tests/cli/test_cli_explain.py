"""`looptree explain`: every quantity that is shown anywhere, and every option, has its definition."""

from __future__ import annotations

import json

import pytest

from looptree.cli.explain import options
from looptree.report.explain import term_of
from looptree.report.rows import COLUMNS
from looptree.report.sizing.rows import COLUMNS as SIZING_COLUMNS
from looptree.report.terms import TERMS
from tests.cli.command_line import complaint, looptree


@pytest.mark.parametrize("key", sorted({*COLUMNS, *SIZING_COLUMNS, *TERMS, *(t.name for t in TERMS.values())}))
def test_every_column_is_explained(key: str) -> None:
    assert term_of(key).meaning.endswith(".")


def test_every_option_has_a_text() -> None:
    assert {"--buffer", "--objective", "--figure", "--json"} <= set(options())
    empty = [(o, command) for o, commands in options().items() for command, text in commands.items() if not text]
    assert empty == []


def test_a_quantity_a_word_and_an_option() -> None:
    assert looptree("explain", "offchip_bytes").out.startswith("off-chip bytes (bytes): Bytes read from")
    assert looptree("explain", "Window").out.startswith("window bytes")
    assert "looptree compare" in looptree("explain", "--", "--buffer").out
    assert json.loads(looptree("explain", "energy_pj", "--json").out)["unit"] == "pJ"
    assert set(json.loads(looptree("explain", "--json").out)) == set(TERMS)
    assert "recomputed" in looptree("explain").out


def test_what_nothing_is_called() -> None:
    assert complaint(looptree("explain", "latencie")) == "nothing is called 'latencie' (did you mean 'latency'?)"
    assert "no command has the option '--bufer' (did you mean '--buffer'?)" in complaint(
        looptree("explain", "--", "--bufer")
    )
