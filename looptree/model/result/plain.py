"""Exact numbers as plain ones."""

from __future__ import annotations

from fractions import Fraction


def plain(value: Fraction) -> int | float:
    """An integer where the value is one, else the nearest float."""
    return int(value) if value.denominator == 1 else float(value)
