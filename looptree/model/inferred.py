"""What tile inference finds out about a design: counts of each storage node and each Einsum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box
from looptree.model.operations import Operations

Axes = dict[int, Axis]


@dataclass(slots=True)
class PlaceCounts:
    """What happens at one storage node, in words of its tensor.

    Attributes:
        window: largest window. live: most words live at once.
        entered: words that ever enter a window. first: of an output, those that enter for the first time.
    """

    window: int
    live: int
    entered: int
    first: int = 0


@dataclass(slots=True)
class EinsumCounts:
    """What one Einsum does in the whole run.

    Attributes:
        operations: executed. distinct: executed at least once.
        points: output points, counted once per production.
        lifetime: loops that bound one production of a partial sum.
        leaf: its operations at the iterations of its own leaf, and the axes they are tabulated on.
    """

    operations: int
    distinct: int
    points: int
    lifetime: int
    leaf: tuple[Operations, Axes] | None = None


@dataclass(slots=True)
class Asked:
    """What is asked for of a tensor, iteration by iteration.

    Attributes:
        chain: id of the chain at whose iterations it is given. need: the box at each of them.
        sweep: loops that stand still while nothing is forgotten. axes: on which the box is tabulated.
        fresh: what of it is fresh in these sweeps.
        origin: per axis whose loops were rearranged, its own step in the chain for each of its own steps.
    """

    chain: int
    need: Box
    sweep: int
    axes: Axes
    fresh: Box
    origin: Mapping[int, Array] = field(default_factory=dict)


@dataclass(slots=True)
class Made:
    """An intermediate where it is computed, iteration by iteration.

    Attributes:
        chain: id of the chain at whose iterations it is given. axes: of the chain. need: what its consumers ask for.
        sweep: loops that stand still while nothing of it is forgotten.
        arriving: what is fresh. computed: what of that is computed; the rest comes from another instance.
    """

    chain: int
    axes: Axes
    need: Box
    sweep: int
    arriving: Box
    computed: Box


@dataclass(frozen=True, eq=False, slots=True)
class Turns:
    """The loops of a chain that take turns: its iterations without the instances of spatial loops.

    Attributes:
        axes: without spatial loops.
        steps: per axis that has some, the own step here of each of its own steps there.
    """

    axes: Axes
    steps: Mapping[int, Array]

    def most(self, key: int, axis: Axis, table: Array) -> Array:
        """A table with, at each step, the most that any instance has."""
        if key not in self.steps:
            return table
        found = np.zeros(self.axes[key].size, dtype=table.dtype)
        np.maximum.at(found, self.steps[key], np.broadcast_to(table, (axis.size,)))
        return found


@dataclass(slots=True)
class Inferred:
    """Everything that tile inference finds out about a design.

    Attributes:
        places: by id of the place. einsums: by name.
        axes: of each chain, all its loops included.
        produced: words computed of each intermediate, recomputed ones counted again.
        spilled: words of an intermediate that enter a place which has another one further out.
        sinks: of each chain, the operations of its sinks at its iterations.
        asked: by id of a place, what is asked for there.
        made: by tensor, an intermediate where it is computed.
        returned: by id of a place of a spilled intermediate, what is fresh there at the iterations that compute it.
        turns: of each chain, the iterations that take turns; `None` until someone asks (`model.turns`).
        cycles: of the steps of a leaf, by its id and units, as far as someone asked (`model.latency`).
        shares: by id of a branch of a pipeline that divides the units, along which axis and how many are its own.
    """

    places: dict[int, PlaceCounts] = field(default_factory=dict)
    einsums: dict[str, EinsumCounts] = field(default_factory=dict)
    axes: dict[int, Axes] = field(default_factory=dict)
    produced: dict[str, int] = field(default_factory=dict)
    spilled: dict[int, int] = field(default_factory=dict)
    sinks: dict[int, list[Operations]] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    returned: dict[int, Box] = field(default_factory=dict)
    turns: dict[int, Turns] | None = None
    shares: dict[int, tuple[str, int]] = field(default_factory=dict)
    cycles: dict[object, tuple[int, dict[int, Array], Axes]] = field(default_factory=dict)
