"""Mistakes in a workload file: one message, exit code 2, nothing on stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import WORKLOAD, complaint, looptree, replaced, write

CONV1 = "F2[m,p,q] = F1[c,p+r,q+s] * W1[m,c,r,s]"


def message_of(folder: Path, workload: str) -> str:
    return complaint(looptree("evaluate", *write(folder, workload=workload)))


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ("0", "from 1 to 1099511627776, found 0"),
        ("-3", "from 1 to 1099511627776, found -3"),
        ("2.5", "(a whole number), found 2.5"),
        ("1e30", "(a whole number), found '1e30'"),
        ("1.5e300", "(a whole number), found '1.5e300'"),
        ("99999999999999999999", "from 1 to 1099511627776, found 99999999999999999999"),
        ("9" * 5000, "a number of 5000 digits"),
        ('"8"', "(a whole number), found '8'"),
        ("[8]", "(a whole number), found a list of 1"),
        ("true", "(a whole number), found True"),
        ("~", "(a whole number), found nothing"),
        (".nan", "(a whole number), found nan"),
        (".inf", "(a whole number), found inf"),
        ("010", "expected a decimal number, found 010"),
        ("1:30", "expected a decimal number, found 1:30"),
    ],
)
def test_extents(tmp_path: Path, extent: str, expected: str) -> None:
    message = message_of(tmp_path, replaced(WORKLOAD, "m: 8", f"m: {extent}"))
    assert "workload.yaml:5: einsums[0].ranks.m: " in message
    assert expected in message


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", "expected text, found ''"),
        ("=", "expected one tensor left of '='"),
        ("F2[m,p,q] = ", "expected a tensor right of '='"),
        ("F2[m,p,q] F1[c]", "expected one '='"),
        (f"{CONV1} = X[p]", "expected one '='"),
        ("F2[m,p,q] = F1[c,p**2]", "found 'p**2'"),
        ("F2[m,p,q] = F1[c*p]", "found 'c*p'"),
        ("F2[m,p,q] = F1[c,p+,q+s]", "found 'p+'"),
        ("F2[m,p/2,q] = F1[c,p+r,q+s]", "found 'p/2'"),
        (f"{CONV1} evil()", "cannot understand the right-hand side"),
        (f"{CONV1} W2[m]", "cannot understand the right-hand side"),
        ("F2[m,p,q] = F1[c,p+r,q+s] @ W1[m,c,r,s]", "cannot understand the right-hand side"),
        ("F2[m,p,q] = max(F1[c,p+r,q+s]", "cannot understand the right-hand side"),
        ("F2[m,p,q] = 2", "expected a tensor right of '='"),
        ("F2[m,p,q], X[m] = F1[c,p+r,q+s]", "expected one tensor left of '='"),
        (f"F2[m,p,q] = F1[c,{'9' * 5000}*p+r,q+s] * W1[m,c,r,s]", "expected an index such as p"),
    ],
)
def test_expressions(tmp_path: Path, expression: str, expected: str) -> None:
    message = message_of(tmp_path, replaced(WORKLOAD, CONV1, expression))
    assert "workload.yaml:4: einsums[0].expression: " in message
    assert expected in message


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("einsums:", "einsum:", ":2: expected either 'einsums' or 'layers', found name, einsum, tensors (did you mean"),
        ("expression", "expresion", "einsums[0].expresion: unknown key 'expresion' (did you mean 'expression'?)"),
        ("{bits: 8}", "{bit: 8}", "tensors.F1.bit: unknown key 'bit' (did you mean 'bits'?)"),
        ("m: 8,", "m: 8, m: 9,", "einsums[0].ranks: key 'm' stands here twice"),
        ("m: 8, ", "", "einsum 'conv1': rank 'm' is used in the expression but has no extent"),
        ("m: 8, ", "m: 8, z: 3, ", "einsum 'conv1': rank 'z' has an extent but the expression does not use it"),
        ("F3[m,p,q] =", "F2[m,p,q] =", "einsum 'conv2': tensor 'F2' is produced twice, by 'conv1' as well"),
        ("{F1: {bits: 8}}", "{F9: {bits: 8}}", "tensor 'F9' is declared but no einsum uses it"),
        ("F1[c,p+r,q+s]", "F3[c,p,q]", "tensor 'F2' depends on itself: a cycle through 'conv1' and 'conv2'"),
        ("F1[c,p+r,q+s]", "F2[c,p,q]", "einsum 'conv1': tensor 'F2' depends on itself (what it writes needs"),
        ("p: 34", "p: 33", "tensor 'F2': shapes do not meet in dimension 1: 'conv1' writes coordinates up to 32"),
        ("F2[c,p+r,q+s]", "F2[c,p+r]", "F2[c,p+r] has 2 dimensions, but F2[m,p,q] of einsum 'conv1' has 3"),
        ("name: conv2", "name: conv1", "einsum 'conv1': two einsums have this name"),
        ("name: conv2", "name: conv.2", "einsums[1].name: a name may hold no point"),
        ("name: conv2", "name: 2", "expected a name (text), found 2 (put a number in quotes"),
        ("{bits: 8}", "{shape: [4, 36]}", "tensor 'F1': the declared shape [4, 36] has 2 dimensions"),
        ("{bits: 8}", "{shape: [4, 36, 0]}", "tensors.F1.shape[2]: expected an extent from 1"),
        ("{bits: 8}", "{bits: 1.5}", "tensors.F1.bits: expected a word width in bits (a whole number)"),
        ("{F1: {bits: 8}}", "[F1]", "tensors: expected a mapping (key: value), found a list of 1"),
        ("name: two_conv", "outputs: [Q]", "tensor 'Q' is declared but no einsum uses it"),
        ("name: two_conv", "outputs: [F1]", "tensor 'F1' is declared as an output but no einsum produces it"),
        ("m: 8, p: 34, q: 34, c: 4", "m: 1e12, p: 1e12, q: 1e12, c: 4", "found '1e12'"),
        (
            "m: 8, p: 34, q: 34, c: 4",
            "m: 1099511627776, p: 1099511627776, q: 1099511627776, c: 4",
            "einsum 'conv1': expected at most 2^100 operations, found more",
        ),
    ],
)
def test_mistakes(tmp_path: Path, before: str, after: str, expected: str) -> None:
    message = message_of(tmp_path, replaced(WORKLOAD, before, after))
    assert "workload.yaml" in message
    assert expected in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("einsums: []", "a workload needs at least one einsum"),
        ("einsums:", "einsums: expected a list, found nothing"),
        ("einsums: {a: 1}", "einsums: expected a list, found a mapping with a"),
        ("hello", "expected a mapping (key: value), found 'hello'"),
        ("- a", "expected a mapping (key: value), found a list of 1"),
    ],
)
def test_not_a_workload(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in message_of(tmp_path, text)
