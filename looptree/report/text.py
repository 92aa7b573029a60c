"""Names as they are safe to print, and lists of names that stay short."""

from __future__ import annotations

from collections.abc import Sequence


def printable(text: str) -> str:
    """The text with everything that could move the cursor, change colours or break the line written out.

    >>> printable("conv[red]" + chr(27) + "[2J" + chr(10))
    'conv[red]\\\\x1b[2J\\\\n'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def short_layers(names: Sequence[str]) -> str:
    """One or two layers by name, more as the first, the last and how many.

    >>> short_layers(["a"]), short_layers(["a", "b"]), short_layers(["a", "b", "c"])
    ('a', 'a, b', 'a .. c (3)')
    """
    if len(names) <= 2:
        return ", ".join(names)
    return f"{names[0]} .. {names[-1]} ({len(names)})"


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "layer"), counted(2, "layer")
    ('1 layer', '2 layers')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def listed(names: Sequence[str]) -> str:
    """Names joined as in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
