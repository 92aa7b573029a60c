"""Designs whose intermediates have their places: all options of all other tensors, exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.nest import Found, Nest
from looptree.search.asked.loops import Rank
from looptree.search.asked.metrics import Totals
from looptree.search.group.assign import Item, Placed, Problem, best, least
from looptree.search.group.book import PatternBook
from looptree.search.group.branches import NestedBranch
from looptree.search.group.design import GroupDesign, NestedDesign
from looptree.search.group.divided import Steps
from looptree.search.group.goal import Gathering
from looptree.search.group.group import Group
from looptree.search.group.inside import Tile
from looptree.search.group.ledger import Columns
from looptree.search.group.listing import Option
from looptree.search.group.live_room import LiveRooms
from looptree.search.group.nodes import Nodes
from looptree.search.group.offers import Kinds, Offers
from looptree.search.group.pattern import Pattern
from looptree.search.group.pipelined import Schedules
from looptree.search.group.relax import MOST_LOOPS, NEVER, UNDECIDED, Places, Relaxation, Tensors, worked

AT_ONCE = 512  # designs, so that what is computed of them stays in the cache of a processor
MOST_STREAMED = 5
"""Tensors of one layer that its own loops may stream; all ways to place them together are listed."""


@dataclass(frozen=True, eq=False, slots=True)
class _Single:
    """The problem of one design with all intermediates decided.

    Attributes:
        problem: see `assign.Problem`. options: those of each item. places: of the intermediates.
    """

    problem: Problem
    options: Sequence[Sequence[Option]]
    places: Places


class Placing:
    """Places the tensors of one group.

    Args:
        resident: tensors that stay on chip anyway. capacity: bytes left for all others.
        schedules: of the pipelines of the group, if its layers work at once. live: what is live in its designs, if that
        counts. branch: a nested one, if there is one.
    """

    def __init__(
        self,
        group: Group,
        resident: frozenset[str],
        capacity: float,
        schedules: Schedules | None = None,
        live: LiveRooms | None = None,
        branch: NestedBranch | None = None,
    ) -> None:
        self.schedules = schedules
        self.live = live
        self.branch = branch
        self.group = group
        self.resident = resident
        self.capacity = capacity
        self.held = group.resident_bytes(resident)
        self.free = [row for row, t in enumerate(group.tensors) if t not in resident | group.direct]
        streams = group.fused and group.space.leaf_loops > 0 and group.inside is None
        scheduled = schedules is not None and group.fills  # how long their steps take depends on what is streamed
        self.own = self._own() if streams and not scheduled else {}
        self.nested = [row for row in self.free if branch is not None and row in branch.rows]
        self.offers = Offers(group, self.free, self.own, self.nested, pipelined=schedules is not None)
        self.settled = not isinstance(group.goal, Gathering)
        self._known: tuple[PatternBook, object, _Single] | None = None
        self.relaxation = Relaxation(
            self._tensors(),
            group.inner,
            group.prices,
            group.goal,
            capacity,
            pipelined=schedules is not None,
            live=live is not None,
        )

    def _own(self) -> dict[str, list[int]]:
        """Per layer the rows of tensors that only it uses, and that it may stream.

        Where there is room for everything, only those of which pieces leave out words that a stride skips. Of a layer
        with very many, such as a sum of many branches, the largest: each is placed in one of `loops + 1` ways above the
        branch, so that listing all of 17 together would take 4^17 options.
        """
        group = self.group
        found: dict[str, list[int]] = {}
        for row in self.free:
            users = group.users[group.tensors[row]]
            streamed = not group.roles[row].inner and group.tensors[row] not in group.apart
            alone = len(users) == 1 and (self.branch is None or users[0] not in self.branch.chosen.layers)
            free = alone and streamed and not group.rules[row].given
            if free and (math.isfinite(self.capacity) or self._least_streamed(users[0], row) < 1):
                found.setdefault(users[0], []).append(row)
        size = [group.part.tensors[tensor].size_bytes for tensor in group.tensors]
        return {layer: sorted(sorted(rows, key=lambda r: -size[r])[:MOST_STREAMED]) for layer, rows in found.items()}

    def _least_streamed(self, layer: str, row: int) -> float:
        """The fewest words of a tensor that enter below own loops which move it, as a share of what enters without."""
        tensor, divider = self.group.tensors[row], self.group.divider(layer)
        ways = [way.tensors[tensor] for way in self.group.streamer(layer).streamings([tensor], frozenset())]
        divided = divider.least_times(tensor) if divider.possible else math.inf
        return min([divided, *(way.times for way in ways if way.moves)])

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
            np.array([t in group.apart for t in group.tensors], dtype=bool),
            *group.making,
            np.isin(np.arange(len(group.tensors)), self.nested),
            group.copies,
        )

    def bounds(self, book: PatternBook, nodes: Nodes, below: float) -> Nodes:
        """The nodes with lower bounds, infinite if they are not below a value; exact for some single designs."""
        parts = [
            self._bounded(book, nodes.at(np.arange(start, min(start + AT_ONCE, len(nodes)))), below)
            for start in range(0, len(nodes), AT_ONCE)
        ]
        return parts[0].joined(*parts[1:])

    def _bounded(self, book: PatternBook, nodes: Nodes, below: float) -> Nodes:
        """First each tensor by itself, then all together where that leaves hope."""
        columns, places = book.columns(nodes.pattern, nodes.start, nodes.stop)
        room, sums = self.relaxation.options(columns, places)
        floors = self.floors(columns).sum(axis=0)
        bound, rates = self.relaxation.bounds(columns, room, sums, nodes.rates, below, floors)
        bound = np.maximum(bound, nodes.bound)
        exact = np.zeros(len(nodes), dtype=bool)
        some = np.flatnonzero(bound < below)
        if len(some):
            summed = np.stack(sums)
            problem, _ = self._problem(book, nodes.pattern, columns, places, room, summed, some, bounding=True)
            problem = replace(problem, fixed=problem.fixed + floors[:, some])
            found, exact[some] = least(problem, np.arange(len(some)), below)
            bound[some] = np.maximum(bound[some], found)
            if self._divides:
                exact[some] = False
                some = some[(nodes.points[some] == 1) & (found < below)]
                if len(some):
                    problem, _ = self._problem(book, nodes.pattern, columns, places, room, summed, some)
                    listed, complete = least(problem, np.arange(len(some)), below)
                    exact[some] = complete & (listed <= bound[some])
        return nodes.bounded(bound, rates, exact & (self.group.inside is None))

    @cached_property
    def _divides(self) -> bool:
        """Whether some layer may have own loops that are found for single designs only."""
        return any(self.group.divider(layer).possible for layer in self.own)

    def best(self, book: PatternBook, node: Nodes, below: float) -> Placed | None:
        """The best of one single design with all intermediates decided, if its objective is below a value."""
        if self._divided(node) and self.settled:
            bound = self._single(book, node, bounding=True).problem
            if best(bound, 0, below) is None:
                return None
        single = self._single(book, node)
        nests = self._nests(book, node, single, below)
        if nests is None:
            return None
        items = [*single.problem.items, *map(_nested, nests.values())]
        return best(replace(single.problem, items=items), 0, below)

    def _nests(self, book: PatternBook, node: Nodes, single: _Single, below: float) -> dict[str, list[Found]] | None:
        """The nests of each layer of a single design; `None` where there are none, or the objective is not below."""
        inside, goal = self.group.inside, self.group.goal
        if inside is None or not inside.below.counts(goal):
            return {}
        problem = single.problem
        tiles = self._tiles(book, node, single.places)
        least = problem.fixed[:, 0] + sum(item.least[:, 0] for item in problem.items)
        columns, _ = book.columns(node.pattern, node.start, node.stop)
        floors = dict(zip(self.group.layers, self.floors(columns)[:, :, 0], strict=True))
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

    def floors(self, columns: Columns) -> Array:
        """What nests inside tiles add at least to each sum of some designs, of shape (layers, sums, designs)."""
        group, inside = self.group, self.group.inside
        if inside is None:
            return np.zeros((len(group.layers), len(group.goal.sums), columns.size))
        return inside.floors.of(group.goal, columns, group.told)

    def _tiles(self, book: PatternBook, node: Nodes, places: Places) -> Mapping[str, Tile] | None:
        """What each layer of a single design works on at a time."""
        group = self.group
        assert group.inside is not None, "a group with nests"
        kept = {group.tensors[row]: int(places.loops[i, 0]) for i, row in enumerate(group.inner)}
        return group.inside.tiles(_loops(book, node), kept)

    def design(self, book: PatternBook, node: Nodes, placed: Placed) -> GroupDesign:
        """What `best` found, as a design with all its metrics."""
        group = self.group.towards(self.group.everything)
        measured = Placing(group, self.resident, self.capacity, self.schedules, self.live, self.branch)
        measured.settled = self.settled
        single = measured._single(book, node)
        problem, places = single.problem, single.places
        sums = problem.fixed[:, 0]
        options = placed.options[: len(single.options)]
        for item, option in zip(problem.items, options, strict=True):
            sums = sums + item.sums[:, option, 0]
        nests = self._chosen(book, node, places, placed.options[len(single.options) :])
        if group.inside is not None:
            for tile, found in nests.values():
                sums = sums + np.array(group.inside.priced(tile, found, group.everything))
        totals = group.everything.totals(list(sums), problem.cycles[0])
        kept = {layer: found.nests for layer, (_, found) in nests.items()}
        return measured._design(book, node, single, replace(placed, options=options), totals, kept)

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

    def _divided(self, node: Nodes) -> bool:
        """Whether own loops that are found for single designs may make one better."""
        return self._divides and not (node.exact[0] and self.settled)

    def _single(self, book: PatternBook, node: Nodes, *, bounding: bool = False) -> _Single:
        """The problem of a single design with all intermediates decided, with what no table of loops says of it.

        Args:
            bounding: whether the own loops that are found for it only have one option that is no worse.
        """
        key = (int(node.pattern[0]), tuple(node.start[0].tolist()), bounding, self._divided(node))
        if self._known is None or self._known[:2] != (book, key):
            self._known = book, key, self._find_single(book, node, bounding=bounding)
        return self._known[2]

    def _find_single(self, book: PatternBook, node: Nodes, *, bounding: bool) -> _Single:
        pattern = book.patterns[int(node.pattern[0])]
        loops, tensors = pattern.picked(node.start[0].tolist()), self.group.tensors
        decided = {row: pattern.places.get(row, (book.outer, True)) for row in self.group.inner}
        inner = {tensors[row]: depth for row, (depth, _) in decided.items()}
        rooms = None
        if self.live is not None:
            may = self.relaxation.tensors.spill
            rooms = self.live.of(
                loops, inner, [tensors[row] for row, (_, first) in decided.items() if first and may[row]]
            )
        columns, places = book.columns(node.pattern, node.start, node.stop)
        steps = _steps(pattern, loops, book.outer) if self._divided(node) else None
        open_ = places.loops == UNDECIDED
        settled = Places(np.where(open_, book.outer, places.loops), places.first | open_)
        room, sums = self.relaxation.options(columns, settled, rooms)
        problem, options = self._problem(
            book, node.pattern, columns, settled, room, np.stack(sums), np.arange(1), steps, bounding=bounding
        )
        if self.schedules is not None:
            cycles = self.schedules.cycles(loops, inner)
            problem = replace(problem, cycles=np.array([math.inf if cycles is None else cycles]))
        return _Single(problem, options, settled)

    def _problem(
        self,
        book: PatternBook,
        number: Array,
        columns: Columns,
        places: Places,
        room: Array,
        sums: Array,
        some: Array,
        steps: Sequence[Steps] | None = None,
        *,
        bounding: bool = False,
    ) -> tuple[Problem, list[Sequence[Option]]]:
        """The problem of some designs, of patterns with these numbers, and the options of each item.

        Args:
            steps, bounding: see `Offers.of`.
        """
        driven = {layer: book.driven(layer, number) for layer in self.own}
        if steps is not None:
            driven = {layer: (np.zeros(1, dtype=np.int64), [sets[kind[0]]]) for layer, (kind, sets) in driven.items()}
        kinds = Kinds({at: kind for at, (kind, _) in driven.items()}, {at: sets for at, (_, sets) in driven.items()})
        within = {
            row: loops[some] > book.outer
            for row, loops in zip(self.group.inner, places.loops, strict=True)
            if row in self.nested
        }
        offers = self.offers.of(columns, kinds, room, sums, some, within, steps, bounding=bounding)
        fixed = np.stack([worked(p, columns)[some] for p in self.relaxation.prices])
        cycles, capacity = self.relaxation.cycles(columns)[some], min(self.capacity, NEVER / 2)
        problem = Problem([offer.item for offer in offers], fixed, cycles, capacity, self.group.goal.value)
        return problem, [offer.options for offer in offers]

    def _design(
        self,
        book: PatternBook,
        nodes: Nodes,
        single: _Single,
        placed: Placed,
        totals: Totals,
        nests: Mapping[str, tuple[Nest, ...]],
    ) -> GroupDesign:
        group = self.group
        pattern = book.patterns[int(nodes.pattern[0])]
        inner = {row: int(single.places.loops[i, 0]) for i, row in enumerate(group.inner)}
        retention: dict[str, int] = {}
        spilled, streaming = set(), {}
        dropped = {group.tensors[row] for row in self.free if group.rules[row].drop}
        for options, index in zip(single.options, placed.options, strict=True):
            for row, place in options[index].above:
                name = group.tensors[row]
                retention[name] = inner[row] if place == 0 else place - 1
                if place and group.roles[row].inner:
                    spilled.add(name)
            inside = options[index].inside
            if inside is not None:
                streaming[inside[0]] = inside[1]
                still = {t for t, share in inside[1].tensors.items() if not share.moves}
                dropped |= {t for t in still if pattern.forgets(group.tensors.index(t))[book.outer - 1]}
        loops, nested = _loops(book, nodes), None
        if self.branch is not None:
            kept = {name: depth - book.outer - 1 for name, depth in retention.items() if depth > book.outer}
            retention = {name: depth for name, depth in retention.items() if depth <= book.outer}
            nested = NestedDesign(self.branch.chosen, loops[book.outer :], kept)
        return GroupDesign(
            loops[: book.outer],
            retention,
            frozenset(spilled),
            streaming,
            frozenset(dropped),
            totals,
            placed.room + self.held,
            pipeline=self.schedules is not None,
            nests=nests,
            nested=nested,
        )


def _loops(book: PatternBook, node: Nodes) -> tuple[tuple[Rank, int], ...]:
    """The loops of a single design."""
    return book.patterns[int(node.pattern[0])].picked(node.start[0].tolist())


def _steps(pattern: Pattern, loops: Sequence[tuple[Rank, int]], outer: int) -> list[Steps]:
    """The loops of the group of a single design, the outermost ones, those that move one dimension together."""
    return [
        Steps(
            tuple(loops[at][0] for at in own),
            tuple(loops[at][1] for at in own),
            tuple(pattern.forgotten[at] for at in own),
        )
        for own in pattern.positions
        if own[0] < outer
    ]


def _nested(nests: Sequence[Found]) -> Item:
    """The nests of a layer as options: they take no room of the buffer."""
    nothing = np.zeros((len(nests), 1))
    return Item(nothing, nothing, np.array([found.sums for found in nests]).T[:, :, None])
