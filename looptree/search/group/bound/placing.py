"""Designs whose intermediates have their places: all options of all other tensors, exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.nest import Found, Nest
from looptree.search.asked.loops import Rank
from looptree.search.asked.metrics import Totals
from looptree.search.deadline import check_time
from looptree.search.group.bound.assign import Item, Placed, Problem, best, least
from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.nodes import Nodes
from looptree.search.group.bound.places import Places
from looptree.search.group.bound.problems import Problems, Single
from looptree.search.group.bound.relax import NEVER
from looptree.search.group.design import GroupDesign, NestedDesign
from looptree.search.group.goal.goal import ROUNDING
from looptree.search.group.inside.nests import Tile
from looptree.search.group.loops.ledger import Columns
from looptree.search.group.own.streaming import Idle, Streaming
from looptree.search.group.own.wide import ChosenLoops

FACTORS = (1.0, 1.0625, 1.125, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0)
AT_ONCE = 512  # designs, so that what is computed of them stays in the cache of a processor


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best of a single design.

    Attributes:
        placed: the options that were chosen. idle: which ways to stream were among these; see `Offers.of`.
        own: loops of layers with very many tensors; see `Problems.own_loops`.
    """

    placed: Placed
    idle: Mapping[str, Idle]
    own: Mapping[str, ChosenLoops]

    @property
    def value(self) -> float:
        """The objective."""
        return self.placed.value


