"""Arithmetic over parameters: what it computes, and that nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.documents import Node
from looptree.errors import InputError
from looptree.workload.layers.arithmetic import evaluate

PARAMETERS = {"side": 7, "heads": 12, "h_2": 3}


def value(text: object, least: int = -(2**40)) -> int:
    return evaluate(Node(text, "net.yaml", 1, "x"), PARAMETERS, "an extent", least=least)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (5, 5),
        (5.0, 5),
        ("5", 5),
        ("side", 7),
        ("2*side + 1", 15),
        ("2 * (side - 1)", 12),
        ("side // 2 * 2", 6),
        ("heads*h_2//2", 18),
        ("- side + 10", 3),
        ("10 - 3 - 2", 5),
        ("((side))", 7),
        ("2*-h_2", -6),
        ("min(side, heads) + 1", 8),
        ("2 * max(side - 1, min(4, heads), h_2)", 12),
    ],
)
def test_values(text: object, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "side +", "(side", "side)", "2 3", "side side", "8/2", "2**3", "side.x", "side[0]", "f(2)", "1e3", "0x10",
     "__import__('os')", "2^3", "1.5", ")", "*3", "// 2", "side; side", "1" * 200, "side\x00",
     "min", "min()", "min(side", "min(side,)", "max side", "side, 2"],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        value(text)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown parameter 'haeds' .*did you mean 'heads'"):
        value("haeds // 2")


def test_bounds() -> None:
    with pytest.raises(InputError, match="division by zero"):
        value("side // (side - 7)")
    with pytest.raises(InputError, match="too large"):
        value("*".join(["1000000000000"] * 3))
    with pytest.raises(InputError, match=r"from 1 to .* which is 0"):
        value("side - 7", least=1)


@given(
    st.recursive(
        st.integers(0, 99).map(str),
        lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        max_leaves=6,
    )
)
def test_agrees_with_python(text: str) -> None:
    assert value(text, least=-(10**15)) == eval(text)
