"""The schema of case files: what is missing or unknown is refused with its line."""

from __future__ import annotations

from fractions import Fraction

import pytest

from looptree.documents import Node, parse_document
from looptree.errors import InputError
from looptree.validate import load_case, run_case
from looptree.validate.case import Case, Measure
from looptree.validate.reader import case_from_node
from looptree.validate.run import CHANGED, LEFT, MISSED

SMALL = """
name: small
title: A small case
source: nobody
year: 2024
assumes: [nothing]
parameters:
  mode:
    meaning: how
    default: alone
    choices: {alone: {point: layer_by_layer}, lines: {point: depfin, arguments: {tile_p: rows}}}
  rows: {default: 1, meaning: rows of a tile}
recipe: {workload: conv_conv, architecture: small}
references:
  -
    metric: multiply_accumulates
    value: 231211008
    unit: operations
    source: table 1
    how_read: printed
    confidence: P
    tolerance: 1
    reason: one unit of the last printed digit
not_reproduced:
  -
    what: reads
    metric: offchip_reads_bytes
    published: 4
    unit: bytes
    source: table 1
    how_read: printed
    confidence: S
    ours: 475136
    why: unknown
gaps: [energies are not published]
"""


def small(without: str = "", replace: tuple[str, str] = ("", "")) -> Node:
    """The small case without the lines that begin with a key, or with some text replaced by another."""
    lines = [line for line in SMALL.splitlines() if not without or line.split(":")[0].strip() != without]
    text = "\n".join(lines)
    assert replace[0] in text
    return parse_document(text.replace(*replace) if replace[0] else text, "case.yaml")


def changed(written: str, instead: str) -> Case:
    return case_from_node(small(replace=(written, instead)))


def test_a_small_case_is_read() -> None:
    case = case_from_node(small())
    assert (case.name, len(case.references), len(case.misses)) == ("small", 1, 1)
    assert case.measures == (
        Measure("multiply_accumulates", "", "operations"),
        Measure("offchip_reads_bytes", "", "bytes"),
    )
    assert case.gaps == ("energies are not published",)
    assert case.parameters["mode"].kind == "choice"
    assert case.parameters["rows"].names == ("rows",)


@pytest.mark.parametrize(
    "key", ["unit", "source", "confidence", "how_read", "metric", "assumes", "why", "year", "what", "recipe"]
)
def test_a_missing_key_is_refused(key: str) -> None:
    with pytest.raises(InputError, match=f"key '{key}' is missing"):
        case_from_node(small(without=key))


@pytest.mark.parametrize("key", ["published", "ours"])
def test_a_missing_value_of_a_miss_is_refused(key: str) -> None:
    with pytest.raises(InputError, match=f"key '{key}' is missing"):
        case_from_node(small(without=key))


def test_a_value_and_a_tolerance_are_needed() -> None:
    with pytest.raises(InputError, match="either value or values"):
        case_from_node(small(without="value"))
    with pytest.raises(InputError, match="either tolerance or tolerance_percent"):
        case_from_node(small(without="tolerance"))


def test_a_tolerance_needs_a_reason() -> None:
    with pytest.raises(InputError, match="needs a reason"):
        case_from_node(small(without="reason"))
    with pytest.raises(InputError, match="needs a reason"):
        changed("tolerance: 1", "tolerance: 0")


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("confidence: P", "confidence: X"),
        ("unit: operations", "unit: furlong"),
        ("metric: multiply_accumulates", "metric: happiness"),
        ("published: 4", "published: many"),
        ("how_read: printed", "how_read: ''"),
    ],
)
def test_what_is_not_known_is_refused(written: str, instead: str) -> None:
    with pytest.raises(InputError, match="expected"):
        changed(written, instead)


@pytest.mark.parametrize(
    ("at", "complaint"),
    [
        ("{size: 3}", "no parameter 'size'.*known: mode, rows"),
        ("{mode: apart}", "no choice 'apart'.*known: alone, lines"),
        ("{rows: many}", "expected rows of at least 1"),
    ],
)
def test_an_unknown_setting_is_refused_with_its_line(at: str, complaint: str) -> None:
    with pytest.raises(InputError, match=rf"case\.yaml:\d+.*{complaint}"):
        changed("value: 231211008", f"value: 231211008\n    at: {at}")


def test_an_unknown_case_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no case 'define'.*known: accelforge, defines, "):
        load_case("define")


def test_a_value_that_leaves_its_tolerance_is_told() -> None:
    row = run_case(changed("value: 231211008", "value: 231211010")).rows[0]
    assert (row.status, row.error) == (LEFT, Fraction(-2, 231211010))


def test_a_miss_that_changes_is_told() -> None:
    assert not run_case(changed("ours: 475136", "ours: 475137")).holds
    assert [row.status for row in run_case(changed("ours: 475136", "ours: 475137")).rows][1:] == [CHANGED]


def test_a_miss_as_told_breaks_nothing() -> None:
    result = run_case(case_from_node(small()))
    assert result.holds
    assert result.worst == 0
    assert result.count(MISSED) == 1
