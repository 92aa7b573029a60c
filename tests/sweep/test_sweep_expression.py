"""Arithmetic of study files, with values worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.documents import Node
from looptree.errors import InputError
from looptree.sweep.expression import Expression


def expression(value: object) -> Expression:
    return Expression.of(Node(value, "study.yaml", 3, "derived.area"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2**3**2", 512),
        ("-2**2", -4),
        ("10 - 4 - 3", 3),
        ("7 // 2 + 7 % 4", 6),
        ("1/3 + 1/6", Fraction(1, 2)),
        ("16KiB / 1kB", Fraction(16384, 1000)),
        ("1.5e2", 150),
        ("min(a, 3) + max(a, b, 4)", 8),
        ("sqrt(9/4)", Fraction(3, 2)),
        ("ceil(7/2) - floor(7/2)", 1),
        ("log2(1024)", 10),
        ("a + b <= 12", 1),
        ("a == b", 0),
        (42, 42),
        (0.5, Fraction(1, 2)),
    ],
)
def test_values(text: object, value: object) -> None:
    assert expression(text).value({"a": Fraction(5), "b": Fraction(2)}) == value


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 9))
def test_as_python_counts(a: int, b: int, c: int) -> None:
    known = {"a": Fraction(a), "b": Fraction(b), "c": Fraction(c)}
    assert expression("(a - b) // c + (b * a) % c - a / c").value(known) == (a - b) // c + b * a % c - Fraction(a, c)
    assert expression("-a - -b * (c - 2)**2").value(known) == -a + b * (c - 2) ** 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected arithmetic"),
        ("1 +", "stops at 'the end'"),
        ("1 2", "stops at '2'"),
        ("(1", "expected arithmetic"),
        ("__import__('os')", "cannot read"),
        ("a.b", "cannot read"),
        ("lambda", "which is not there"),
        ("c", "which is not there"),
        ("1 / (2 - 2)", "division by zero"),
        ("sqrt(0 - 1)", "sqrt of -1"),
        ("log2(0)", "log2 of 0"),
        ("sqrt(1, 2)", "takes 1 number"),
        ("10**40 * 10**40", "too large"),
        ("2**1000", "a power of 1000"),
        ("1 <= 2 <= 3", "stops at '<='"),
        ("(" * 60 + "1" + ")" * 60, "parentheses"),
        ("1" * 301, "more than 300 characters"),
        (True, "expected a number, or arithmetic"),
        ([1], "expected a number, or arithmetic"),
    ],
)
def test_mistakes(text: object, message: str) -> None:
    with pytest.raises(InputError, match=r"study\.yaml:3") as caught:
        expression(text).value({"a": Fraction(1)})
    assert message in str(caught.value)
