"""Arithmetic over named numbers, as study files write it: `2 * side**2 <= 4096`, `sqrt(buffer) + max(a, b)`.

A hand-written reader: numbers, names, `+ - * / // % **`, parentheses, comparisons, and a few functions. No `eval`.
Values are exact fractions; only roots, logarithms and powers that are no whole number are rounded to float64.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from looptree.documents import Node
from looptree.errors import InputError, nearest
from looptree.units import parse_size

MAX_LENGTH = 300
MAX_NESTING = 40
LARGEST = Fraction(10) ** 40
_TOKEN = re.compile(
    r"\s*(?:(\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?(?:[KMGT]iB|[kMGT]B)?)(?![\w.])"
    r"|([A-Za-z_]\w*)|(\*\*|//|<=|>=|==|!=|[-+*/%(),<>]))"
)
_COMPARED: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}


def _root(value: Fraction) -> Fraction:
    top, bottom = math.isqrt(max(value.numerator, 0)), math.isqrt(value.denominator)
    exact = Fraction(top, bottom)
    return exact if exact * exact == value else Fraction(math.sqrt(value))


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Fraction]]] = {
    "min": (-1, min),
    "max": (-1, max),
    "ceil": (1, lambda value: Fraction(math.ceil(value))),
    "floor": (1, lambda value: Fraction(math.floor(value))),
    "round": (1, lambda value: Fraction(round(value))),
    "sqrt": (1, _root),
    "log2": (1, lambda value: Fraction(math.log2(value))),
}


@dataclass(frozen=True)
class Expression:
    """Arithmetic that has been read.

    Attributes:
        text: as written. node: where.

    >>> Expression.of(Node("2 * side**2 + 1/3", "study.yaml", 1, "")).value({"side": Fraction(4)})
    Fraction(97, 3)
    """

    text: str
    node: Node

    @classmethod
    def of(cls, node: Node) -> Expression:
        """The expression of a document: a number, or text.

        Raises:
            InputError: it is neither, or not arithmetic.
        """
        if isinstance(node.value, bool) or not isinstance(node.value, int | float | str):
            raise node.expected("a number, or arithmetic over parameters")
        if isinstance(node.value, int | float):
            node.number("a number")
        found = cls(str(node.value), node)
        _Reader(found, None).whole()
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """Names that it mentions."""
        tokens = _tokens(self)
        return frozenset(t for t in tokens if (t[0].isalpha() or t[0] == "_") and t not in _FUNCTIONS)

    @cached_property
    def upper(self) -> tuple[str, Expression] | None:
        """Of `name <= rest` the name and the rest."""
        name, sign, rest = self.text.partition("<=")
        node = self.node
        if not sign or not name.strip().isidentifier():
            return None
        return name.strip(), Expression.of(Node(rest.strip(), node.file, node.line, node.path))

    def value(self, known: Mapping[str, Fraction]) -> Fraction:
        """Its value; a comparison is 1 or 0.

        Raises:
            InputError: an unknown name, a division by zero, a root of what is negative, or a number that is too large.
        """
        return _Reader(self, known).whole()

    def check_names(self, known: Mapping[str, object] | tuple[str, ...]) -> None:
        """Raise an `InputError` for the first name that is not known."""
        for name in sorted(self.names):
            if name not in known:
                raise self.node.error(f"{self.text!r} mentions {name!r}, which is not there", nearest(name, known))


def _tokens(expression: Expression) -> list[str]:
    text, found, position = expression.text.rstrip(), [], 0
    if len(text) > MAX_LENGTH:
        raise expression.node.error(f"arithmetic of more than {MAX_LENGTH} characters")
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise expression.node.error(f"expected arithmetic, found {text!r}", f"cannot read {text[position:][:20]!r}")
        found.append(match.group(match.lastindex or 0))
        position = match.end()
    return found


class _Reader:
    """Recursive descent; without known names it only checks the form."""

    def __init__(self, expression: Expression, known: Mapping[str, Fraction] | None) -> None:
        self.expression = expression
        self.known = known
        self.tokens = _tokens(expression)
        self.position = 0
        self.nesting = 0

    def whole(self) -> Fraction:
        value = self._sum()
        if sign := self._next(*_COMPARED):
            value = Fraction(_COMPARED[sign](value, self._sum()))
        if self.position != len(self.tokens):
            raise self._problem()
        return value

    def _problem(self) -> InputError:
        found = self.tokens[self.position] if self.position < len(self.tokens) else "the end"
        text = self.expression.text
        hint = "numbers, names, + - * / // % **, ( ), one comparison, and " + ", ".join(_FUNCTIONS)
        return self.expression.node.error(f"expected arithmetic, found {text!r}, which stops at {found!r}", hint)

    def _next(self, *choices: str) -> str:
        token = self.tokens[self.position] if self.position < len(self.tokens) else ""
        if token in choices:
            self.position += 1
            return token
        return ""

    def _sum(self) -> Fraction:
        value = self._product()
        while sign := self._next("+", "-"):
            other = self._product()
            value = self._bounded(value + other if sign == "+" else value - other)
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while sign := self._next("*", "/", "//", "%"):
            other = self._signed()
            if sign == "*":
                value = self._bounded(value * other)
                continue
            if other == 0:
                if self.known is not None:
                    raise self.expression.node.error(f"division by zero in {self.expression.text!r}")
                other = Fraction(1)
            value = value / other if sign == "/" else Fraction(value // other) if sign == "//" else value % other
        return value

    def _signed(self) -> Fraction:
        if self._next("-"):
            return -self._signed()
        value = self._factor()
        if self._next("**"):
            value = self._power(value, self._signed())
        return value

    def _power(self, base: Fraction, exponent: Fraction) -> Fraction:
        if abs(exponent) > 64 or (base == 0 and exponent < 0):
            raise self.expression.node.error(f"cannot compute {self.expression.text!r}: a power of {exponent}")
        if exponent.denominator == 1:
            return self._bounded(base ** int(exponent))
        if base < 0:
            raise self.expression.node.error(f"a root of a negative number in {self.expression.text!r}")
        return self._bounded(Fraction(float(base) ** float(exponent)))

    def _factor(self) -> Fraction:
        if self._next("("):
            return self._inside()
        if self.position >= len(self.tokens):
            raise self._problem()
        token = self.tokens[self.position]
        self.position += 1
        if token[0].isdigit():
            return _number(token)
        if not (token[0].isalpha() or token[0] == "_"):
            self.position -= 1
            raise self._problem()
        if token in _FUNCTIONS and self._next("("):
            return self._called(token)
        if self.known is None:
            return Fraction(1)
        if token not in self.known:
            text = self.expression.text
            raise self.expression.node.error(
                f"{text!r} mentions {token!r}, which is not there", nearest(token, self.known)
            )
        return self.known[token]

    def _inside(self) -> Fraction:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.expression.node.error(f"arithmetic with more than {MAX_NESTING} parentheses in each other")
        value = self._sum()
        if not self._next(")"):
            raise self._problem()
        self.nesting -= 1
        return value

    def _called(self, name: str) -> Fraction:
        values = [self._sum()]
        while self._next(","):
            values.append(self._sum())
        if not self._next(")"):
            raise self._problem()
        count, function = _FUNCTIONS[name]
        if count not in (-1, len(values)):
            raise self.expression.node.error(f"{name} takes {count} number, found {len(values)}")
        if name in ("sqrt", "log2") and (values[0] < 0 or (name == "log2" and values[0] == 0)):
            raise self.expression.node.error(f"{name} of {values[0]} in {self.expression.text!r}")
        return function(*values)

    def _bounded(self, value: Fraction) -> Fraction:
        if abs(value) > LARGEST:
            raise self.expression.node.error(f"{self.expression.text!r} is too large")
        return value


def _number(token: str) -> Fraction:
    return Fraction(parse_size(token)) if token.endswith("B") else Fraction(token)
