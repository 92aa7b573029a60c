"""Sums of integers of any size, for a solver whose sums have to fit 64 bits.

Positional notation does it. With the base d, coefficients c_j = d h_j + l_j and the limit L = d H + K,

    sum of c_j x_j <= L   if and only if there is an integer carry c >= 0 with
    sum of l_j x_j - d c <= K   and   sum of h_j x_j + c <= H.

The second sum has smaller numbers, and is taken apart again until it fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ROOM = 1 << 60
"""What the terms of a sum may come to: a quarter of the signed 64 bits, so that differences fit, too."""


@dataclass(frozen=True, slots=True)
class Digit:
    """One row of the positional notation: sum of coefficients * x + carry in - base * carry out <= most.

    Attributes:
        coefficients: of each x. most: the right-hand side.
        base: of the carry that it hands to the next row; 0 in the last row, which has none.
        most_carry: the largest carry that it can need.
    """

    coefficients: tuple[int, ...]
    most: int
    base: int
    most_carry: int


def digits(coefficients: Sequence[int], most: int, room: int = ROOM) -> list[Digit]:
    """A sum of 0-1 variables with coefficients of any size, at most `most`, as rows whose numbers fit.

    Args:
        room: what the terms of a row may come to.

    >>> digits([3, 4], 5)
    [Digit(coefficients=(3, 4), most=5, base=0, most_carry=0)]
    >>> for digit in digits([1000, 2047], 3000, room=1 << 8):
    ...     print(digit)
    Digit(coefficients=(40, 63), most=56, base=64, most_carry=1)
    Digit(coefficients=(15, 31), most=46, base=0, most_carry=0)
    """
    rows = []
    coming = 0
    while sum(map(abs, coefficients)) + coming > room:
        base = max(2, 1 << (room // (len(coefficients) + 1)).bit_length() - 1)
        low = tuple(c % base for c in coefficients)
        left = most % base
        carry = max(0, -(-(sum(low) + coming - left) // base))
        rows.append(Digit(low, left, base, carry))
        coefficients, most, coming = [c // base for c in coefficients], most // base, carry
    rows.append(Digit(tuple(coefficients), most, 0, 0))
    return rows


def leading(coefficients: Sequence[int], room: int = ROOM) -> tuple[list[int], int]:
    """Coefficients divided by the smallest power of two with which their sum fits, rounded down; and that power.

    >>> leading([3, -4]), leading([1000, 2047], room=1 << 10)
    (([3, -4], 1), ([250, 511], 4))
    """
    unit = 1
    while sum(abs(c // unit) for c in coefficients) > room:
        unit *= 2
    return [c // unit for c in coefficients], unit
