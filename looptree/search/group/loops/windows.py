"""Products that bound the window of a tensor from below; see `looptree.search.group.loops.reduced`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.loops.meeting import Meetings
from looptree.search.group.loops.tables import LoopTable

NOTHING, FIRST, EVERY = "nothing", "first", "every"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a factor of a window comes from.

    Attributes:
        steps: `NOTHING` for 0, `FIRST` for the first step, `EVERY` for the largest of all. table: of which loop, in
            the whole segment or in a reduced one. known: where the loops of that segment meet.
    """

    steps: str
    table: LoopTable
    known: Meetings

    def held(self, row: int, own: int) -> Array | float:
        """What the loops leave at least of the window of a tensor below so many of them."""
        if self.steps == EVERY:
            return np.asarray(self.table.held[own][row])
        needs = self.table.needs.get(self.known.tensors[row])
        return self.known.window(row, needs, own) if self.steps == FIRST else 0.0


@dataclass(frozen=True, slots=True)
class Window:
    """A product that is no larger than the window of a tensor.

    Attributes:
        words: that no loop changes. sources: where the factor of each table comes from.
    """

    words: float
    sources: tuple[Source, ...]


def size(window: Window, row: int) -> float:
    """Logarithm of a window below all loops, on average."""
    held = (np.maximum(source.held(row, len(source.table.held) - 1), 1e-9) for source in window.sources)
    return float(np.log(max(window.words, 1e-9)) + sum(np.log(each).mean() for each in held))
