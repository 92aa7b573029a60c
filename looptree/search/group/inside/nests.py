"""Nests inside the tiles of a group's layers, at the memory levels below the buffer.

Which tile a layer works on follows from the loops of the group and the places of its intermediates. So once these are
decided, the nests of each layer are found by the model's own tables (`looptree.model.inside`), and kept for all
designs in which the layer has tiles of the same extents.

Before that a floor counts; see `looptree.search.group.inside.floors`. What is computed again adds to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from looptree.errors import UnsupportedError
from looptree.model.inference import infer
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.nest import Found, Nest
from looptree.model.inside.resolve import leaf_of
from looptree.search.asked.loops import Rank
from looptree.search.group.goal.goal import EVERYTHING, Goal
from looptree.search.group.inside.below import Below, Counts
from looptree.search.group.inside.floors import Floors
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Einsum


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


class Inside:
    """The nests of the layers of one segment.

    Args:
        below: what they are made of and judged by.

    Attributes:
        floors: what they take at least.
    """

    def __init__(self, below: Below) -> None:
        self.below = below
        self.part = below.part
        self.shared = below.shared
        self.floors = Floors(below)
        self._tiles: dict[object, Mapping[str, Tile] | None] = {}

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
            {tensor: places.get(tensor, 0) for tensor in self.part.tensors if tensor not in self.below.direct},
            level=self.below.outer.name,
        )
        design = bind(self.part, self.below.architecture, plan_tree(self.part, self.below.architecture, [choice]))
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
        below = self.below
        if tile.leaf is None:
            return [Found(Nest(), tuple(below.accessed(tile.einsum, tile.counts, goal)), 0.0, 0, {}, 0)]
        wanted = below.wanted(goal)
        tie, *_ = below.wanted(Goal(EVERYTHING, below.architecture, below.outer.name))
        matter = [number for number, one in enumerate(wanted) if below.matters(one)]
        judged = [wanted[number] for number in matter] or [tie]
        joint, places = below.joint(tile.leaf, tile.counts), below.places(tile.einsum)
        listed = joint.least(tile.leaf, places, judged, tie)[0]
        sums = [dict(zip(matter, found.sums, strict=False)) for found in listed]
        return [
            replace(found, sums=tuple(known.get(number, 0.0) for number in range(len(wanted))))
            for found, known in zip(listed, sums, strict=True)
            if found.fits
        ]

    def priced(self, tile: Tile, found: Found, goal: Goal) -> list[float]:
        """What nests that were found add to each sum of another goal."""
        below = self.below
        if tile.leaf is None:
            return below.accessed(tile.einsum, tile.counts, goal)
        joint, places = below.joint(tile.leaf, tile.counts), below.places(tile.einsum)
        return [joint.priced(tile.leaf, places, found, wanted) for wanted in below.wanted(goal)]


def _tile(einsum: Einsum, counts: tuple[int, int], make: Callable[[], Leaf | None]) -> Tile:
    """The tiles of a layer, with operations and output points; without a leaf where they are no boxes.

    The floors hold for parts of a layer that are boxes.
    """
    try:
        leaf = make()
        if leaf is not None and leaf.operations.slabs:
            leaf = None
        key = leaf.key if leaf is not None else None
    except UnsupportedError:
        leaf = key = None
    begun = leaf.begun if leaf is not None and einsum.output.tensor in leaf.accesses else 0
    return Tile(einsum, (*counts, begun), leaf, key)
