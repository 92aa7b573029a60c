"""What the solver returns: a cover, what was proven of it, and at what price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Status = Literal["optimal", "feasible", "infeasible", "unknown"]
"""`feasible` and `unknown`: the time ran out or somebody pressed Ctrl-C, with a cover and without one."""

Progress = Callable[[int, int | None, str], None]
"""Called with the bound, the cost of the best cover (None while there is none), and what is being done."""


@dataclass(frozen=True, slots=True)
class Cover:
    """The columns that were chosen, and what was proven.

    Attributes:
        chosen: numbers of the columns, in an order in which their groups can run; empty if no cover was found.
        cost: sum of their costs, exact, in the unit of the columns; 0 if no cover was found.
        bound: no cover costs less. Equal to `cost` if that is proven to be optimal; of no meaning if there is no cover.
        status: `optimal` (proven), `infeasible` (proven that there is no cover), or `feasible` and `unknown` if the
            search was stopped with and without a cover.
        columns_left: columns that the search could not rule out by their reduced cost.
        cuts: inequalities against cycles of groups that were added.
        seconds: wall-clock time.
        uses: sums of the uses of the chosen columns, in their units; empty if no cover was found.
    """

    chosen: tuple[int, ...]
    cost: int
    bound: int
    status: Status
    columns_left: int
    cuts: int
    seconds: float
    uses: tuple[int, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is a cover to speak of."""
        return self.status in ("optimal", "feasible")

    @property
    def proven(self) -> bool:
        """Whether the question is settled."""
        return self.status in ("optimal", "infeasible")
