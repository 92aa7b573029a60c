"""Whole-number arithmetic over named parameters: `resolution // 2 + 1`.

A hand-written reader of `+ - * //`, parentheses, integers, names, `min(a, b)` and `max(a, b)`: no `eval`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from looptree.documents import Node
from looptree.errors import InputError, nearest

MAX_VALUE = 2**40
_MAX_LENGTH = 120
_TOKEN = re.compile(r"\s*(?:(\d{1,15})(?![\w.])|([A-Za-z_]\w*)|(//|[-+*(),]))")
_FUNCTIONS: Mapping[str, Callable[..., int]] = {"min": min, "max": max}


def evaluate(node: Node, parameters: Mapping[str, int], what: str, *, least: int = 1, most: int = MAX_VALUE) -> int:
    """A whole number: written out, or as arithmetic over `parameters`.

    Args:
        node: where it stands.
        parameters: what the names mean.
        what: what the number is, for messages.
        least, most: the values that make sense.

    Raises:
        InputError: neither a number nor such arithmetic, an unknown name, a value out of bounds.

    >>> evaluate(Node("2*(side // 2) + min(side, 1)", "net.yaml", 1, ""), {"side": 7}, "an extent")
    7
    """
    if not isinstance(node.value, str):
        return node.integer(what, least=least, most=most)
    value = _Parser(node, parameters, what).value()
    if not least <= value <= most:
        raise node.error(f"expected {what} from {least} to {most}, found {node.value!r}, which is {value}")
    return value


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, node: Node, parameters: Mapping[str, int], what: str) -> None:
        self.node = node
        self.parameters = parameters
        self.what = what
        self.tokens = self._tokens(node.value)
        self.position = 0

    def value(self) -> int:
        result = self._sum()
        if self.position != len(self.tokens):
            raise self._problem()
        return result

    def _problem(self) -> InputError:
        return self.node.error(
            f"expected {self.what} (a whole number, or + - * // of parameters), found {self.node.value!r}",
            f"known parameters: {', '.join(self.parameters) or 'none'}",
        )

    def _tokens(self, text: str) -> list[str]:
        if len(text) > _MAX_LENGTH:
            raise self.node.error(f"arithmetic of more than {_MAX_LENGTH} characters")
        tokens = []
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                raise self._problem()
            tokens.append(match.group(match.lastindex or 0))
            position = match.end()
        return tokens

    def _next(self, *choices: str) -> str:
        """The next token if it is one of the choices, else nothing."""
        token = self.tokens[self.position] if self.position < len(self.tokens) else ""
        if token in choices:
            self.position += 1
            return token
        return ""

    def _sum(self) -> int:
        total = self._product()
        while sign := self._next("+", "-"):
            term = self._product()
            total = self._bounded(total + term if sign == "+" else total - term)
        return total

    def _product(self) -> int:
        total = self._factor()
        while sign := self._next("*", "//"):
            factor = self._factor()
            if sign == "//" and factor == 0:
                raise self.node.error(f"division by zero in {self.node.value!r}")
            total = self._bounded(total * factor if sign == "*" else total // factor)
        return total

    def _factor(self) -> int:
        if self._next("-"):
            return -self._factor()
        if self._next("("):
            inside = self._sum()
            if not self._next(")"):
                raise self._problem()
            return inside
        if self.position >= len(self.tokens):
            raise self._problem()
        token = self.tokens[self.position]
        self.position += 1
        if token.isdigit():
            return int(token)
        if token in _FUNCTIONS and self._next("("):
            return _FUNCTIONS[token](self._arguments())
        if not (token[0].isalpha() or token[0] == "_"):
            raise self._problem()
        if token not in self.parameters:
            raise self.node.error(
                f"expected {self.what}, found {self.node.value!r} with an unknown parameter {token!r}",
                nearest(token, self.parameters) or "this network has no parameters",
            )
        return self.parameters[token]

    def _arguments(self) -> list[int]:
        """The numbers between parentheses, of which the first is read."""
        found = [self._sum()]
        while self._next(","):
            found.append(self._sum())
        if not self._next(")"):
            raise self._problem()
        return found

    def _bounded(self, value: int) -> int:
        if abs(value) > 2**62:
            raise self.node.error(f"{self.node.value!r} is too large")
        return value
