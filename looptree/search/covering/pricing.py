"""A lower bound and reduced costs that hold exactly, in integers, whatever the floating-point solver got wrong.

With any prices y_i of the layers and w_r >= 0 of the rows, column j has the reduced cost

    r_j = weight_j - sum of y_i over its layers + sum of w_r a_rj,

and since a cover holds every layer once and keeps every row, its weight is

    sum of weight_j x_j  >=  sum of y_i - sum of w_r most_r + sum of r_j x_j.

If no r_j is negative, the first two sums are a bound, and the bound plus r_j is one for the covers with column j. So
duals of the linear relaxation are rounded to fractions with one denominator, and then the prices of layers are lowered
where a reduced cost is negative and raised where there is room.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looptree.search.covering.precedence import bits
from looptree.search.covering.relaxation import Fractional, Relaxation, scale_of

PRECISION_BITS = 40


@dataclass(frozen=True, slots=True)
class Pricing:
    """Prices of layers, and what follows from them. All numbers are integers that count 1/unit.

    Attributes:
        unit: the denominator.
        bound: no cover weighs less.
        reduced: reduced cost of each column.
        layers: price of each layer.
    """

    unit: int
    bound: int
    reduced: list[int]
    layers: list[int]

    @property
    def least(self) -> int:
        """No cover weighs less, as an integer."""
        return -(-self.bound // self.unit)

    def slack(self, most: int) -> int:
        """What the reduced costs of a cover come to at most if it weighs at most `most`."""
        return most * self.unit - self.bound

    def whole_layers(self) -> list[int]:
        """The price of each layer, rounded down to an integer."""
        return [price // self.unit for price in self.layers]


def price(relaxation: Relaxation, fractional: Fractional | None) -> Pricing:
    """Prices near the duals of a fractional solution; without one, prices found greedily.

    >>> from looptree.search.covering.relaxation import solve
    >>> triangle = Relaxation.of(3, [0b011, 0b110, 0b101, 0b111], [2, 2, 2, 9])
    >>> priced = price(triangle, solve(triangle, None))
    >>> priced.least, priced.reduced[3] // priced.unit  # half of each column of two layers; 9 - 3
    (3, 6)
    """
    unit = _unit(relaxation)
    layers, rows = [0] * len(relaxation.holders), [0] * len(relaxation.rows)
    if fractional is not None:
        scale = relaxation.scale * unit
        layers = [round(Fraction(dual) * scale) for dual in fractional.layers]
        rows = [
            round(Fraction(dual) * scale / scale_of(row))
            for dual, row in zip(fractional.rows, relaxation.rows, strict=True)
        ]
    reduced = _reduced(relaxation, unit, layers, rows)
    _fit(relaxation, layers, reduced)
    bound = sum(layers) - sum(w * row.most for w, row in zip(rows, relaxation.rows, strict=True))
    return Pricing(unit, bound, reduced, layers)


def _unit(relaxation: Relaxation) -> int:
    """A denominator fine enough for the duals to keep their digits, next to weights and coefficients of any size."""
    coarsest = max((scale_of(row) for row in relaxation.rows), default=1)
    return 1 << max(0, PRECISION_BITS + coarsest.bit_length() - relaxation.scale.bit_length())


def _reduced(relaxation: Relaxation, unit: int, layers: list[int], rows: list[int]) -> list[int]:
    """The reduced cost of each column by the definition."""
    reduced = [
        weight * unit - sum(layers[layer] for layer in bits(mask))
        for weight, mask in zip(relaxation.weights, relaxation.masks, strict=True)
    ]
    for w, row in zip(rows, relaxation.rows, strict=True):
        if w:
            for place, coefficient in row.entries:
                reduced[place] += w * coefficient
    return reduced


def _fit(relaxation: Relaxation, layers: list[int], reduced: list[int]) -> None:
    """Moves the price of each layer in turn to where the smallest reduced cost of its columns is 0.

    A column has no negative reduced cost once the first of its layers had its turn, and gets none later.
    """
    for layer, holders in enumerate(relaxation.holders):
        amount = min((reduced[place] for place in holders), default=0)
        layers[layer] += amount
        for place in holders:
            reduced[place] -= amount
