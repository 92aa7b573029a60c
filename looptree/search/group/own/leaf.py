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
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.asked.loops import Rank, clashing_ranks
from looptree.search.asked.rules import LayerRule
from looptree.search.asked.segment import segment, shape_of
from looptree.search.group.loops.factors import Factors
from looptree.search.group.loops.profile import Profiler
from looptree.search.undominated import undominated
from looptree.workload import Workload


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


_Nameless = tuple[tuple[tuple[int, int], ...], tuple[Streamed, ...], float, float]
"""A way to stream some tensors in an order: loops with the number of their rank, what each tensor takes, trips and
cycles."""


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


FREE, FULL, ALIKE = Idle(), Idle(1.0), Idle(1.0, fewest=1.0)


@dataclass(frozen=True, eq=False, slots=True)
class Counted:
    """What own loops in an order leave, of every choice of their tile shapes.

    Attributes:
        order: their ranks. tiles: of each. tables: of each tensor below so many of them, share of its window, share of
            the words that enter, and whether one of these loops moves it. trips, cycles: of the layer, likewise.
    """

    order: tuple[str, ...]
    tiles: tuple[tuple[int, ...], ...]
    tables: Mapping[tuple[str, int], tuple[Array, Array, Array]]
    trips: Array
    cycles: Array

    def chosen(self, choice: int) -> tuple[tuple[str, int], ...]:
        """The loops of one choice."""
        at = np.unravel_index(choice, tuple(map(len, self.tiles))) if self.tiles else ()
        return tuple((rank, tiles[i]) for rank, tiles, i in zip(self.order, self.tiles, at, strict=True))

    def allowed(self, idle: Idle) -> Array:
        """Which choices leave no more, and no less, of an array idle than may be."""
        return np.asarray((self.cycles <= idle.most) & (self.cycles >= idle.fewest))

    def rows(self, shares: Sequence[Array], idle: Idle, *, fills: bool) -> Array:
        """What makes one choice better than another, a row for each."""
        return np.stack([*shares, *([self.trips] * fills), *([self.cycles] * idle.counted)], axis=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of layers by their shape, with names taken out; shared by all groups of a search.

    Attributes:
        ways: to stream. fronts: of each order of own loops. least: what no own loops leave less than of the window of a
            tensor, as a share of the whole.
    """

    ways: dict[tuple[object, ...], list[_Nameless]] = field(default_factory=dict)
    fronts: dict[tuple[object, ...], list[_Nameless]] = field(default_factory=dict)
    least: dict[tuple[object, ...], float] = field(default_factory=dict)


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
        found: list[Streaming] = []
        for order in self.orders(driven):
            found += self._named(self._front(order, tensors, idle), tensors)
        return undominated_ways(found, tensors, idle, fills=self.fills)

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

    def _front(self, order: tuple[str, ...], tensors: Sequence[str], idle: Idle) -> list[_Nameless]:
        """The ways with own loops in an order that no other ones with them beat, whatever the group's loops drive."""
        alike = (self.shape.key, self.rule, self._numbers(tensors), tuple(map(self.shape.ranks.index, order)), idle)
        if alike not in self.known.fronts:
            self.known.fronts[alike] = self._of(order, tensors, idle)
        return self.known.fronts[alike]

    def _of(self, order: tuple[str, ...], tensors: Sequence[str], idle: Idle) -> list[_Nameless]:
        counted = self.counted(order, tensors)
        if counted is None:
            return []
        found: list[_Nameless] = []
        for depths in itertools.product(range(len(order) + 1), repeat=len(tensors)):
            if order and max(depths) < len(order):
                continue  # the innermost loop serves nobody
            tables = [counted.tables[placed] for placed in zip(tensors, depths, strict=True)]
            rows = counted.rows([table for pair in tables for table in pair[:2]], idle, fills=self.fills)
            some = np.flatnonzero(counted.allowed(idle))
            for at in some[undominated(rows[some])].tolist():
                streamed = tuple(
                    Streamed(d, float(piece[at]), float(times[at]), bool(moves[at]))
                    for d, (piece, times, moves) in zip(depths, tables, strict=True)
                )
                loops = tuple((self.shape.ranks.index(r), tile) for r, tile in counted.chosen(at))
                found.append((loops, streamed, float(counted.trips[at]), float(counted.cycles[at])))
        return found

    def counted(self, order: tuple[str, ...], tensors: Sequence[str]) -> Counted | None:
        """What own loops in an order leave of some tensors, of all their tile shapes; `None` if there are none."""
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
        tables = {(t, d): self._tables(t, rows[t], d) for t in tensors for d in range(len(order) + 1)}
        flat = {placed: (a.reshape(-1), b.reshape(-1), c.reshape(-1)) for placed, (a, b, c) in tables.items()}
        return Counted(order, tiles, flat, trips.reshape(-1), cycles.reshape(-1))

    def _cycles(self, rank: str, tiles: Array) -> Array:
        """Cycles along a rank that is cut into tiles of a shape, as a share of those that the whole takes."""
        extent, wide = self.alone.einsum(self.layer).ranks[rank], self.spatial.get(rank, 1)
        return np.asarray((extent // tiles * -(-tiles // wide) + -(-(extent % tiles) // wide)) / -(-extent // wide))

    def _tables(self, tensor: str, row: Sequence[Factors], depth: int) -> tuple[Array, Array, Array]:
        """Shares of piece and entering words, and whether a loop moves it, over all tile shapes."""
        whole = self.profiler.whole
        extents = whole.extents(tensor)
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
        return piece, times, sweep >= 0


def _rank(layer: str, rank: str) -> Rank:
    return ((layer, rank),)


def _spread(table: Array, index: int, loops: int) -> Array:
    shape = [1] * loops
    shape[index] = -1
    return table.reshape(shape)


def undominated_ways(found: Sequence[Streaming], tensors: Sequence[str], idle: Idle, *, fills: bool) -> list[Streaming]:
    """Those that no other one beats, of equal ones that with the fewest cycles; `fills`: whether trips count."""
    if not found:
        return []
    rows = np.array(
        [
            [
                s.trips * fills,
                s.cycles * idle.counted,
                *(v for t in tensors for v in (s.tensors[t].piece, s.tensors[t].times)),
            ]
            for s in found
        ],
        dtype=np.float64,
    )
    return [found[i] for i in best_rows(rows, np.array([s.cycles for s in found]))]


def best_rows(rows: Array, cycles: Array) -> Array:
    """Those that no other row beats, of equal ones that with the fewest cycles, those with fewer cycles first."""
    order = np.argsort(cycles, kind="stable")
    return np.asarray(order[undominated(rows[order])])
