"""Nests inside the tiles of a group's layers, at the memory levels below the buffer.

Which tile a layer works on follows from the loops of the group and the places of its intermediates. So once these are
decided, the nests of each layer are found by the model's own tables (`looptree.model.inside`), and kept for all
designs in which the layer has tiles of the same extents.

Before that a floor counts; see `looptree.search.group.floors`. What is computed again adds to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from looptree.architecture import Architecture, Level
from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.inference import infer
from looptree.model.inside.costs import price
from looptree.model.inside.fronts import Front, fronts
from looptree.model.inside.joint import Joint, Wanted
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.nest import Found, Nest
from looptree.model.inside.resolve import joint_of, leaf_of
from looptree.model.inside.tables import Memory
from looptree.model.operations import Operations
from looptree.model.production import all_points
from looptree.search.asked.loops import Rank
from looptree.search.group.bounds import complete_layers
from looptree.search.group.floors import Entering, Floor
from looptree.search.group.goal import EVERYTHING, Goal
from looptree.search.group.prices import Sum, direct, straight_costs
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Einsum, Workload


def inner_levels(architecture: Architecture, level: str) -> list[str]:
    """The names of the memory levels below the buffer, outermost first."""
    return [known.name for known in architecture.levels[architecture.depth(level) + 1 :]]


Counts = tuple[int, int, int]
"""Operations of a layer, output points, and words of the output that enter for the first time."""


@dataclass(frozen=True, eq=False, slots=True)
class Tile:
    """A layer of a design.

    Attributes:
        einsum: the layer. counts: what the model counts of it. leaf: what it does at each iteration, and `key`: equal
            for equal ones; `None` where its tiles are no boxes, so that no nest is found.
    """

    einsum: Einsum
    counts: Counts
    leaf: Leaf | None
    key: object


@dataclass(frozen=True, eq=False, slots=True)
class Shared:
    """What is known of the tiles of single layers, whatever group they are in.

    Attributes:
        memory: of finders. found: by what a tile is and what counts. fronts: of each level, by layer.
    """

    memory: Memory = field(default_factory=Memory)
    found: dict[object, list[Found]] = field(default_factory=dict)
    fronts: dict[str, list[list[Front]]] = field(default_factory=dict)
    _goals: dict[Goal, int] = field(default_factory=dict)
    _sums: dict[tuple[Sum, ...], int] = field(default_factory=dict)

    def number(self, goal: Goal) -> int:
        """Of the sums of a goal, equal for goals with equal sums; quicker to look up than these."""
        if goal not in self._goals:
            self._goals[goal] = self._sums.setdefault(tuple(goal.sums), len(self._sums))
        return self._goals[goal]


class Inside:
    """The nests of the layers of one segment.

    Args:
        part: the segment. level: of the buffer. shared: between segments of one network.

    Attributes:
        levels: those below the buffer, outermost first.
    """

    def __init__(self, part: Workload, architecture: Architecture, level: str, shared: Shared | None = None) -> None:
        self.part = part
        self.architecture = architecture
        self.outer: Level = architecture.level(level)
        self.direct = direct(part, self.outer)
        self.levels: Sequence[Level] = architecture.levels[architecture.depth(level) + 1 :]
        self._tiles: dict[object, Mapping[str, Tile] | None] = {}
        self.shared = Shared() if shared is None else shared
        self._counts: dict[int, bool] = {}
        self._floors: dict[tuple[str, int], Sequence[Floor | None]] = {}

    # -- tiles -------------------------------------------------------------------------------

    def tiles(self, loops: Sequence[tuple[Rank, int]], places: Mapping[str, int]) -> Mapping[str, Tile] | None:
        """Every layer of a design, by its loops and the places of the intermediates that stay inside.

        `None` where the model has no numbers for it.
        """
        key = tuple(loops), tuple(places.items())
        if key not in self._tiles:
            try:
                self._tiles[key] = self._infer(loops, places)
            except UnsupportedError:
                self._tiles[key] = None
        return self._tiles[key]

    def _infer(self, loops: Sequence[tuple[Rank, int]], places: Mapping[str, int]) -> Mapping[str, Tile]:
        names = tuple(e.name for e in self.part.einsums)
        choice = GroupChoice(
            names,
            tuple(Temporal(tuple(RankRef(r, e) for e, r in rank), tile) for rank, tile in loops),
            {tensor: places.get(tensor, 0) for tensor in self.part.tensors if tensor not in self.direct},
            level=self.outer.name,
        )
        design = bind(self.part, self.architecture, plan_tree(self.part, self.architecture, [choice]))
        inferred = infer(design, live=False)
        found = {}
        for einsum in self.part.einsums:
            chain, counts = design.leaf(einsum.name), inferred.einsums[einsum.name]
            if counts.leaf is not None:
                found[einsum.name] = _tile(
                    einsum, (counts.operations, counts.points), partial(leaf_of, design, inferred, chain)
                )
        return found

    # -- nests -------------------------------------------------------------------------------

    def nests(self, tile: Tile, goal: Goal) -> list[Found]:
        """The nests of a layer that no other one beats in any sum of a goal; none where what is pinned does not fit."""
        key = tile.key, tile.einsum.name, tile.counts, self.shared.number(goal)
        if key not in self.shared.found:
            self.shared.found[key] = self._nests(tile, goal)
        return self.shared.found[key]

    def _nests(self, tile: Tile, goal: Goal) -> list[Found]:
        if tile.leaf is None:
            return [Found(Nest(), tuple(self._accessed(tile, goal)), 0.0, 0, {}, 0)]
        wanted, (tie, *_) = self._wanted(goal), self._wanted(Goal(EVERYTHING, self.architecture, self.outer.name))
        matter = [number for number, one in enumerate(wanted) if self._matters(one)]
        judged = [wanted[number] for number in matter] or [tie]
        listed = self._joint(tile, tile.leaf).least(tile.leaf, self._places(tile), judged, tie)[0]
        sums = [dict(zip(matter, found.sums, strict=False)) for found in listed]
        return [
            replace(found, sums=tuple(known.get(number, 0.0) for number in range(len(wanted))))
            for found, known in zip(listed, sums, strict=True)
            if found.fits
        ]

    def priced(self, tile: Tile, found: Found, goal: Goal) -> list[float]:
        """What nests that were found add to each sum of another goal."""
        if tile.leaf is None:
            return self._accessed(tile, goal)
        joint = self._joint(tile, tile.leaf)
        return [joint.priced(tile.leaf, self._places(tile), found, wanted) for wanted in self._wanted(goal)]

    def _wanted(self, goal: Goal) -> list[Wanted]:
        """The sums of a goal."""
        return [Wanted(straight_costs(known, self.architecture.off_chip), known.steps) for known in goal.sums]

    def _joint(self, tile: Tile, leaf: Leaf) -> Joint:
        return joint_of(self.part, self.architecture, leaf, self.levels, tile.counts, self.shared.memory)

    def _places(self, tile: Tile) -> dict[str, Level]:
        """Where each tensor of a layer is above its nests."""
        used = (*tile.einsum.reads, tile.einsum.output.tensor)
        return {t: self.architecture.off_chip if t in self.direct else self.outer for t in used}

    def _accessed(self, tile: Tile, goal: Goal) -> list[float]:
        """What a layer without nests adds to each sum: all its operations access the buffer."""
        places, tensors, inner = self._places(tile), self.part.tensors, self.levels[-1]
        known = [price(tile.einsum, tensors, places, inner, tile.counts, wanted.cost) for wanted in self._wanted(goal)]
        return [sum(one.bypassed.values()) for one in known]

    def counts(self, goal: Goal) -> bool:
        """Whether it matters to a goal which nests there are."""
        key = self.shared.number(goal)
        if key not in self._counts:
            matter = any(map(self._matters, self._wanted(goal)))
            self._counts[key] = matter or self.architecture.dataflow is not None
        return self._counts[key]

    def _matters(self, wanted: Wanted) -> bool:
        """Whether it matters to a sum which nests there are."""
        bits = {tensor.bits for tensor in self.part.tensors.values()}
        ends = (*([self.architecture.off_chip] if self.direct else []), self.outer, *self.levels)
        return bool(wanted.steps) or any(any(wanted.cost(at, b)) for at in ends for b in bits)

    # -- floors ------------------------------------------------------------------------------

    def floors(self, goal: Goal) -> Array:
        """What the nests of all layers add at least to each sum of a goal."""
        return np.asarray(self.floors_of(Entering.nothing(), goal).sum(axis=0)[:, 0])

    def floors_of(self, known: Entering, goal: Goal) -> Array:
        """The same for each layer of some designs, of shape (layers, sums, designs)."""
        found = np.zeros((len(self.part.einsums), len(goal.sums), known.anew.shape[1]))
        if self.counts(goal):
            for row, einsum in zip(found, self.part.einsums, strict=True):
                for number, floor in enumerate(self._floors_with(einsum.name, goal)):
                    if floor is not None:
                        row[number] = floor.of(known)
        return found

    def _floors_with(self, name: str, goal: Goal) -> Sequence[Floor | None]:
        """The floors of a layer by sum; none for layers that may do less, or for sums of steps.

        The steps of a nest may be those of a loop further out.
        """
        key = name, self.shared.number(goal)
        if key not in self._floors:
            complete = name in complete_layers(self.part)
            self._floors[key] = [
                self._floor(name, one) if complete and not one.steps else None for one in self._wanted(goal)
            ]
        return self._floors[key]

    def _floor(self, name: str, wanted: Wanted) -> Floor | None:
        einsum = self.part.einsum(name)
        shapes = {tensor: known.shape for tensor, known in self.part.tensors.items()}
        points = all_points(einsum, shapes[einsum.output.tensor])
        tile = _tile(einsum, (einsum.operations, points), lambda: Leaf(Operations.full(einsum), {}, shapes, 0, 0))
        if tile.leaf is None:
            return None
        joint = self._joint(tile, tile.leaf)
        if name not in self.shared.fronts:
            musts = [*[frozenset[str]()] * (len(joint.levels) - 1), joint.pins.kept]
            self.shared.fronts[name] = [
                fronts(tile.leaf, room, must, joint.memory) for (_, room), must in zip(joint.levels, musts, strict=True)
            ]
        told = frozenset(t for t in tile.leaf.accesses if self._told(einsum, t))
        return Floor(joint, tile.leaf, self.shared.fronts[name], self._places(tile), wanted, told)

    def _told(self, einsum: Einsum, tensor: str) -> bool:
        """Whether what is known of a tensor of the segment is what one layer does with it."""
        reads = [e.name for e in self.part.einsums for access in e.inputs if access.tensor == tensor]
        return reads == [einsum.name] or (not reads and tensor == einsum.output.tensor)


def _tile(einsum: Einsum, counts: tuple[int, int], make: Callable[[], Leaf | None]) -> Tile:
    """The tiles of a layer, with operations and output points; without a leaf where they are no boxes."""
    try:
        leaf = make()
        key = leaf.key if leaf is not None else None
    except UnsupportedError:
        leaf = key = None
    begun = leaf.begun if leaf is not None and einsum.output.tensor in leaf.accesses else 0
    return Tile(einsum, (*counts, begun), leaf, key)
