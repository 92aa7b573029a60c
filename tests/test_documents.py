"""Checked values of a document: names, prose, numbers and the kind of a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from looptree.documents import MAX_BYTES, Node, check_kind, parse_document, read_document
from looptree.errors import InputError


def value(text: str) -> Node:
    """The value of the only key of a document."""
    node = parse_document(f"key: {text}").mapping()["key"]
    assert isinstance(node, Node)
    return node


def test_names_and_prose() -> None:
    assert value("conv1").text() == "conv1"
    assert value('" conv1 "').text() == "conv1"
    assert value("[a, b]").texts() == ["a", "b"]
    assert value("a").texts() == ["a"]
    assert value("|\n  two\n  lines\n").prose() == "two\nlines"
    with pytest.raises(InputError, match="expected a name without control characters"):
        value("|\n  two\n  lines\n").text()
    with pytest.raises(InputError, match=r"expected a name \(text\), found 3 \(put a number in quotes"):
        value("3").text()
    with pytest.raises(InputError, match="expected text, found nothing"):
        value("").prose()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7), ("0x10", 16), ("1_000", 1000), ("8.0", 8), ("+3", 3), ("0", 0)],
)
def test_integers(text: str, expected: int) -> None:
    assert value(text).integer("a number", least=0) == expected


@pytest.mark.parametrize("text", ["010", "-017", "1:30", "1:30:00", "1:30.5", "9" * 401])
def test_numbers_that_people_read_otherwise(text: str) -> None:
    with pytest.raises(InputError, match=r"<text>:1: key: (expected a decimal number|a number of 401 digits)"):
        value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.1", Fraction(1, 10)), ("1e-3", Fraction(1, 1000)), ("1.0e+30", Fraction(10**30)), ("0", 0), ("0.0", 0)],
)
def test_numbers_are_exactly_what_is_written(text: str, expected: Fraction) -> None:
    assert value(text).number("an energy") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".nan", "finite"),
        ("-.inf", "finite"),
        ("1e400", "finite"),
        ("1.0e+31", "from 1e-30 to 1e30"),
        ("1.0e-31", "from 1e-30 to 1e30"),
        ("-1.0e-31", "from 1e-30 to 1e30"),
        ("-1", "of at least zero"),
        ("yes", "a number"),
        ("one", "a number"),
    ],
)
def test_numbers_that_cannot_be_meant(text: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        value(text).number("an energy")


def test_kinds_of_files() -> None:
    check_kind(parse_document("levels: []"), "levels")
    check_kind(parse_document("lvels: []"), "levels")
    with pytest.raises(InputError, match=r"expected an architecture \(levels\), found a network \(layers\)"):
        check_kind(parse_document("layers: []"), "levels")
    with pytest.raises(InputError, match="expected a mapping"):
        check_kind(parse_document("[]"), "levels")


def test_size_limit(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"# " + b"x" * MAX_BYTES)
    with pytest.raises(InputError, match="larger than 16 MiB"):
        read_document(file)
