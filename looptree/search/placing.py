"""Designs whose intermediates have their places: all options of all other tensors, exactly.

A tensor that only one layer of a fused group uses may also be stored inside the branch of that layer, together with
loops of that layer's own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.model.inside.finder import Found, Nest
from looptree.search.assign import Item, Placed, Problem, best, least
from looptree.search.book import PatternBook
from looptree.search.design import GroupDesign
from looptree.search.group import Group
from looptree.search.inside import Tile
from looptree.search.leaf import Streaming
from looptree.search.ledger import Columns
from looptree.search.live_room import LiveRooms, Rooms
from looptree.search.metrics import Totals
from looptree.search.nodes import Nodes
from looptree.search.pipelined import Schedules
from looptree.search.profile import Rank
from looptree.search.relax import MOST_LOOPS, NEVER, UNDECIDED, Places, Relaxation, Tensors, worked


@dataclass(frozen=True, eq=False, slots=True)
class _Ways:
    """Options of one item.

    Attributes:
        item: what they take and add. above: per option, pairs of a row and its place (see `Relaxation.options`).
        inside: per option, the layer and how it streams other tensors, or `None`.
    """

    item: Item
    above: Sequence[tuple[tuple[int, int], ...]]
    inside: Sequence[tuple[str, Streaming] | None]


@dataclass(frozen=True, eq=False, slots=True)
class _Streams:
    """Ways to stream some tensors of a layer.

    Attributes:
        ways: those. valid: for which kinds of patterns, of shape (ways, kinds).
        piece, times, moves: see `leaf.Streamed`, of shape (ways, tensors).
    """

    ways: Sequence[Streaming]
    valid: Array
    piece: Array
    times: Array
    moves: Array


class Placing:
    """Places the tensors of one group.

    Args:
        resident: tensors that stay on chip anyway. capacity: bytes left for all others.
        schedules: of the pipelines of the group, if its layers work at once. live: what is live in its designs, if that
        counts.
    """

    def __init__(
        self,
        group: Group,
        resident: frozenset[str],
        capacity: float,
        schedules: Schedules | None = None,
        live: LiveRooms | None = None,
    ) -> None:
        self.schedules = schedules
        self.live = live
        self.group = group
        self.resident = resident
        self.capacity = capacity
        self.held = group.resident_bytes(resident)
        self.free = [row for row, t in enumerate(group.tensors) if t not in resident]
        streams = group.fused and group.space.leaf_loops > 0 and group.inside is None
        scheduled = schedules is not None and group.fills  # how long their steps take depends on what is streamed
        self.own = self._own() if streams and not scheduled else {}
        self._known: dict[tuple[tuple[int, ...], tuple[frozenset[Key], ...]], _Streams] = {}
        floors = group.floors(group.goal)
        self.relaxation = Relaxation(
            self._tensors(),
            group.inner,
            group.prices,
            group.goal,
            capacity,
            floors,
            pipelined=schedules is not None,
            live=live is not None,
        )

    def _own(self) -> dict[str, list[int]]:
        """Per layer the rows of tensors that only it uses, and that it may stream.

        Where there is room for everything, only those of which pieces leave out words that a stride skips.
        """
        group = self.group
        found: dict[str, list[int]] = {}
        for row in self.free:
            users = group.users[group.tensors[row]]
            free = len(users) == 1 and not group.roles[row].inner and not group.rules[row].given
            if free and (math.isfinite(self.capacity) or self._least_streamed(users[0], row) < 1):
                found.setdefault(users[0], []).append(row)
        return found

    def _least_streamed(self, layer: str, row: int) -> float:
        """The fewest words of a tensor that enter below own loops which move it, as a share of what enters without."""
        tensor = self.group.tensors[row]
        ways = [way.tensors[tensor] for way in self.group.streamer(layer).streamings([tensor], frozenset())]
        return min((way.times for way in ways if way.moves), default=math.inf)

    def _tensors(self) -> Tensors:
        group = self.group
        streamed = np.full(len(group.tensors), np.inf)
        anew = np.zeros(len(group.tensors), dtype=bool)
        for layer, rows in self.own.items():
            for row in rows:
                anew[row] = True
                streamed[row] = self._least_streamed(layer, row)
        free = np.isin(np.arange(len(group.tensors)), self.free)
        rules = group.rules
        return Tensors(
            group.width,
            group.roles,
            free,
            streamed,
            anew,
            np.array([group.space.spill and rule.spill for rule in rules], dtype=bool),
            np.array([[depth not in rule.depths(MOST_LOOPS) for depth in range(MOST_LOOPS + 1)] for rule in rules]),
            np.array([rule.drop for rule in rules], dtype=bool),
            group.copies,
        )

    def least(self, book: PatternBook, nodes: Nodes, below: float) -> tuple[Array, Array]:
        """A lower bound of each node, infinite if it is not below a value; and whether the placing in it is exact."""
        problem, _, _ = self._problem(book, nodes)
        problem = replace(problem, fixed=problem.fixed + self._floors(book, nodes))
        found, exact = least(problem, np.arange(len(nodes)), below)
        return found, exact & (self.group.inside is None)

    def best(self, book: PatternBook, node: Nodes, below: float) -> Placed | None:
        """The best of one single design with all intermediates decided, if its objective is below a value."""
        problem, _, places = self._single(book, node)
        nests = self._nests(book, node, places, problem, below)
        if nests is None:
            return None
        return best(replace(problem, items=[*problem.items, *map(_nested, nests.values())]), 0, below)

    def _nests(
        self, book: PatternBook, node: Nodes, places: Places, problem: Problem, below: float
    ) -> dict[str, list[Found]] | None:
        """The nests of each layer of a single design; `None` where there are none, or the objective is not below."""
        inside, goal = self.group.inside, self.group.goal
        if inside is None or not inside.counts(goal):
            return {}
        tiles = self._tiles(book, node, places)
        least = problem.fixed[:, 0] + sum(item.least[:, 0] for item in problem.items)
        floors = dict(zip(self.group.layers, inside.floors_of(_loops(book, node), goal), strict=True))
        least = least + np.sum(list(floors.values()), axis=0)
        found: dict[str, list[Found]] = {}
        for layer, tile in (tiles or {}).items():
            if goal.value(list(least[:, None]), problem.cycles)[0] >= below:
                return None
            found[layer] = inside.nests(tile, goal)
            if not found[layer]:
                return None
            exact = np.min([known.sums for known in found[layer]], axis=0)
            least = least + np.maximum(exact - floors[layer], 0.0)
        return None if tiles is None else found

    def _floors(self, book: PatternBook, nodes: Nodes) -> Array:
        """What nests inside tiles add at least to each sum of some designs; of single designs more is known."""
        found = np.repeat(np.asarray(self.relaxation.floors)[:, None], len(nodes), axis=1)
        inside = self.group.inside
        if inside is not None and inside.counts(self.group.goal):
            for at in np.flatnonzero(nodes.points == 1):
                loops = _loops(book, nodes.at(np.array([at])))
                found[:, at] = inside.floors_of(loops, self.group.goal).sum(axis=0)
        return found

    def _tiles(self, book: PatternBook, node: Nodes, places: Places) -> Mapping[str, Tile] | None:
        """What each layer of a single design works on at a time."""
        group = self.group
        assert group.inside is not None, "a group with nests"
        kept = {group.tensors[row]: int(places.loops[i, 0]) for i, row in enumerate(group.inner)}
        return group.inside.tiles(_loops(book, node), kept)

    def design(self, book: PatternBook, node: Nodes, placed: Placed) -> GroupDesign:
        """What `best` found, as a design with all its metrics."""
        group = self.group.towards(self.group.everything)
        measured = Placing(group, self.resident, self.capacity, self.schedules, self.live)
        problem, listed, places = measured._single(book, node)
        sums = problem.fixed[:, 0]
        options = placed.options[: len(listed)]
        for item, option in zip(problem.items, options, strict=True):
            sums = sums + item.sums[:, option, 0]
        nests = self._chosen(book, node, places, placed.options[len(listed) :])
        if group.inside is not None:
            for tile, found in nests.values():
                prices = group.inside.prices(tile, group.everything)
                sums = sums + np.array([found.priced(price) for price in prices])
        totals = group.everything.totals(list(sums), problem.cycles[0])
        kept = {layer: found.nest for layer, (_, found) in nests.items()}
        return measured._design(book, node, places, listed, replace(placed, options=options), totals, kept)

    def _chosen(
        self, book: PatternBook, node: Nodes, places: Places, options: Sequence[int]
    ) -> dict[str, tuple[Tile, Found]]:
        """The nest of each layer that was chosen, with what it is inside of."""
        inside = self.group.inside
        tiles = {} if inside is None else self._tiles(book, node, places) or {}
        chosen = options or [0] * len(tiles)  # where nests do not matter, the first is that of least energy
        return {
            layer: (tile, inside.nests(tile, self.group.goal)[option])
            for (layer, tile), option in zip(tiles.items(), chosen, strict=True)
            if inside is not None
        }

    def _single(self, book: PatternBook, node: Nodes) -> tuple[Problem, list[_Ways], Places]:
        """The problem of a single design with all intermediates decided, with what no table of loops says of it."""
        pattern = book.patterns[int(node.pattern[0])]
        loops, tensors = pattern.picked(node.start[0].tolist()), self.group.tensors
        decided = {row: pattern.places.get(row, (book.count, True)) for row in self.group.inner}
        inner = {tensors[row]: depth for row, (depth, _) in decided.items()}
        rooms = None
        if self.live is not None:
            may = self.relaxation.tensors.spill
            rooms = self.live.of(
                loops, inner, [tensors[row] for row, (_, first) in decided.items() if first and may[row]]
            )
        problem, listed, places = self._problem(book, node, rooms)
        if self.schedules is not None:
            cycles = self.schedules.cycles(loops, inner)
            problem = replace(problem, cycles=np.array([math.inf if cycles is None else cycles]))
        return problem, listed, places

    def _problem(
        self, book: PatternBook, nodes: Nodes, rooms: Rooms | None = None
    ) -> tuple[Problem, list[_Ways], Places]:
        columns, places = book.columns(nodes.pattern, nodes.start, nodes.stop)
        open_ = places.loops == UNDECIDED
        settled = Places(np.where(open_, book.count, places.loops), places.first | open_)
        room, sums = self.relaxation.options(columns, settled, rooms)
        table = np.stack(sums)
        listed = [self._layer(book, nodes, columns, layer, rows, room, table) for layer, rows in self.own.items()]
        alone = set(self.free) - {row for rows in self.own.values() for row in rows}
        listed += [self._above(row, room, table) for row in sorted(alone)]
        fixed = np.stack([worked(p, columns) for p in self.relaxation.prices])
        cycles = self.relaxation.cycles(columns)
        problem = Problem(
            [ways.item for ways in listed], fixed, cycles, min(self.capacity, NEVER / 2), self.group.goal.value
        )
        return problem, listed, settled

    def _above(self, row: int, room: Array, sums: Array) -> _Ways:
        """A tensor above the branch, in each of its places; if there is none, in one that never fits."""
        places = [p for p in range(room.shape[1] - 1) if (room[row, p] < NEVER).any()] or [0]
        item = Item(room[row, places], np.zeros((len(places), room.shape[2])), sums[:, row, places])
        return _Ways(item, [((row, place),) for place in places], [None] * len(places))

    def _layer(
        self,
        book: PatternBook,
        nodes: Nodes,
        columns: Columns,
        layer: str,
        rows: Sequence[int],
        room: Array,
        sums: Array,
    ) -> _Ways:
        """The tensors of one layer together: each above the branch, or some of them inside."""
        single = {row: self._above(row, room, sums) for row in rows}
        ways = [_combined([single[row] for row in rows])]
        for count in range(1, len(rows) + 1):
            for inside in itertools.combinations(rows, count):
                streamed = self._inside(book, nodes, columns, layer, inside)
                if streamed is not None:
                    ways.append(_combined([streamed, *(single[row] for row in rows if row not in inside)]))
        item = Item(
            np.concatenate([w.item.room for w in ways]),
            np.concatenate([w.item.inside for w in ways]),
            np.concatenate([w.item.sums for w in ways], axis=1),
        )
        return _Ways(item, [a for w in ways for a in w.above], [i for w in ways for i in w.inside])

    def _inside(
        self, book: PatternBook, nodes: Nodes, columns: Columns, layer: str, rows: tuple[int, ...]
    ) -> _Ways | None:
        """Some tensors of a layer inside its branch; `None` if they cannot be."""
        kind, sets = book.driven(layer, nodes.pattern)
        known = self._streams(layer, rows, tuple(sets))
        if not len(known.ways):
            return None
        group = self.group
        valid = known.valid[:, kind]
        taken = np.zeros(valid.shape)
        added = np.zeros((len(group.prices), *valid.shape))
        for at, row in enumerate(rows):
            valid = valid & (known.moves[:, at, None] | columns.moving(columns.count - 1, columns.count)[row])
            role, first = group.roles[row], columns.first[row]
            piece = np.round(columns.kept[-1][row] * known.piece[:, at, None], 6)
            taken += np.ceil(piece * group.width[row]) * group.copies
            entered = np.round(columns.apart[row] * known.times[:, at, None], 6)
            reads = np.maximum(entered - role.less * first, 0.0)
            writes = role.drained * entered + role.made * first
            for sums, prices in zip(added, group.prices, strict=True):
                sums += prices.moved(row, reads, writes)
        for sums, prices in zip(added, group.prices, strict=True):
            if prices.steps:
                steps = columns.work("steps")[group.layers.index(layer)]
                sums += prices.steps * steps * np.array([[way.trips - 1] for way in known.ways])
        room, nothing = np.where(valid, taken, NEVER), np.zeros_like(taken)
        item = Item(nothing, room, added) if self.schedules is None else Item(room, nothing, added)
        return _Ways(item, [()] * len(known.ways), [(layer, way) for way in known.ways])

    def _streams(self, layer: str, rows: tuple[int, ...], sets: tuple[frozenset[Key], ...]) -> _Streams:
        """The ways to stream these tensors, for any of some sets of ranks that follow the group's loops."""
        key = (rows, sets)
        if key not in self._known:
            names = [self.group.tensors[row] for row in rows]
            streamer = self.group.streamer(layer)
            listed = [streamer.streamings(names, driven) for driven in sets]
            ways = list({way.key: way for ways in listed for way in ways}.values())
            keys = [{way.key for way in ways} for ways in listed]
            shares = [[way.tensors[name] for name in names] for way in ways]
            self._known[key] = _Streams(
                ways,
                np.array([[way.key in known for known in keys] for way in ways], dtype=bool),
                np.array([[s.piece for s in row] for row in shares]),
                np.array([[s.times for s in row] for row in shares]),
                np.array([[s.moves for s in row] for row in shares], dtype=bool),
            )
        return self._known[key]

    def _design(
        self,
        book: PatternBook,
        nodes: Nodes,
        places: Places,
        listed: Sequence[_Ways],
        placed: Placed,
        totals: Totals,
        nests: Mapping[str, Nest],
    ) -> GroupDesign:
        group = self.group
        pattern = book.patterns[int(nodes.pattern[0])]
        inner = {row: int(places.loops[i, 0]) for i, row in enumerate(group.inner)}
        retention: dict[str, int] = {}
        spilled, streaming = set(), {}
        dropped = {group.tensors[row] for row in self.free if group.rules[row].drop}
        for ways, index in zip(listed, placed.options, strict=True):
            for row, place in ways.above[index]:
                name = group.tensors[row]
                retention[name] = inner[row] if place == 0 else place - 1
                if place and group.roles[row].inner:
                    spilled.add(name)
            inside = ways.inside[index]
            if inside is not None:
                streaming[inside[0]] = inside[1]
                still = {t for t, share in inside[1].tensors.items() if not share.moves}
                dropped |= {t for t in still if pattern.forgets(group.tensors.index(t))[-1]}
        return GroupDesign(
            _loops(book, nodes),
            retention,
            frozenset(spilled),
            streaming,
            frozenset(dropped),
            totals,
            placed.room + self.held,
            pipeline=self.schedules is not None,
            nests=nests,
        )


def _loops(book: PatternBook, node: Nodes) -> tuple[tuple[Rank, int], ...]:
    """The loops of a single design."""
    return book.patterns[int(node.pattern[0])].picked(node.start[0].tolist())


def _nested(nests: Sequence[Found]) -> Item:
    """The nests of a layer as options: they take no room of the buffer."""
    nothing = np.zeros((len(nests), 1))
    return Item(nothing, nothing, np.array([found.sums for found in nests]).T[:, :, None])


def _combined(listed: Sequence[_Ways]) -> _Ways:
    """One item for several, with every combination of their options; at most the first one streams."""
    known = listed[0]
    for other in listed[1:]:
        item, designs = known.item, known.item.room.shape[1]
        known = _Ways(
            Item(
                (item.room[:, None] + other.item.room[None]).reshape(-1, designs),
                (item.inside[:, None] + other.item.inside[None]).reshape(-1, designs),
                (item.sums[:, :, None] + other.item.sums[:, None]).reshape(len(item.sums), -1, designs),
            ),
            [a + b for a in known.above for b in other.above],
            [inside for inside in known.inside for _ in other.above],
        )
    return known
