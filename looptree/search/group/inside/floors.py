"""What the nests inside the tiles of a segment's layers take at least, for many designs at once.

What one layer does with a tensor is in the tables of the loops if no other one reads it, if it is the output of a sink,
and where the tables have each reader by itself. Other tensors are taken to enter as often as in the best nest of the
whole layer. Operations that are computed again count; what they bring in again does so only where tables say it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.inside.fronts import Front, fronts
from looptree.model.inside.joint import Joint
from looptree.model.inside.leaf import Leaf
from looptree.model.production import all_operations, all_points
from looptree.search.group.goal.goal import Goal
from looptree.search.group.inside.below import Below
from looptree.search.group.inside.floor import Doing, Floor
from looptree.search.group.loops.bounds import complete_layers
from looptree.search.group.loops.ledger import Columns
from looptree.workload import Einsum

Rows = Mapping[tuple[str, str], tuple[bool, int]]
"""Of a layer and a tensor: whether the tensor has several readers, and the row of `Columns.reads`, or of all others."""


class Floors:
    """The floors of one segment."""

    def __init__(self, below: Below) -> None:
        self.below = below
        self.complete = complete_layers(below.part)
        self._known: dict[tuple[str, int], Sequence[Floor | None]] = {}

    def total(self, goal: Goal) -> Array:
        """What the nests of all layers add at least to each sum of a goal."""
        return np.asarray(self.of(goal).sum(axis=0)[:, 0])

    def of(self, goal: Goal, columns: Columns | None = None, rows: Rows | None = None) -> Array:
        """The same for each layer of some designs, or of one of which nothing is known.

        Returns:
            of shape (layers, sums, designs).
        """
        einsums = self.below.part.einsums
        found = np.zeros((len(einsums), len(goal.sums), 1 if columns is None else columns.size))
        for number, einsum in enumerate(einsums if self.below.counts(goal) else ()):
            listed = [(at, floor) for at, floor in enumerate(self._floors(einsum, goal)) if floor is not None]
            known = self._doing(number, listed[0][1].tensors, columns, rows or {}) if listed else None
            for at, floor in listed:
                assert known is not None, "the floors of a layer are of the same tensors"
                found[number, at] = floor.of(known)
        return found

    def _doing(self, at: int, tensors: Sequence[str], columns: Columns | None, rows: Rows) -> Doing:
        """What the loops alone make of a layer, by its number; zero where the tables do not say that of one layer."""
        einsum = self.below.part.einsums[at]
        anew, still, window = np.zeros((3, len(tensors), 1 if columns is None else columns.size))
        if columns is None:
            points = all_points(einsum, self.below.part.tensors[einsum.output.tensor].shape)
            done = float(all_operations(self.below.part, einsum).total({}))
            return Doing(anew, still, window, np.array([done]), np.array([points / done]))
        alone = len(self.below.part.einsums) == 1
        reads = columns.work("reads")
        for number, tensor in enumerate(tensors):
            several, row = rows.get((einsum.name, tensor), (False, None))
            if row is not None:
                anew[number] = reads[row] if several else columns.apart[row]
                still[number] = columns.entered[-1][row] if alone else anew[number]
                window[number] = 0.0 if several else columns.kept[-1][row]
        return Doing(anew, still, window, columns.work("operations")[at], columns.work("points")[at])

    def _floors(self, einsum: Einsum, goal: Goal) -> Sequence[Floor | None]:
        """The floors of a layer by sum; none for layers that may do less, or for sums of steps.

        The steps of a nest may be those of a loop further out.
        """
        key = einsum.name, self.below.shared.number(goal)
        if key not in self._known:
            self._known[key] = [
                None if one.steps or einsum.name not in self.complete else self._floor(einsum, goal, at)
                for at, one in enumerate(goal.sums)
            ]
        return self._known[key]

    def _floor(self, einsum: Einsum, goal: Goal, at: int) -> Floor | None:
        below, part = self.below, self.below.part
        layer = einsum.name, tuple((t, part.kind(t) == "weight") for t in (*einsum.reads, einsum.output.tensor))
        floors = below.shared.floors
        if (layer, goal.sums[at]) not in floors:
            leaf = self._whole(einsum)
            if leaf is None:
                floors[layer, goal.sums[at]] = None
            else:
                points = all_points(einsum, leaf.shapes[einsum.output.tensor])
                begun = leaf.begun if einsum.output.tensor in leaf.accesses else 0
                joint = below.joint(leaf, (leaf.operations.total({}), points, begun))
                known, places = self._fronts(layer, joint, leaf), below.places(einsum)
                floors[layer, goal.sums[at]] = Floor(joint, leaf, known, places, below.wanted(goal)[at])
        return floors[layer, goal.sums[at]]

    def _fronts(self, layer: object, joint: Joint, leaf: Leaf) -> list[list[Front]]:
        """The fronts of a layer at each level; what is pinned is pinned at the innermost one."""
        known = self.below.shared.fronts
        if layer not in known:
            must = [*[frozenset[str]()] * (len(joint.levels) - 1), joint.pins.kept]
            known[layer] = [
                fronts(leaf, room, kept, joint.memory) for (_, room), kept in zip(joint.levels, must, strict=True)
            ]
        return known[layer]

    def _whole(self, einsum: Einsum) -> Leaf | None:
        """A layer that no loop cuts; `None` where its tiles are no boxes."""
        shapes = {tensor: known.shape for tensor, known in self.below.part.tensors.items()}
        try:
            return Leaf(all_operations(self.below.part, einsum), {}, shapes, 0, 0)
        except UnsupportedError:
            return None
