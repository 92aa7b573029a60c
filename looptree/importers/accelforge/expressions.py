"""Small languages inside AccelForge's files: arithmetic, sets of tensors, ranges of rank variables. Nothing is run."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from looptree.documents import Node

_RANGE = re.compile(r"(.+?)<=\s*([A-Za-z_]\w*)\s*(<=?)(.+)", re.DOTALL)
_MAX_LENGTH = 500
_LARGEST = 1e30
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


def number(node: Node, what: str) -> int | float | None:
    """A number, or arithmetic on numbers; `None` for `inf`.

    >>> number(Node("1024*64*8", "a.yaml", 1, "size"), "a size"), number(Node("inf", "a.yaml", 1, "size"), "a size")
    (524288, None)
    """
    value = node.value
    found: Any
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str):
        found = _computed(_parsed(value, node, what), node, what)
    else:
        raise node.expected(f"{what} (a number)")
    if found == math.inf:
        return None
    if found != found or abs(found) > _LARGEST:
        raise node.expected(f"{what} (a number)")
    return int(found) if isinstance(found, float) and found.is_integer() and abs(found) < 2**53 else found


def extent(node: Node, what: str) -> int:
    """A whole number from 1 on."""
    found = number(node, what)
    if not isinstance(found, int) or found < 1:
        raise node.expected(f"{what} (a whole number from 1 on)")
    return found


def variable_range(node: Node) -> tuple[str, int]:
    """A rank variable and its extent, from `0 <= p < 28`.

    >>> variable_range(Node("0 <= p < 4*7", "w.yaml", 1, ""))
    ('p', 28)
    """
    match = _RANGE.fullmatch(node.prose())
    if match is None:
        raise node.expected("a range such as 0 <= p < 28")
    low, name, sign, high = match.groups()
    if number(Node(low, node.file, node.line, node.path), "a bound") != 0:
        raise node.expected("a range from 0 on, such as 0 <= p < 28", "other lower bounds cannot be represented")
    return name, extent(Node(high, node.file, node.line, node.path), "a bound") + (sign == "<=")


def tensors_of(text: str, node: Node, sets: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The tensors that an expression of sets names: `~Intermediates & Inputs`, `A | B`, with a condition on `len(All)`.

    Args:
        text: the expression.
        node: where it stands.
        sets: by name, with `All`.
    """
    return _set(_parsed(text, node, "an expression of tensors"), node, sets)


def _parsed(text: str, node: Node, what: str) -> ast.expr:
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise node.expected(what) from None


def _computed(tree: ast.expr, node: Node, what: str) -> float:
    match tree:
        case ast.Constant(value=value) if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        case ast.Name(id="inf"):
            return math.inf
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_computed(operand, node, what)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base, power = _computed(left, node, what), _computed(right, node, what)
            if abs(power) <= 100 and abs(base) <= 1e6:
                return float(base**power) if power < 0 else base**power
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            try:
                found = _OPERATORS[type(operator)](_computed(left, node, what), _computed(right, node, what))
            except (ZeroDivisionError, OverflowError):
                raise node.expected(f"{what} (a number)") from None
            if abs(found) <= _LARGEST or math.isinf(found):
                return found
    raise node.expected(f"{what} (a number, or arithmetic on numbers)", "other expressions cannot be represented")


def _set(tree: ast.expr, node: Node, sets: Mapping[str, frozenset[str]]) -> frozenset[str]:
    match tree:
        case ast.Name(id=name) if name in sets:
            return sets[name]
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[]) if name in sets:
            return sets[name]
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return sets["All"] - _set(operand, node, sets)
        case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
            return _set(left, node, sets) & _set(right, node, sets)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _set(left, node, sets) | _set(right, node, sets)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _set(left, node, sets) - _set(right, node, sets)
        case ast.IfExp(test=test, body=body, orelse=other):
            return _set(body if _holds(test, node, sets) else other, node, sets)
        case ast.Name(id=name):
            return frozenset((name,)) & sets["All"]
    raise node.expected("an expression of tensors with ~, &, | and -", "other expressions cannot be represented")


def _holds(tree: ast.expr, node: Node, sets: Mapping[str, frozenset[str]]) -> bool:
    match tree:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="len"), args=[inner]),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value=count)],
        ):
            return len(_set(inner, node, sets)) == count
    raise node.expected("a condition such as len(All) == 3", "other conditions cannot be represented")
