"""Latency of a pipeline step by step: its stages work at once on consecutive iterations.

At step t stage s works on iteration t - s. What its stages do at a step is one step of the pipeline: it takes as long
as the slowest stage computes, and all stages share the memory levels. The steps are then timed as any others, with the
transfers of the neighbouring ones. All of them are visited, one entry of an array each. Before the loops around a
pipeline step, it drains: what takes turns with it is next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import SAFE, Array, Axis, gathered
from looptree.model.exchange import Exchange, compute_accesses, exchanges
from looptree.model.inferred import Axes, Inferred
from looptree.model.iterations import at_iterations, over, positions, visits_of
from looptree.model.latency import leaf_at_turns, made_iterations, stage_cycles
from looptree.model.product import Amount
from looptree.model.rates import Costs
from looptree.model.sequence import Steps, Vector, charged
from looptree.model.turns import turns_of
from looptree.model.units import units_of
from looptree.taxonomy.design import BoundChain, Design

MAX_ITERATIONS = 1 << 18


class _Amounts(NamedTuple):
    """What is asked of every resource at each time step: one row per resource."""

    load: Array
    work: Array
    store: Array


class Pipeline:
    """All iterations of a pipeline, and the steps that they make at each iteration of the loops around it.

    Attributes:
        axes: of its loops that take turns.
    """

    def __init__(
        self, design: Design, inferred: Inferred, costs: Costs, chain: BoundChain, layers: tuple[str, ...]
    ) -> None:
        self.design, self.inferred, self.costs, self.chain = design, inferred, costs, chain
        self.axes = turns_of(design, inferred)[chain.id].axes
        self.made = made_iterations(design, inferred, chain)
        self.children = [design.chains[child] for child in chain.children]
        self.layers = [layers.index(child.einsums[-1]) for child in self.children], len(layers)
        self._tables: list[tuple[int, Array]] = []
        self._even = bool(self.made.all())
        self.cycles = [self._kept(stage_cycles(design, inferred, child, self.axes)) for child in self.children]
        iterations = len(self.cycles[0])
        if iterations > MAX_ITERATIONS:
            raise UnsupportedError(
                f"a pipeline of {iterations} iterations is not timed step by step; at most {MAX_ITERATIONS}",
                hint="use larger tiles",
            )
        self.stages = [self._stage(child, iterations) for child in self.children]
        self._share(exchanges(design, inferred, chain))
        self.visits = visits_of(self.axes, chain.outer_depth, self.made)
        self._known: dict[tuple[int, ...], int] | None = None

    def tables(self, key: int) -> Iterable[Array]:
        """Tables whose equal entries mean equal steps, along one axis."""
        if self._even:
            return [table for axis, table in self._tables if axis == key]
        return [np.arange(self.axes[key].size)]

    def steps(self, steps: Mapping[int, int], outer: Mapping[int, int]) -> Steps | None:
        """The steps at one iteration of the loops around, as one run; `None` if nothing is done there.

        Args:
            steps: the own step of each axis there. outer: how many of its loops stand around.
        """
        if self._known is None:
            self._known = self._first_of(outer)
        at = self._known.get(tuple(steps[key] if outer[key] else 0 for key in self.axes))
        if at is None:
            return None
        here = slice(*np.searchsorted(self.visits, [at, at + 1]).tolist())
        cycles = [needs[here] for needs in self.cycles]
        if not any(needs.any() for needs in cycles):
            return None
        stages = [_Amounts(*(side[:, here] for side in stage)) for stage in self.stages]
        return _run(stages, cycles, self.costs, *self.layers)

    def _first_of(self, outer: Mapping[int, int]) -> dict[tuple[int, ...], int]:
        """The visit at each iteration of the loops around, known by the own steps of the axes there."""
        columns = []
        for key, axis in self.axes.items():
            own = outer[key]
            table = axis.group(own) if own else np.zeros(axis.size, dtype=np.int64)
            columns.append(self._kept(at_iterations(key, table, self.axes)))
        starts = np.flatnonzero(np.concatenate(([True], self.visits[1:] != self.visits[:-1])))
        rows = [column[starts].tolist() for column in columns]
        return {row: visit for visit, row in enumerate(zip(*rows, strict=True))} if rows else {(): 0}

    def _kept(self, counts: Array) -> Array:
        made_ones: Array = counts[np.broadcast_to(self.made, counts.shape)]
        return made_ones

    def _words(self, amount: Amount, own: Axes) -> Array:
        """Words at each iteration of the pipeline, of those of loops below added up."""
        if amount.columns:
            self._even = False
            return self._kept(busiest(amount, own, self.axes))
        found: Array = np.zeros(1, dtype=np.int64)
        for sign, product in amount.terms:
            tables = {key: np.broadcast_to(product.tables.get(key, _ONE), (axis.size,)) for key, axis in own.items()}
            self._note(tables, own)
            found = found + sign * self._kept(over(product.scale, tables, own, self.axes))
        return found

    def _note(self, tables: Mapping[int, Array], own: Axes) -> None:
        for key, table in tables.items():
            if key in self.axes:
                self._tables.append((key, gathered(table, own[key], self.axes[key])))

    def _stage(self, chain: BoundChain, iterations: int) -> _Amounts:
        """What everything below one stage asks for at each iteration of the pipeline."""
        found = _Amounts(*(np.zeros((len(self.costs.names), iterations), dtype=object) for _ in range(3)))
        todo = [chain]
        turns = turns_of(self.design, self.inferred)
        while todo:
            part = todo.pop()
            todo += [self.design.chains[child] for child in part.children]
            if part.id not in self.inferred.axes:
                continue
            own = turns[part.id].axes
            for exchange in exchanges(self.design, self.inferred, part):
                for end in exchange.ends:
                    side = found.load if exchange.inward else found.store
                    _add(side, self.costs.passing(exchange.tensor, end), self._words(end.words, own))
            if part.kind == "compute":
                units = units_of(self.design, self.inferred, part)
                _, along, _ = leaf_at_turns(self.design, self.inferred, part, units)
                self._note(along, own)
                for tensor, end in compute_accesses(self.design, self.inferred, part):
                    _add(found.work, self.costs.passing(tensor, end), self._words(end.words, own))
        return found

    def _share(self, moved: Iterator[Exchange]) -> None:
        """Hand what the places around the pipeline exchange to the first, or the last, stage that it serves."""
        for exchange in moved:
            counts = [self._words(end.words, self.axes) for end in exchange.ends]
            left = np.ones(len(self.cycles[0]), dtype=bool)
            using = [index for index, child in enumerate(self.children) if not exchange.by.isdisjoint(child.einsums)]
            for index in using if exchange.inward else reversed(using):
                here = left & (self.cycles[index] > 0)
                side = self.stages[index].load if exchange.inward else self.stages[index].store
                for end, words in zip(exchange.ends, counts, strict=True):
                    _add(side, self.costs.passing(exchange.tensor, end), np.where(here, words, 0))
                left &= ~here


_ONE = np.ones(1, dtype=np.int64)


def busiest(amount: Amount, own: Axes, outer: Axes) -> Array:
    """Words at each iteration of outer axes, of the busiest instance at each of the iterations below."""
    most: Array | None = None
    for terms in amount.kinds():
        found: Array = np.zeros(1, dtype=object)
        for sign, product in terms:
            tables = {key: np.broadcast_to(product.tables.get(key, _ONE), (axis.size,)) for key, axis in own.items()}
            found = found + sign * over(product.scale, tables, own, own).astype(object)
        most = found if most is None else np.maximum(most, found)
    assert most is not None, "an amount of several kinds has one"
    if not outer:
        return np.array([most.sum()], dtype=object)
    steps = {key: at_iterations(key, _outer_steps(own[key], axis), own) for key, axis in outer.items()}
    total: Array = np.zeros(math.prod(axis.size for axis in outer.values()), dtype=object)
    np.add.at(total, positions(outer, steps), most)
    return total


def _outer_steps(axis: Axis, outer: Axis) -> Array:
    """The own step of an outer axis for each own step of the same axis with more loops."""
    found: Array
    if axis is outer:
        return np.arange(axis.size)
    found = axis.group(len(outer.depths)) if outer.depths else np.zeros(axis.size, dtype=np.int64)
    return found


def _add(side: Array, vector: Vector, counts: Array) -> None:
    for resource, units in enumerate(vector):
        if units:
            side[resource] += units * counts.astype(object)


def _run(stages: list[_Amounts], cycles: list[Array], costs: Costs, layer_of: list[int], layers: int) -> Steps:
    """The stages side by side, each one step later than the one before, as one run of steps."""
    iterations = len(cycles[0])
    total = iterations + len(stages) - 1
    load, work, store = (np.zeros((len(costs.names), total), dtype=object) for _ in range(3))
    schedule = np.zeros((len(stages), total), dtype=object)
    for index, (stage, needs) in enumerate(zip(stages, cycles, strict=True)):
        here = slice(index, index + iterations)
        schedule[index, here] = needs
        load[:, here] += stage.load
        work[:, here] += stage.work
        store[:, here] += stage.store
    work[0] = schedule.max(axis=0) * costs.unit
    slowest = [layer_of[index] for index in schedule.argmax(axis=0)]
    asked = work.copy()
    asked[:, :-1] += load[:, 1:]
    asked[:, 1:] += store[:, :-1]
    if total > 2 and max(int(row.max()) for row in asked) * total < SAFE:
        asked = asked.astype(np.int64)
    spent = [0] * (layers * len(costs.names))
    inner = slice(1, total - 1)
    longest, which = asked[:, inner].max(axis=0), asked[:, inner].argmax(axis=0)
    for layer in sorted(set(slowest)):
        for resource in range(len(costs.names)):
            mask = (np.array(slowest[inner]) == layer) & (which == resource)
            spent[layer * len(costs.names) + resource] += int(longest[mask].sum()) if mask.any() else 0
    ends = _column(load, 0), _column(asked, 0), _column(asked, -1), _column(store, -1)
    return charged(*ends, spent, slowest[0], slowest[-1], total)


def _column(amounts: Array, step: int) -> Vector:
    return tuple(int(units) for units in amounts[:, step])
