"""The integer program that is left when prices and fixing have done what they can, and its solution by CP-SAT.

minimise    sum of weights[j] x[j]                       (`objective`)
subject to  every layer in exactly one chosen column,    (`constraints`)
            cuts, limits, and a weight of at most `most_weight`,
            x[j] either 0 or 1                           (`variables`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looptree.search.covering.rows import Row
from looptree.search.covering.wide import ROOM


@dataclass(frozen=True, slots=True)
class Program:
    """What CP-SAT is asked.

    Attributes:
        weights: of each column; an integer of any size and sign.
        members: of each column, ascending. holders: for each layer the places of the columns that have it.
        cuts, limits: inequalities.
        order: pairs of a layer and one that waits for it, if the groups have to keep that order; else cuts alone do.
        most_weight: solutions that weigh more do not matter; None if all do.
        room: what a sum inside the solver may come to.
    """

    weights: Sequence[int]
    members: Sequence[Sequence[int]]
    holders: Sequence[Sequence[int]]
    cuts: Sequence[Row]
    limits: Sequence[Row]
    most_weight: int | None
    order: Sequence[tuple[int, int]] = ()
    room: int = ROOM

    @property
    def hopeless(self) -> bool:
        """Whether even the negative weights alone are too much."""
        return self.most_weight is not None and sum(min(0, weight) for weight in self.weights) > self.most_weight


@dataclass(frozen=True, slots=True)
class Answer:
    """What CP-SAT said.

    Attributes:
        solutions: places of the chosen columns of every solution it passed, the best one last.
        bound: no solution weighs less; None if there is none that is light enough.
        complete: whether it was not stopped.
    """

    solutions: tuple[tuple[int, ...], ...]
    bound: int | None
    complete: bool
