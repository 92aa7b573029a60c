"""What goes wrong, said in one sentence: expected, found, where, and what to do.

Everything a user types can be wrong. Such a mistake is an `InputError`; the command line
prints its message and exits with code 2. A design that is well formed but does not fit a
buffer is *not* an error: it is a value of the result (`Occupancy.fits`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class LooptreeError(Exception):
    """Base of every error that looptree raises on purpose."""


class InputError(LooptreeError):
    """Something a user wrote is not what it has to be.

    Args:
        problem: what was expected and what was found, in one sentence.
        where: the place: file, line, layer, tensor, rank (may be empty).
        hint: what to do about it (may be empty).
        guide: the page and section of the guide that explains it, such as `formats.md#mapping` (may be empty); the
            command line names it below the message.
    """

    def __init__(self, problem: str, *, where: str = "", hint: str = "", guide: str = "") -> None:
        self.problem = problem
        self.where = where
        self.hint = hint
        self.guide = guide
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{text} ({self.hint})" if self.hint else text

    def at(self, where: str) -> InputError:
        """The same problem, placed: `where` goes in front of what is already known."""
        place = f"{where}: {self.where}" if self.where else where
        return type(self)(self.problem, where=place, hint=self.hint, guide=self.guide)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.problem, self.where, self.hint, self.guide)


class UnsupportedError(InputError):
    """A well-formed request that the closed form or the simulator cannot answer."""

    def __init__(
        self, problem: str, *, where: str = "", hint: str = "", guide: str = "limits.md#what-is-refused"
    ) -> None:
        super().__init__(problem, where=where, hint=hint, guide=guide)


def _rebuild(kind: type[InputError], problem: str, where: str, hint: str, guide: str) -> InputError:
    return kind(problem, where=where, hint=hint, guide=guide)


@contextmanager
def guided(page: str) -> Iterator[None]:
    """Complaints that come out of here are explained on that page of the guide, unless they name a better one.

    >>> try:
    ...     with guided("formats.md#mapping"):
    ...         raise InputError("expected a mapping")
    ... except InputError as problem:
    ...     problem.guide
    'formats.md#mapping'
    """
    try:
        yield
    except InputError as problem:
        problem.guide = problem.guide or page
        raise


def close(found: str, known: Iterable[str]) -> str:
    """A hint that names the known word closest to `found`, if one is close: for messages that list the known ones.

    >>> close("tenors", ["level", "tensors"]), close("nothing", ["level", "tensors"])
    ("did you mean 'tensors'?", '')
    >>> close("hbm2", ["DDR4", "HBM2"])
    "did you mean 'HBM2'?"
    """
    choices = list(known)
    same = [word for word in choices if word.casefold() == found.casefold()]
    words = same or difflib.get_close_matches(found, choices, n=1)
    return f"did you mean {words[0]!r}?" if words else ""


def nearest(found: str, known: Iterable[str]) -> str:
    """A hint that names the known word closest to `found`, or lists the known ones.

    >>> nearest("tenors", ["level", "tensors"])
    "did you mean 'tensors'?"
    """
    choices = list(known)
    named = close(found, choices)
    if named:
        return named
    shown = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
    return f"known: {shown}" if choices else ""
