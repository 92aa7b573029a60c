"""Values of a document, each with the place where it stood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from looptree.errors import InputError, close, nearest

_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


@dataclass(frozen=True)
class Node:
    """A value of a document and where it stands.

    Attributes:
        value: a scalar (`str`, `int`, `float`, `bool`, `None`), a list of nodes, or a dict of nodes.
        file: the name of the file, for messages.
        line: 1-based line.
        path: keys that lead here, such as `einsums[0].ranks.p`.
        tag: kind of a mapping in files of other tools, such as `Storage`; empty where there is none.
    """

    value: Any
    file: str
    line: int
    path: str
    tag: str = ""

    @property
    def where(self) -> str:
        """File, line and path of keys, as error messages print them."""
        return f"{self.file}:{self.line}" + (f": {self.path}" if self.path else "")

    def error(self, problem: str, hint: str = "") -> InputError:
        """An `InputError` at this place."""
        return InputError(problem, where=self.where, hint=hint)

    def expected(self, what: str, hint: str = "") -> InputError:
        """An `InputError` that says what was expected here and what was found."""
        return self.error(f"expected {what}, found {describe(self.value)}", hint)

    # -- shapes ---------------------------------------------------------------------------

    def mapping(self, *, known: tuple[str, ...] = (), required: tuple[str, ...] = ()) -> dict[str, Node]:
        """A mapping; its keys checked against `known` (when given) and `required`."""
        if not isinstance(self.value, dict):
            raise self.expected("a mapping (key: value)")
        found: dict[str, Node] = self.value
        for key, node in found.items():
            if known and key not in known:
                raise node.error(f"unknown key {key!r}", nearest(key, known))
        for key in required:
            if key not in found:
                raise self.error(f"key {key!r} is missing", f"found: {', '.join(found) or 'nothing'}")
        return found

    def sequence(self) -> list[Node]:
        """A list of nodes."""
        if not isinstance(self.value, list):
            raise self.expected("a list")
        return self.value

    def text(self) -> str:
        """A name: text on one line, without control characters."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.expected("a name (text)", "put a number in quotes if it is meant as a name")
        if not self.value.strip().isprintable():
            raise self.expected("a name without control characters and line breaks")
        return self.value.strip()

    def prose(self) -> str:
        """Text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.expected("text")
        return self.value.strip()

    def texts(self) -> list[str]:
        """A list of strings; a single string stands for a list of one."""
        return [n.text() for n in self.sequence()] if isinstance(self.value, list) else [self.text()]

    def boolean(self) -> bool:
        """`true` or `false`."""
        if not isinstance(self.value, bool):
            raise self.expected("true or false")
        return self.value

    def choice(self, known: tuple[str, ...]) -> str:
        """One of the `known` words."""
        found = self.text()
        if found not in known:
            raise self.error(f"expected one of {', '.join(known)}, found {found!r}", close(found, known))
        return found

    def integer(self, what: str, *, least: int = 1, most: int = 2**40) -> int:
        """A whole number in `least..most`; booleans and fractions are refused."""
        value = self.value
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.expected(f"{what} (a whole number)")
        if not least <= value <= most:
            raise self.error(f"expected {what} from {least} to {most}, found {value}")
        return value

    def number(self, what: str, *, positive: bool = False) -> Fraction:
        """A finite number that is not negative (`positive`: nor zero), exactly as it was written."""
        value = self.value
        if isinstance(value, str) and _SCIENTIFIC.fullmatch(value):
            value = float(value)  # YAML 1.1 reads 1e-3, without a point, as text
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.expected(f"{what} (a number)")
        if value != value or value in (float("inf"), float("-inf")):
            raise self.expected(f"{what} (a finite number)")
        if value and not 1e-30 <= abs(value) <= 1e30:
            raise self.expected(f"{what} (a number from 1e-30 to 1e30)")
        if value < 0 or (positive and value == 0):
            raise self.expected(f"{what} {'above' if positive else 'of at least'} zero")
        return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def describe(value: Any) -> str:
    """A value as an error message shows it: short, with its kind."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping with " + (", ".join(list(value)[:4]) or "no keys")
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
