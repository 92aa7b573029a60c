"""The variables of the integer program."""

from __future__ import annotations

from ortools.sat.python import cp_model


class Variables:
    """For each column whether it is chosen.

    Attributes:
        chosen: one 0-1 variable per column.
    """

    def __init__(self, model: cp_model.CpModel, columns: int) -> None:
        self._model = model
        self.chosen = [model.new_bool_var(f"column_{place}") for place in range(columns)]

    def turns(self, layers: int) -> list[cp_model.IntVar]:
        """For each layer an integer that says when it has its turn."""
        return [self._model.new_int_var(0, max(0, layers - 1), f"turn_{layer}") for layer in range(layers)]

    def carry(self, most: int) -> cp_model.IntVar:
        """An integer from 0 to `most`, carried from one digit of a wide sum to the next."""
        return self._model.new_int_var(0, most, "")
