"""The linear relaxation, solved in floating point by GLOP. Nothing here is a proof; `pricing` makes one of it.

minimise    sum of weights[j] x[j]
subject to  sum of x[j] over the columns j that have layer i as a member = 1,  for every layer i
            rows,  x >= 0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ortools.linear_solver import pywraplp

from looptree.search.covering.rows import Row, holders_of


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The relaxation over some columns.

    Attributes:
        masks: members of each column. weights: its weight, an integer of any size and sign.
        rows: limits and cuts.
        holders: for each layer the places of the columns that have it.
    """

    masks: Sequence[int]
    weights: Sequence[int]
    rows: Sequence[Row]
    holders: Sequence[Sequence[int]]

    @classmethod
    def of(cls, layers: int, masks: Sequence[int], weights: Sequence[int], rows: Sequence[Row] = ()) -> Relaxation:
        """The relaxation over columns with these members."""
        return cls(masks, weights, rows, holders_of(layers, masks))

    @property
    def scale(self) -> int:
        """The largest weight."""
        return max((abs(weight) for weight in self.weights), default=0) or 1


def scale_of(row: Row) -> int:
    """The largest number in a row."""
    return max((coefficient for _, coefficient in row.entries), default=0) or 1


@dataclass(frozen=True, slots=True)
class Fractional:
    """A solution of the relaxation and of its dual, both approximate.

    Attributes:
        values: of the columns.
        layers: dual value of each layer, in units of the largest weight.
        rows: of each row, with the sign turned so that it is at least 0, in units of the largest weight per largest
            coefficient of the row.
    """

    values: tuple[float, ...]
    layers: tuple[float, ...]
    rows: tuple[float, ...]


def solve(relaxation: Relaxation, seconds: float | None) -> Fractional | None:
    """A solution; None if GLOP found no optimum in time, for whatever reason."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    if seconds is not None:
        solver.SetTimeLimit(max(1, int(seconds * 1000)))
    infinity = solver.infinity()
    columns = [solver.NumVar(0.0, infinity, "") for _ in relaxation.masks]
    objective = solver.Objective()
    scale = relaxation.scale
    for column, weight in zip(columns, relaxation.weights, strict=True):
        objective.SetCoefficient(column, weight / scale)
    objective.SetMinimization()
    layers = []
    for holders in relaxation.holders:
        layers.append(solver.Constraint(1.0, 1.0))
        for place in holders:
            layers[-1].SetCoefficient(columns[place], 1.0)
    rows = []
    for row in relaxation.rows:
        most = scale_of(row)
        rows.append(solver.Constraint(-infinity, row.most / most))
        for place, coefficient in row.entries:
            rows[-1].SetCoefficient(columns[place], coefficient / most)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return None
    return Fractional(
        tuple(column.solution_value() for column in columns),
        tuple(layer.dual_value() for layer in layers),
        tuple(max(0.0, -row.dual_value()) for row in rows),
    )
