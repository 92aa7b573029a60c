"""What the right-hand side of an expression may look like, and which operation it means."""

from __future__ import annotations

import pytest

from looptree.errors import InputError
from looptree.workload.expression import parse_affine, parse_expression


@pytest.mark.parametrize(
    ("text", "operation", "inputs"),
    [
        ("Y[p] = X[p+r] * W[r]", "mac", ["X[p+r]", "W[r]"]),
        ("Y[p]=X[p]*W[p]", "mul", ["X[p]", "W[p]"]),
        ("Y[p] = X[p] + Z[p]", "add", ["X[p]", "Z[p]"]),
        ("Y[p] = X[p] - Z[p]", "add", ["X[p]", "Z[p]"]),
        ("Y[p] = X[p] / Z[p]", "div", ["X[p]", "Z[p]"]),
        ("Y[p] = X[p]", "copy", ["X[p]"]),
        ("Y[p] = X[p,r]", "add", ["X[p,r]"]),
        ("Y[p] = X[p], Z[p]", "copy", ["X[p]", "Z[p]"]),
        ("Y[p] = max(X[p+r])", "max", ["X[p+r]"]),
        ("Y[p] = max ( X[p] , Z[p] )", "max", ["X[p]", "Z[p]"]),
        ("Y[p] = (X[p] + Z[p]) * V[p]", "add", ["X[p]", "Z[p]", "V[p]"]),
        ("Y[p] = exp(X[p] - max(Z[p])) / V[]", "exp", ["X[p]", "Z[p]", "V[]"]),
        ("Y[p] = -X[p]", "add", ["X[p]"]),
        ("Y[] = X[p]\n  * W[p]", "mac", ["X[p]", "W[p]"]),
    ],
)
def test_expressions(text: str, operation: str, inputs: list[str]) -> None:
    output, found, kind = parse_expression(text)
    assert str(output).startswith("Y[")
    assert [str(access) for access in found] == inputs
    assert kind == operation


@pytest.mark.parametrize(
    "right",
    [
        "X[p] W[p]",
        "X[p] * W[p] evil()",
        "X[p] * ",
        "* X[p]",
        "X[p] ** W[p]",
        "X[p] * @",
        "X[p] @ W[p]",
        "2 * X[p]",
        "2X[p]",
        "max X[p]",
        "max(X[p]",
        "X[p])",
        "ma x(X[p])",
        "max()(X[p])",
        "X[p] * W",
        "(" * 4000 + "X[p]",
    ],
)
def test_what_is_no_expression(right: str) -> None:
    with pytest.raises(InputError, match="cannot understand the right-hand side"):
        parse_expression(f"Y[p] = {right}")


def test_deep_parentheses_take_no_time() -> None:
    _, inputs, _ = parse_expression(f"Y[p] = {'(' * 4000}X[p]{')' * 4000}")
    assert len(inputs) == 1


@pytest.mark.parametrize("text", ["", "p+", "p q", "2p", "p*q", "9" * 19, "p/2", "--p"])
def test_what_is_no_index(text: str) -> None:
    with pytest.raises(InputError, match="expected an index"):
        parse_affine(text)
