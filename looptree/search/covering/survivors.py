"""The columns that a better cover could still use, and the potentials that make their numbers small.

Adding a constant p_i to the cost of layer i and taking it from every column that has the layer changes no comparison:
a cover holds every layer exactly once, so its cost is the sum of the p_i plus the sum of the *weights*

    weight_j = cost_j - sum of p_i over the members of j.

With duals of the linear relaxation as potentials, weights are small wherever they matter. The same holds for limited
quantities, with potentials of their own. All of this is exact integer arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from looptree.search.covering.cuts import Cut
from looptree.search.covering.precedence import bits
from looptree.search.covering.pricing import Pricing
from looptree.search.covering.problem import Problem
from looptree.search.covering.relaxation import Relaxation
from looptree.search.covering.rows import Row, holders_of


@dataclass(slots=True)
class Measure:
    """Something that columns add up to: the cost, or a limited quantity.

    Attributes:
        of: the amount of each column of the problem, with potentials taken off.
        constant: sum of the potentials.
    """

    of: list[int]
    constant: int = 0

    def shift(self, masks: Sequence[int], potentials: Sequence[int]) -> None:
        """Takes potentials off every column."""
        self.constant += sum(potentials)
        if any(potentials):
            self.of = [
                amount - sum(potentials[layer] for layer in bits(mask))
                for amount, mask in zip(self.of, masks, strict=True)
            ]


@dataclass(frozen=True, slots=True)
class Guide:
    """Reduced costs of the columns that are left, in some unit, and what those of a cover come to at most.

    Attributes:
        reduced: of each. slack: the most; None if every cover matters.
    """

    reduced: Sequence[int]
    slack: int | None


@dataclass(slots=True)
class Survivors:
    """Columns, by their number in the problem, with everything that is known of them.

    Attributes:
        problem: what it is about.
        kept: the columns that are left, ascending.
        cost: their costs. used: of each limited quantity, with its limit.
        cuts: against cycles.
    """

    problem: Problem
    kept: list[int]
    cost: Measure
    used: list[tuple[Measure, int]]
    cuts: list[Cut] = field(default_factory=list)

    @classmethod
    def of(cls, problem: Problem) -> Survivors:
        """All columns that can be in a best cover."""
        kept = problem.candidates()
        cost = Measure([problem.columns[number].cost for number in kept])
        used = [
            (Measure([problem.columns[number].uses[quantity] for number in kept]), limit)
            for quantity, limit in problem.limited
        ]
        return cls(problem, kept, cost, used)

    @property
    def masks(self) -> list[int]:
        """Members of each."""
        return [self.problem.masks[number] for number in self.kept]

    @property
    def limits(self) -> list[Row]:
        """What is left of each limited quantity once its potentials are paid."""
        return [
            Row(tuple((place, amount) for place, amount in enumerate(measure.of) if amount), limit - measure.constant)
            for measure, limit in self.used
        ]

    def holders(self) -> list[list[int]]:
        """For each layer the places in `kept` of the columns that have it."""
        return holders_of(self.problem.precedence.layers, self.masks)

    def relaxation(self, measure: Measure, limited: bool) -> Relaxation:
        """The linear relaxation that minimises a measure, with all cuts and with or without the limits."""
        masks, holders = self.masks, self.holders()
        rows = [cut.row(masks, holders) for cut in self.cuts]
        return Relaxation(masks, measure.of, rows + self.limits if limited else rows, holders)

    def _keep(self, places: Sequence[int]) -> None:
        """Drops all other columns."""
        self.kept = [self.kept[place] for place in places]
        for measure in (self.cost, *(measure for measure, _ in self.used)):
            measure.of = [measure.of[place] for place in places]

    def settle(self, measure: Measure, pricing: Pricing, most: int | None) -> Guide:
        """Makes the prices of layers potentials of a measure, and drops the columns that no cover within `most` has."""
        slack = None if most is None else pricing.slack(most - measure.constant)
        measure.shift(self.masks, pricing.whole_layers())
        places = [place for place, price in enumerate(pricing.reduced) if slack is None or price <= slack]
        self._keep(places)
        return Guide([pricing.reduced[place] for place in places], slack)
