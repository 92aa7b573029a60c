"""Parsing `F2[m,p,q] = F1[c,2*p+r-1,q+s] * W1[m,c,r,s]`.

A hand-written reader of a tiny language: no `eval`. The right-hand side lists tensor accesses
joined by `*`, `+`, `-`, `/` or commas, optionally inside a function such as `max(...)`.
"""

from __future__ import annotations

import re

from looptree.errors import InputError
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access

_NAME = r"[A-Za-z_][A-Za-z0-9_.]*"
_ACCESS = re.compile(rf"({_NAME})\s*\[([^\[\]]*)\]")
_FUNCTION = re.compile(rf"({_NAME})\s*\(")
_TOKEN = re.compile(rf"\s*(?:(\d+)|({_NAME})|([-+*]))")
_PLACE = "@"
_JOINED = re.compile(rf" ?-? ?{_PLACE} ?(?:[-*+/,] ?{_PLACE} ?)*")
_GROUP = re.compile(rf"(?:{_NAME} ?)?\({_JOINED.pattern}\)")
_FORMULA = "tensors are joined by *, +, -, / or commas, inside one function such as max(...) or none"
_MAX_DIGITS = 18
_MAX_LENGTH = 10_000
_OPERATION_OF_SIGN = {"*": "mac", "+": "add", "-": "add", "/": "div"}


def parse_expression(text: str, where: str = "") -> tuple[Access, tuple[Access, ...], str]:
    """Output access, input accesses and the operation that the signs suggest.

    A product is a `mac` where it reduces over a rank and a `mul` where it does not; one input
    alone is a `copy` (or `add` where it reduces); a function name is the operation itself.

    Raises:
        InputError: the text is no such expression; the message quotes the part that is not understood.

    >>> out, ins, op = parse_expression("Y[p] = X[2*p+r-1] * W[r]")
    >>> str(out), [str(i) for i in ins], op
    ('Y[p]', ['X[2*p+r-1]', 'W[r]'], 'mac')
    """
    if len(text) > _MAX_LENGTH:
        raise InputError(f"expression of more than {_MAX_LENGTH} characters", where=where)
    sides = text.split("=")
    if len(sides) != 2:
        raise InputError(f"expected one '=' as in 'C[m,n] = A[m,k] * B[k,n]', found {text!r}", where=where)
    outputs = _accesses(sides[0], where)
    if len(outputs) != 1 or _ACCESS.fullmatch(sides[0].strip()) is None:
        raise InputError(f"expected one tensor left of '=', found {sides[0].strip()!r}", where=where)
    inputs = _accesses(sides[1], where)
    if not inputs:
        raise InputError(f"expected a tensor right of '=', found {sides[1].strip()!r}", where=where)
    rest = " ".join(_ACCESS.sub(_PLACE, sides[1]).split())
    if _PLACE in sides[1] or not _is_formula(rest):
        raise InputError(f"cannot understand the right-hand side of {text!r}", where=where, hint=_FORMULA)
    return outputs[0], tuple(inputs), _operation(_FUNCTION.findall(rest), rest, outputs[0], inputs)


def _is_formula(rest: str) -> bool:
    """Accesses (written `_PLACE`) joined by signs or commas, in parentheses or functions as they please."""
    before, formula = "", rest
    while before != formula:
        before, formula = formula, _GROUP.sub(_PLACE, formula)
    return _JOINED.fullmatch(formula) is not None


def _operation(functions: list[str], signs: str, output: Access, inputs: list[Access]) -> str:
    if functions:
        return functions[0]
    reduces = bool(frozenset().union(*(a.ranks for a in inputs)) - output.ranks)
    sign = next((s for s in signs if s in _OPERATION_OF_SIGN), None)
    if sign is None:
        return "add" if reduces else "copy"
    if sign == "*" and not reduces:
        return "mul"
    return _OPERATION_OF_SIGN[sign]


def _accesses(text: str, where: str) -> list[Access]:
    return [
        Access(name, tuple(parse_affine(part, where) for part in inside.split(",")) if inside.strip() else ())
        for name, inside in _ACCESS.findall(text)
    ]


def parse_affine(text: str, where: str = "") -> Affine:
    """One projection, such as `2*p+r-1`; a rank named twice is added up.

    >>> str(parse_affine("p + 2*r + p - 3"))
    '2*p+2*r-3'
    """
    problem = InputError(f"expected an index such as p, 2*p+r-1 or 0, found {text.strip()!r}", where=where)
    tokens = _tokens(text, problem)
    if not tokens:
        raise problem
    coefficients: dict[str, int] = {}
    constant = 0
    position = 0
    while position < len(tokens):
        sign = 1
        if tokens[position] in "+-":
            sign = -1 if tokens[position] == "-" else 1
            position += 1
        elif position:
            raise problem
        factor, rank, position = _product(tokens, position, problem)
        if rank is None:
            constant += sign * factor
        else:
            coefficients[rank] = coefficients.get(rank, 0) + sign * factor
    terms = tuple((rank, c) for rank, c in coefficients.items() if c)
    return Affine(terms, constant)


def _product(tokens: list[str], position: int, problem: InputError) -> tuple[int, str | None, int]:
    """Factor, rank (if any) and next position of a product such as `2*p`, `p*2` or `7`."""
    factor, rank = 1, None
    while True:
        if position >= len(tokens) or tokens[position] in "+-*":
            raise problem
        if tokens[position].isdigit():
            factor *= int(tokens[position])
        elif rank is None:
            rank = tokens[position]
        else:
            raise problem
        position += 1
        if position < len(tokens) and tokens[position] == "*":
            position += 1
            continue
        return factor, rank, position


def _tokens(text: str, problem: InputError) -> list[str]:
    tokens = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or len(match.group(1) or "") > _MAX_DIGITS:
            raise problem
        tokens.append(match.group(match.lastindex or 0))
        position = match.end()
    return tokens