class Placing:
    """Places the tensors of one group.

    Args:
        problems: what that means, design by design.
    """

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.group = problems.group

    def bounds(self, book: PatternBook, nodes: Nodes, below: float) -> Nodes:
        """The nodes with lower bounds, infinite if they are not below a value; exact for some single designs."""
        parts = [
            self._bounded(book, nodes.at(np.arange(start, min(start + AT_ONCE, len(nodes)))), below)
            for start in range(0, len(nodes), AT_ONCE)
        ]
        return parts[0].joined(*parts[1:])

    def _bounded(self, book: PatternBook, nodes: Nodes, below: float) -> Nodes:
        """First each tensor by itself, then all together where that leaves hope."""
        check_time()
        columns, places = book.columns(nodes.pattern, nodes.start, nodes.stop)
        room, sums = self.problems.relaxation.options(columns, places)
        floors = self.floors(columns).sum(axis=0)
        bound, rates = self.problems.relaxation.bounds(columns, room, sums, nodes.rates, below, floors)
        bound = np.maximum(bound, nodes.bound)
        exact = np.zeros(len(nodes), dtype=bool)
        some = np.flatnonzero(bound < below)
        if len(some):
            summed = np.stack(sums)
            lost = _beaten(room[..., some], summed[..., some], book.outer)
            room[..., some] = np.where(lost, NEVER, room[..., some])
            problem, _ = self.problems.problem(book, nodes.pattern, columns, places, room, summed, some, bounding=True)
            problem = replace(problem, fixed=problem.fixed + floors[:, some])
            found, exact[some] = least(problem, np.arange(len(some)), below)
            bound[some] = np.maximum(bound[some], found)
            if self.problems.divides:
                exact[some] = False
                some = some[(nodes.points[some] == 1) & (found < below)]
                if len(some):
                    problem, _ = self.problems.problem(
                        book, nodes.pattern, columns, places, room, summed, some, idle=self.problems.full
                    )
                    listed, complete = least(problem, np.arange(len(some)), below)
                    exact[some] = complete & (listed <= bound[some])
        return nodes.bounded(bound, rates, exact & (self.group.inside is None))

    def best(self, book: PatternBook, node: Nodes, below: float) -> Chosen | None:
        """The best of one single design with all intermediates decided, if its objective is below a value.

        Where ways that leave parts of an array idle are not better even if they took no more cycles, they are not
        listed at all.
        """
        problems, rough = self.problems, None
        divided, idles = problems.divided(node), problems.idles
        if divided and (idles or problems.settled):
            rough = problems.single(book, node, bounding=True).problem
            if problems.settled and best(rough, 0, below) is None:
                return None
        if rough is None or not idles:
            return self._best(book, node, below, problems.full)
        most = self._most_cycles(book, node, rough, below)
        bound = self._best(book, node, below, {layer: Idle(cycles) for layer, cycles in most.items()})
        if bound is None:
            return None
        full = self._best(book, node, below, problems.full)
        if full is not None and full.value <= bound.value * (1 + ROUNDING):
            return full
        return self._best(book, node, below, {layer: Idle(cycles, counted=True) for layer, cycles in most.items()})

    def _most_cycles(self, book: PatternBook, node: Nodes, problem: Problem, below: float) -> dict[str, float]:
        """By which factor each layer may take more cycles at most, if the objective is to stay below a value.

        One of a few factors, so that ways that are listed for one design serve for others.
        """
        columns, _ = book.columns(node.pattern, node.start, node.stop)
        work, found = columns.work("cycles")[:, 0], {}
        least = problem.fixed[:, 0] + sum(item.least[:, 0] for item in problem.items)
        sums = [np.full(len(FACTORS), known) for known in least]
        for layer in self.problems.own:
            cycles = problem.cycles[0] + work[self.group.layers.index(layer)] * (np.array(FACTORS) - 1)
            worse = self.group.goal.value(sums, cycles) >= below
            found[layer] = FACTORS[int(worse.argmax())] if worse.any() else math.inf
        return found

    def _best(self, book: PatternBook, node: Nodes, below: float, idle: Mapping[str, Idle]) -> Chosen | None:
        """The same with some of the ways that leave parts of an array idle."""
        found = None
        for own in self.problems.own_loops(book, node):
            check_time()
            single = self.problems.single(book, node, idle, own)
            nests = self._nests(book, node, single, below)
            if nests is not None:
                items = [*single.problem.items, *map(_nested, nests.values())]
                placed = best(replace(single.problem, items=items), 0, below)
                if placed is not None:
                    found, below = Chosen(placed, idle, own), placed.value
        return found

    def _nests(self, book: PatternBook, node: Nodes, single: Single, below: float) -> dict[str, list[Found]] | None:
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
            check_time()
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

    def design(self, book: PatternBook, node: Nodes, chosen: Chosen) -> GroupDesign:
        """What `best` found, as a design with all its metrics."""
        group, placed = self.group.towards(self.group.everything), chosen.placed
        single = self.problems.towards(group).single(book, node, chosen.idle, chosen.own)
        problem, places = single.problem, single.places
        sums, cycles = problem.fixed[:, 0], problem.cycles[0]
        options = placed.options[: len(single.offers)]
        for item, option in zip(problem.items, options, strict=True):
            sums = sums + item.sums[:, option, 0]
            cycles = cycles if item.cycles is None else cycles + item.cycles[option, 0]
        nests = self._chosen(book, node, places, placed.options[len(single.offers) :])
        if group.inside is not None:
            for tile, found in nests.values():
                sums = sums + np.array(group.inside.priced(tile, found, group.everything))
        totals = group.everything.totals(list(sums), cycles)
        kept = {layer: found.nests for layer, (_, found) in nests.items()}
        return self._design(book, node, single, replace(placed, options=options), totals, kept)

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

    def _design(
        self,
        book: PatternBook,
        nodes: Nodes,
        single: Single,
        placed: Placed,
        totals: Totals,
        nests: Mapping[str, tuple[Nest, ...]],
    ) -> GroupDesign:
        group = self.group
        inner = {row: int(single.places.loops[i, 0]) for i, row in enumerate(group.inner)}
        retention: dict[str, int] = {}
        spilled, streaming = (
            {t for t in group.origin.values() if group.ordered.producer(t) and t not in group.ordered.outputs},
            {layer: Streaming(own.loops, {}) for layer, own in single.loops.items() if own.loops},
        )
        dropped = {group.tensors[row] for row in self.problems.free if group.rules[row].drop}
        for offer, index in zip(single.offers, placed.options, strict=True):
            option = offer.option(index)
            for row, place in option.above:
                name = group.tensors[row]
                retention[name] = inner[row] if place == 0 else place - 1
                if place and group.roles[row].inner:
                    spilled.add(name)
            if option.inside is not None:
                layer, way = option.inside
                known = {group.origin.get(name, name): share for name, share in way.tensors.items()}
                if layer in streaming:
                    known |= streaming[layer].tensors
                streaming[layer] = replace(way, tensors=known)
        loops, nested = _loops(book, nodes), None
        if self.problems.branch is not None:
            kept = {name: depth - book.outer - 1 for name, depth in retention.items() if depth > book.outer}
            retention = {name: depth for name, depth in retention.items() if depth <= book.outer}
            nested = NestedDesign(self.problems.branch.chosen, loops[book.outer :], kept)
        return GroupDesign(
            loops[: book.outer],
            retention,
            frozenset(spilled),
            streaming,
            frozenset(dropped),
            totals,
            placed.room + self.problems.held,
            pipeline=self.problems.schedules is not None,
            nests=nests,
            nested=nested,
        )


def _loops(book: PatternBook, node: Nodes) -> tuple[tuple[Rank, int], ...]:
    """The loops of a single design."""
    return book.patterns[int(node.pattern[0])].picked(node.start[0].tolist())


def _nested(nests: Sequence[Found]) -> Item:
    """The nests of a layer as options: they take no room of the buffer."""
    nothing = np.zeros((len(nests), 1))
    return Item(nothing, nothing, np.array([found.sums for found in nests]).T[:, :, None])


def _beaten(room: Array, sums: Array, loops: int) -> Array:
    """Places above the branch where a tensor takes and adds no less than one loop further out, or further in.

    A loop that does not move a tensor makes the places around it equal: then the inner one counts as beaten. Whatever
    is chosen beside the one place may be chosen beside the other, so that a bound needs the other only.

    Args:
        room, sums: of each tensor in each place. loops: of the group.
    """
    found = np.zeros(room.shape, dtype=bool)
    outer, inner = slice(1, loops + 1), slice(2, loops + 2)
    tables = (room, *sums)
    inner_beaten = np.logical_and.reduce([table[:, outer] <= table[:, inner] for table in tables])
    outer_beaten = np.logical_and.reduce([table[:, inner] <= table[:, outer] for table in tables])
    found[:, inner] = inner_beaten
    found[:, outer] |= outer_beaten & ~inner_beaten
    return found
