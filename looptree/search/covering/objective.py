"""The objective of the integer program."""

from __future__ import annotations

import math

from ortools.sat.python import cp_model

from looptree.search.covering import wide
from looptree.search.covering.program import Program
from looptree.search.covering.variables import Variables


class Objective:
    """The weight of the chosen columns, divided by a power of two and rounded down per column if it has to be.

    Attributes:
        unit: that power of two; 1 in all but extreme cases.
    """

    def __init__(self, model: cp_model.CpModel, program: Program, variables: Variables) -> None:
        self._model = model
        self._program = program
        self._variables = variables
        self._weights, self.unit = wide.leading(program.weights, program.room)

    def add(self) -> None:
        """Minimise it, and look only at what is light enough."""
        self._model.minimize(cp_model.LinearExpr.weighted_sum(self._variables.chosen, self._weights))
        if self._program.most_weight is not None:
            most = self._program.most_weight // self.unit
            self._model.proto.objective.domain.extend([self.least, min(most, wide.ROOM)])

    @property
    def least(self) -> int:
        """The sum of the negative coefficients: no choice of columns is lighter."""
        return sum(min(0, weight) for weight in self._weights)

    def weight_of(self, bound: float) -> int:
        """No choice weighs less if the solver says that its objective is at least `bound`."""
        return max(self.least, _at_least(bound) if math.isfinite(bound) else self.least) * self.unit


def _at_least(bound: float) -> int:
    """An integer that is certainly no more than the integer that a float was rounded from.

    >>> _at_least(3.0), _at_least(float(2**60)) < 2**60
    (3, True)
    """
    whole = math.floor(bound)
    return whole if abs(whole) < 1 << 52 else whole - (abs(whole) >> 50)
