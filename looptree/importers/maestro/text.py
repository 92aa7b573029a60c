"""Words of a MAESTRO file with the lines that they stand in; comments begin with `//`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from looptree.documents import read_bytes
from looptree.errors import InputError

_MAX_PARTS = 100
_WORD = re.compile(r"//[^\n]*|[ \t\r,;:>]+|\n|[{}()+*-]|[A-Za-z_][\w.']*|\d+|.", re.ASCII)
_DROPPED = re.compile(r"//.*|[ \t\r,;:>]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Word:
    """A name, a number or a symbol."""

    text: str
    line: int


class Words:
    """The words of a file, one after the other.

    Args:
        text: the file.
        file: its name, for messages.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self._words = _words(text)
        self._word = next(self._words, Word("", 1))

    @property
    def line(self) -> int:
        """The line of the next word, or the last one."""
        return self._word.line

    def peek(self) -> str:
        """The next word; empty at the end."""
        return self._word.text

    def take(self, expected: str) -> str:
        """The next word, whatever it is; `expected` says what it should be, for the message at the end of the file."""
        taken = self._word
        if not taken.text:
            raise self.error(f"expected {expected}, found the end of the file")
        self._word = next(self._words, Word("", taken.line))
        return taken.text

    def skip(self, symbol: str) -> bool:
        """Whether the next word is this one; if so, it is taken."""
        if self.peek() != symbol:
            return False
        self.take(symbol)
        return True

    def expect(self, symbol: str, after: str) -> None:
        """Take this word."""
        if not self.skip(symbol):
            raise self.error(f"expected {symbol!r} after {after}, found {self.found}")

    def until(self, symbol: str, after: str) -> str:
        """The words up to this one, which is taken as well, as one name."""
        parts: list[str] = []
        while self.peek() and self.peek() not in (symbol, "{", "}") and len(parts) < _MAX_PARTS:
            parts.append(self.take("a name"))
        self.expect(symbol, after)
        return "".join(parts)

    @property
    def found(self) -> str:
        """The next word for a message."""
        return repr(self.peek()[:40]) if self.peek() else "the end of the file"

    def error(self, problem: str, hint: str = "", line: int = 0) -> InputError:
        """An `InputError` that names file and line."""
        return InputError(problem, where=f"{self.file}:{line or self.line}", hint=hint)


def read_text(path: str | Path) -> str:
    """The text of a file.

    Raises:
        InputError: there is no such file, it cannot be read, is too large or no text.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("expected text in UTF-8, found something else", where=str(path)) from None


def _words(text: str) -> Iterator[Word]:
    line = 1
    for match in _WORD.finditer(text):
        word = match.group()
        if word == "\n":
            line += 1
        elif not _DROPPED.fullmatch(word):
            yield Word(word, line)
