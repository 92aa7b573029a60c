"""Own loops of one layer with the tensors stored inside its branch, and which ways to stream are listed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array


@dataclass(frozen=True, slots=True)
class Streamed:
    """One tensor inside the branch of its layer.

    Attributes:
        loops: own loops above its storage node.
        piece: its window, as a share of what the group's loops leave. times: words that enter, likewise.
        moves: whether one of these loops is relevant to it, so that it surely is another piece in the next run.
    """

    loops: int
    piece: float
    times: float
    moves: bool


@dataclass(frozen=True, slots=True)
class Streaming:
    """Own loops of one layer and the tensors stored inside its branch.

    Attributes:
        loops: rank and tile shape of each, outermost first. tensors: what is stored inside. trips: steps of the layer,
            as a share of those that it has without these loops. cycles: of its operations, likewise; more than 1 where
            parts of the array are idle, less where pieces leave out some of a box around a slab.
    """

    loops: tuple[tuple[str, int], ...]
    tensors: Mapping[str, Streamed]
    trips: float = 1
    cycles: float = 1

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal ways."""
        return self.loops, tuple(self.tensors.items())


@dataclass(frozen=True, slots=True)
class Idle:
    """What is listed of ways that leave parts of an array idle.

    Where nothing asks for latency, cycles are not compared (`FREE`): of ways that only differ in them one is enough.
    Else one with fewer cycles may be better. There are many of these, and few pay. So designs are bounded with those of
    `FREE`, as if they took no more cycles; if ways that leave nothing idle (`FULL`) are as good in a design, no others
    are listed.

    Attributes:
        most, fewest: cycles of the layer, as a share of those without own loops. counted: whether ways with fewer are
            better.
    """

    most: float = math.inf
    counted: bool = False
    fewest: float = 0.0

    def listed(self, cycles: Array) -> Array:
        """The numbers of the choices that take as many cycles as is listed."""
        return np.flatnonzero((cycles <= self.most) & (cycles >= self.fewest))


FREE, FULL, ALIKE = Idle(), Idle(1.0), Idle(1.0, fewest=1.0)
