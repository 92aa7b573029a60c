"""The constraints of the integer program, one method each."""

from __future__ import annotations

from collections.abc import Sequence

from ortools.sat.python import cp_model

from looptree.search.covering import wide
from looptree.search.covering.program import Program
from looptree.search.covering.variables import Variables


class Constraints:
    """Adds the constraints of a program to a model."""

    def __init__(self, model: cp_model.CpModel, program: Program, variables: Variables) -> None:
        self._model = model
        self._program = program
        self._variables = variables

    def add(self) -> None:
        """All of them."""
        self._every_layer_once()
        self._no_known_cycle()
        if self._program.order:
            self._no_cycle()
        self._within_limits()
        self._better_than_known()

    def _every_layer_once(self) -> None:
        """Every layer is a member of exactly one chosen column."""
        for holders in self._program.holders:
            self._model.add_exactly_one(self._variables.chosen[place] for place in holders)

    def _no_known_cycle(self) -> None:
        """The chosen columns keep every cut."""
        for row in self._program.cuts:
            chosen = [self._variables.chosen[place] for place, _ in row.entries]
            if row.most == 1:
                self._model.add_at_most_one(chosen)
            else:
                coefficients = [coefficient for _, coefficient in row.entries]
                self._model.add(cp_model.LinearExpr.weighted_sum(chosen, coefficients) <= row.most)

    def _no_cycle(self) -> None:
        """Members of a chosen column have one turn, and a later one than the layers outside that they wait for."""
        chosen, members, holders = self._variables.chosen, self._program.members, self._program.holders
        turns = self._variables.turns(len(holders))
        for place, (first, *others) in enumerate(members):
            for other in others:
                self._model.add(turns[other] == turns[first]).only_enforce_if(chosen[place])
        for before, after in self._program.order:
            together = [chosen[place] for place in holders[before] if after in members[place]]
            self._model.add(turns[after] >= turns[before] + 1 - cp_model.LinearExpr.sum(together))

    def _within_limits(self) -> None:
        """The chosen columns use no more of each quantity than there is."""
        for row in self._program.limits:
            self._at_most([place for place, _ in row.entries], [amount for _, amount in row.entries], row.most)

    def _better_than_known(self) -> None:
        """The chosen columns weigh no more than asked for. Needed only if the objective had to be shortened."""
        most, unit = self._program.most_weight, wide.leading(self._program.weights, self._program.room)[1]
        if most is not None and unit > 1:
            self._at_most(range(len(self._program.weights)), self._program.weights, most)

    def _at_most(self, places: Sequence[int], coefficients: Sequence[int], most: int) -> None:
        """A sum of chosen columns with coefficients of any size is at most `most`, of any size."""
        chosen = [self._variables.chosen[place] for place in places]
        carried: list[cp_model.IntVar] = []
        for digit in wide.digits(coefficients, most, self._program.room):
            terms = [cp_model.LinearExpr.weighted_sum(chosen, digit.coefficients), *carried]
            if digit.base:
                carried = [self._variables.carry(digit.most_carry)]
                terms.append(-digit.base * carried[0])
            self._model.add(cp_model.LinearExpr.sum(terms) <= digit.most)
