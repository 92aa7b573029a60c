"""Loops that a layer of a fused group has of its own, inside its branch, and what is stored below them.

Own loops stream tensors that only this layer uses in pieces. What a piece takes and how often it is fetched are
factors on what the group's loops leave: so the choices of one layer are a short list that holds for all tile shapes of
the group.

Nothing is taken to survive the turns of other branches: a tensor inside a branch enters anew at every iteration of the
group's loops. That is so where a loop of the layer's own is relevant to it; of any other one the mapping says it
(`reload`).

Own loops of this list run over ranks that the group's loops leave whole at this layer, and that move no dimension
together. What others do depends on the tile shapes of the group's loops (`looptree.search.group.own.divided`).

Tile shapes that are no multiple of what an array does at once leave parts of it idle. The layer then takes more cycles,
by a factor that is a product over its own loops, too (`Idle`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.asked.loops import Rank, clashing_ranks
from looptree.search.asked.rules import LayerRule
from looptree.search.asked.segment import segment, shape_of
from looptree.search.deadline import check_time
from looptree.search.group.loops.factors import Factors
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.own.counted import Counted
from looptree.search.group.own.streaming import FREE, Idle, Streamed, Streaming
from looptree.search.group.own.ways import Table, Ways, best_ways, ways_of
from looptree.workload import Workload

if TYPE_CHECKING:
    from looptree.search.group.own.choices import Left

_Nameless = tuple[tuple[tuple[int, int], ...], tuple[Streamed, ...], float, float]
"""A way to stream some tensors in an order: loops with the number of their rank, what each tensor takes, trips and
cycles."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of layers by their shape, with names taken out; shared by all groups of a search.

    Attributes:
        ways: to stream. fronts: those of each order of own loops that no other ones with them beat.
        least: what no own loops leave less than of the window of a tensor, as a share of the whole.
        designs: what own loops leave in the designs of groups looked at last; see `divided.Divider`.
    """

    ways: dict[tuple[object, ...], list[_Nameless]] = field(default_factory=dict)
    fronts: dict[tuple[object, ...], list[Ways]] = field(default_factory=dict)
    least: dict[tuple[object, ...], float] = field(default_factory=dict)
    designs: dict[tuple[object, ...], dict[tuple[str, ...], Left | None]] = field(default_factory=dict)


class Streamer:
    """Finds the ways to stream the tensors of one layer.

    Args:
        part: the segment. layer: the Einsum. most: most own loops. spatial: operations done at once along each rank.
        known: what was found for layers of equal shape. rule: of the layer. fills: whether fewer trips are better.
    """

    def __init__(
        self,
        part: Workload,
        layer: str,
        most: int,
        spatial: Mapping[str, int],
        known: Known,
        rule: LayerRule,
        *,
        fills: bool = False,
    ) -> None:
        self.rule = rule
        self.fills = fills
        self.layer = layer
        self.alone = segment(part, [layer])
        self.shape = shape_of(self.alone, spatial if rule == LayerRule() else self.alone.einsum(layer).ranks)
        self.profiler = Profiler(self.alone, (layer,), {})
        self.most = most
        self.spatial = spatial
        self.known = known
        self._known: dict[tuple[tuple[str, ...], frozenset[Key], Idle], list[Streaming]] = {}

    @property
    def idles(self) -> bool:
        """Whether own loops may leave parts of an array idle."""
        return any(
            self.spatial.get(rank, 1) > 1 < extent for rank, extent in self.alone.einsum(self.layer).ranks.items()
        )

    def streamings(self, tensors: Sequence[str], driven: frozenset[Key], idle: Idle = FREE) -> list[Streaming]:
        """Ways to store exactly these tensors inside the branch that no other way beats.

        Args:
            driven: ranks of the layer that the group's loops do not leave whole.
        """
        idle = idle if self.idles else FREE
        key = (tuple(tensors), driven, idle)
        if key not in self._known:
            following = tuple(rank in driven for rank in self.shape.ranks)
            alike = (self.shape.key, self.most, self.rule, self._numbers(tensors), following, idle)
            if alike not in self.known.ways:
                found = self._find(tensors, driven, idle)
                self.known.ways[alike] = [
                    (
                        tuple((self.shape.ranks.index(rank), tile) for rank, tile in way.loops),
                        tuple(way.tensors[t] for t in tensors),
                        way.trips,
                        way.cycles,
                    )
                    for way in found
                ]
            self._known[key] = self._named(self.known.ways[alike], tensors)
        return self._known[key]

    def _numbers(self, tensors: Sequence[str]) -> tuple[int, ...]:
        return tuple(map(self.shape.tensors.index, tensors))

    def _named(self, ways: Sequence[_Nameless], tensors: Sequence[str]) -> list[Streaming]:
        ranks = self.shape.ranks
        return [
            Streaming(tuple((ranks[at], tile) for at, tile in loops), dict(zip(tensors, shares, strict=True)), *work)
            for loops, shares, *work in ways
        ]

    def _find(self, tensors: Sequence[str], driven: frozenset[Key], idle: Idle) -> list[Streaming]:
        found: list[Ways] = []
        for order in self.orders(driven):
            found += self._front(order, tensors, idle)
        return best_ways(found, tensors, idle, fills=self.fills)

    def orders(self, driven: frozenset[Key]) -> Iterator[tuple[str, ...]]:
        """Own loops over ranks that the group's loops leave whole, in any order; see `streamings`."""
        einsum = self.alone.einsum(self.layer)
        mixed = {
            rank
            for access in (*einsum.inputs, einsum.output)
            for form in access.projection
            if set(form.ranks) & driven
            for rank in form.ranks
        }
        ranks = [rank for rank, extent in einsum.ranks.items() if extent > 1 and rank not in mixed | driven]
        clashes = clashing_ranks(self.alone, (self.layer,))
        for count in range(self.most + 1):
            for order in itertools.permutations(ranks, count):
                pairs = {(self.layer, rank) for rank in order}
                if self.rule.ordered(order) and not any(len(clash & pairs) > 1 for clash in clashes):
                    yield order

    def _front(self, order: tuple[str, ...], tensors: Sequence[str], idle: Idle) -> list[Ways]:
        """The ways with own loops in an order that no other ones with them beat, whatever the group's loops drive."""
        alike = (self.shape.key, self.rule, self._numbers(tensors), tuple(map(self.shape.ranks.index, order)), idle)
        if alike not in self.known.fronts:
            self.known.fronts[alike] = self._of(order, tensors, idle)
        return [replace(ways, order=order) for ways in self.known.fronts[alike]]

    def _of(self, order: tuple[str, ...], tensors: Sequence[str], idle: Idle) -> list[Ways]:
        check_time()
        known = self.counted(order, tensors, idle)
        if known is None:
            return []
        some = idle.listed(known.cycles)
        tables, work = [known.tables[t] for t in tensors], (known.trips[some], known.cycles[some])
        return ways_of(order, known.tiles, tables, *work, some, idle, fills=self.fills)

    def counted(self, order: tuple[str, ...], tensors: Sequence[str], idle: Idle = FREE) -> Counted | None:
        """What own loops in an order leave of some tensors, in tables of what is listed; `None` if there are none."""
        extents = self.alone.einsum(self.layer).ranks
        tiles = tuple(tuple(self.rule.shapes(rank, extents[rank])) for rank in order)
        if not all(tiles):
            return None
        runs = [
            self.profiler.run((_rank(self.layer, r),), [(tile,) for tile in listed], (frozenset(),))
            for r, listed in zip(order, tiles, strict=True)
        ]
        rows = {t: [(run.writes if t in run.writes else run.tensors)[t] for run in runs] for t in tensors}
        trips = cycles = np.ones(tuple(map(len, tiles)))
        for index, (rank, listed) in enumerate(zip(order, tiles, strict=True)):
            trips = trips * _spread(-(-extents[rank] // np.array(listed)), index, len(order))
            cycles = cycles * _spread(self._cycles(rank, np.array(listed)), index, len(order))
        some = idle.listed(cycles.reshape(-1))
        extents_of, depths = self.profiler.whole.extents, range(len(order) + 1)
        tables = {t: [_table(rows[t], extents_of(t), depth, some) for depth in depths] for t in tensors}
        return Counted(order, tiles, tables, trips.reshape(-1), cycles.reshape(-1))

    def _cycles(self, rank: str, tiles: Array) -> Array:
        """Cycles along a rank that is cut into tiles of a shape, as a share of those that the whole takes."""
        extent, wide = self.alone.einsum(self.layer).ranks[rank], self.spatial.get(rank, 1)
        return np.asarray((extent // tiles * -(-tiles // wide) + -(-(extent % tiles) // wide)) / -(-extent // wide))


def _table(row: Sequence[Factors], extents: Mapping[Key, int], depth: int, some: Array) -> Table:
    """What a tensor takes below so many of some loops, for some of the choices of their tile shapes.

    Args:
        row: of each loop. extents: of the tensor without loops.
    """
    shape = tuple(len(f.held[0]) for f in row)
    sweep = np.full(shape, -1)
    for index in range(depth):
        sweep = np.where(_spread(row[index].moves[1, 0], index, len(row)), index, sweep)
    piece = times = np.ones(shape)
    for index, f in enumerate(row):
        extent = float(np.prod([extents[d] for d in f.dimensions])) if f.dimensions else 1.0
        piece = piece * _spread(f.held[index < depth] / extent, index, len(row))
        shared, apart = (_spread(table / extent, index, len(row)) for table in f.fresh)
        times = times * np.where(index < sweep, apart, shared)
    return Table(piece.reshape(-1)[some], times.reshape(-1)[some], sweep.reshape(-1)[some] >= 0)


def _rank(layer: str, rank: str) -> Rank:
    return ((layer, rank),)


def _spread(table: Array, index: int, loops: int) -> Array:
    shape = [1] * loops
    shape[index] = -1
    return table.reshape(shape)
