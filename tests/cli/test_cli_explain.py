"""`looptree explain`: every quantity that is shown anywhere, and every option, has its definition."""

from __future__ import annotations

import json
from typing import Any

import pytest

from looptree.cli.explain import options
from looptree.errors import InputError
from looptree.report.explain import term_of
from looptree.report.rows import COLUMNS
from looptree.report.sizing.rows import COLUMNS as SIZING_COLUMNS
from looptree.report.terms import TERMS
from tests.cli.command_line import complaint, looptree


@pytest.mark.parametrize("key", sorted({*COLUMNS, *SIZING_COLUMNS, *TERMS, *(t.name for t in TERMS.values())}))
def test_every_column_is_explained(key: str) -> None:
    assert term_of(key).meaning.endswith(".")


@pytest.mark.parametrize("word", ["halo", "sink", "tile", "rank", "retention", "fill", "drain", "recompute", "edp"])
def test_words_of_the_guide_are_explained(word: str) -> None:
    assert term_of(word).meaning.endswith(".")


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


TINY = ("--set", "channels=2", "--set", "resolution=4", "--workers", "1")
NAMES = {"DRAM", "GLB", "MAC", "conv1", "conv2", "W_conv1", "W_conv2", "image", "channels", "resolution"}


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "conv_conv", "small", "fused_layer_cnn", "--set", "tile_p=4"),
        ("compare", "conv_conv", "--architecture", "small", *TINY),
        ("search", "conv_conv", "--architecture", "small", *TINY),
        ("search", "conv_conv", "--architecture", "small", "--front", "capacity,offchip", "--points", "2", *TINY),
        ("size", "conv_conv", "--architecture", "small", *TINY, "--capacities", "64,128", "--no-cache"),
        ("validate", "eyeriss"),
    ],
    ids=lambda words: words[0],
)
def test_every_key_of_the_json_is_explained(words: tuple[str, ...]) -> None:
    unknown = []
    for key in keys_of(json.loads(looptree(*words, "--json").out)) - NAMES:
        try:
            assert term_of(key).meaning.endswith(".")
        except InputError:
            unknown.append(key)
    assert unknown == []


def keys_of(data: Any) -> set[str]:
    if isinstance(data, dict):
        return set(data).union(*map(keys_of, data.values()))
    return set().union(*map(keys_of, data)) if isinstance(data, list) else set()


def test_every_option_is_known_those_of_inner_commands_too() -> None:
    assert "sweep run" in options()["--dry-run"]
    assert "sweep show" in options()["--what"]
    assert "--quiet of looptree: Print the result, warnings" in looptree("explain", "--", "--quiet").out


def test_what_nothing_is_called() -> None:
    assert complaint(looptree("explain", "latencie")) == "nothing is called 'latencie' (did you mean 'latency'?)"
    assert "no command has the option '--bufer' (did you mean '--buffer'?)" in complaint(
        looptree("explain", "--", "--bufer")
    )
