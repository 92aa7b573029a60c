"""Latency step by step, with double buffering between neighbouring steps.

A step is one iteration of a layer: of all loops above its computation. Steps without operations are left out. The
steps of a group follow each other in the order of the loop nest; groups follow each other without overlap. While step
t computes, the data that step t+1 needs comes in and what step t-1 has finished leaves. This takes as long as the
slowest of compute and every memory level. Before the first step its data comes in and after the last one its results
leave, with nothing to hide behind.

Iterations with equal tables are visited once (`Prefixes`), and runs of equal steps are repeated in closed form
(`sequence`), so the time does not grow with the number of iterations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.exchange import Exchange, compute_accesses, exchanges, operations_at_turns
from looptree.model.groups import groups_of
from looptree.model.inferred import Inferred
from looptree.model.latency import leaf_at_turns
from looptree.model.pipelined import Pipeline
from looptree.model.prefixes import Prefixes, codes
from looptree.model.product import Amount, Product
from looptree.model.rates import Costs, Weighed, added
from looptree.model.result import Stepwise
from looptree.model.sequence import Steps, closed, joined, loading, repeated, step, storing
from looptree.model.turns import turns_of
from looptree.model.units import units_of
from looptree.taxonomy.design import BoundChain, Design

MAX_VISITS = 1 << 17


def stepwise(design: Design, inferred: Inferred) -> tuple[Stepwise | UnsupportedError, ...]:
    """Cycles of every group, in order, or why they are not known.

    Too many different steps are refused, and a layer whose sums begin with gaps at a level with a bandwidth.
    """
    return _Groups(design, inferred).run()


class _Groups:
    def __init__(self, design: Design, inferred: Inferred) -> None:
        self.design = design
        self.inferred = inferred
        self.costs = Costs(design)
        self.zero = self.costs.compute(0)
        self.groups = groups_of(design, design.root)
        self.visits = 0
        self.layers: tuple[str, ...] = ()

    def run(self) -> tuple[Stepwise | UnsupportedError, ...]:
        runs: list[Steps | None] = []
        refused: dict[int, UnsupportedError] = {}
        for index, group in enumerate(self.groups):
            try:
                runs.append(self._steps(group))
            except UnsupportedError as problem:
                refused[index] = problem
                runs.append(None)
        above = {chain.id: chain for group in self.groups for chain in self.design.path(group)[:-1]}
        for chain in above.values():
            for exchange in exchanges(self.design, self.inferred, chain):
                by = exchange.by.intersection(chain.einsums)
                using = [i for i, group in enumerate(self.groups) if not by.isdisjoint(group.einsums)]
                using = [i for i in using if runs[i] is not None or i in refused]
                if using:
                    at = using[0] if exchange.inward else using[-1]
                    runs[at] = self.attached(runs[at], exchange, self.weighed(exchange), {})
        results = [self._result(*pair) for pair in zip(self.groups, runs, strict=True)]
        return tuple(refused.get(index, result) for index, result in enumerate(results))

    def _steps(self, group: BoundChain) -> Steps | None:
        self.layers = group.einsums
        self.visits = 0
        return self.below(group, {}).run({})

    def below(self, chain: BoundChain, outer: Mapping[int, int]) -> _Chain | _Pipeline:
        """The steps below a chain, given how many loops on each axis stand around it."""
        return (_Pipeline if chain.kind == "pipeline" else _Chain)(self, chain, outer)

    def _result(self, group: BoundChain, run: Steps | None) -> Stepwise:
        names = self.costs.names
        spent: dict[str, dict[str, Fraction]] = {einsum: {} for einsum in group.einsums}
        for index, units in enumerate(closed(run) if run is not None else ()):
            if units:
                of, name = spent[group.einsums[index // len(names)]], names[index % len(names)]
                of[name] = of.get(name, Fraction(0)) + Fraction(units, self.costs.unit)
        return Stepwise(spent)

    def weighed(self, exchange: Exchange) -> tuple[Weighed, ...]:
        """What of an exchange takes time."""
        return self.costs.weighed((exchange.tensor, end) for end in exchange.ends)

    def attached(
        self, run: Steps | None, exchange: Exchange, weighed: Sequence[Weighed], steps: Mapping[int, int]
    ) -> Steps | None:
        """A run whose first step needs, or after whose last step leaves, what moves at one iteration."""
        moved = self.costs.moved(weighed, steps)
        if run is None or not any(moved):
            return run
        return loading(run, moved) if exchange.inward else storing(run, moved)

    def visit(self) -> None:
        """Count a visit.

        Raises:
            UnsupportedError: too many.
        """
        self.visits += 1
        if self.visits > MAX_VISITS:
            raise UnsupportedError(
                f"more than {MAX_VISITS} different steps to time one by one", hint="use larger or even tiles"
            )


class _Chain:
    """The steps below one chain, for each iteration of the loops around it.

    Args:
        groups: what is common to all.
        chain: the chain.
        outer: loops on each axis that stand around the chain.
    """

    def __init__(self, groups: _Groups, chain: BoundChain, outer: Mapping[int, int]) -> None:
        self.groups = groups
        self.chain = chain
        self.memo: dict[tuple[int, ...], Steps | None] = {}
        design, inferred = groups.design, groups.inferred
        self.idle = chain.id not in inferred.axes
        if self.idle:
            return
        self.axes = turns_of(design, inferred)[chain.id].axes
        loops = {key: len(axis.depths) for key, axis in self.axes.items()}
        self.below = [groups.below(design.chains[child], loops) for child in chain.children]
        found = ((exchange, groups.weighed(exchange)) for exchange in exchanges(design, inferred, chain))
        self.exchanges = [(exchange, weighed) for exchange, weighed in found if weighed]
        self.leaf = _Leaf(groups, chain) if chain.kind == "compute" else None
        self.keys = list(self.axes)
        tables = self._tables()
        self.prefixes = [
            Prefixes(axis, outer.get(key, 0), codes(tables[key], axis.size)) for key, axis in self.axes.items()
        ]
        own = sorted(
            (depth, index)
            for index, (key, prefix) in enumerate(zip(self.keys, self.prefixes, strict=True))
            for depth in self.axes[key].depths[prefix.base :]
        )
        self.loops = [index for _, index in own]
        decided = [prefix.base for prefix in self.prefixes]
        self.decided = [tuple(decided)]
        for index in self.loops:
            decided[index] += 1
            self.decided.append(tuple(decided))

    def _tables(self) -> dict[int, list[Array]]:
        """By axis, all that the time of its steps depends on."""
        amounts = [moved.words for _, weighed in self.exchanges for moved in weighed]
        amounts += self.leaf.amounts if self.leaf is not None else []
        different = {id(table): (key, table) for amount in dict.fromkeys(amounts) for key, table in amount.tables}
        tables: dict[int, list[Array]] = {key: [] for key in self.axes}
        for key, table in different.values():
            tables[key].append(table)
        for child in self.below:
            for key, prefixes in zip(child.keys, child.prefixes, strict=True) if not child.idle else ():
                if key in tables:
                    tables[key].append(prefixes.outer_classes(self.axes[key].size))
        return tables

    def run(self, steps: Mapping[int, int]) -> Steps | None:
        """The steps at one iteration of the loops around the chain, given the own step of each axis there."""
        if self.idle:
            return None
        found = [prefix.position(steps.get(key, 0)) for key, prefix in zip(self.keys, self.prefixes, strict=True)]
        positions = [position for position in found if position is not None]
        return self._loop(0, tuple(positions)) if len(positions) == len(found) else None

    def _loop(self, at: int, positions: tuple[int, ...]) -> Steps | None:
        """The steps from loop `at` inwards; `positions` are the nodes of the axes."""
        owns = self.decided[at]
        classes = zip(self.prefixes, owns, positions, strict=True)
        key = (at, *[prefix.numbers[own][position] for prefix, own, position in classes])
        if key not in self.memo:
            self.groups.visit()
            self.memo[key] = self._descend(at, positions) if at < len(self.loops) else self._end(positions)
        return self.memo[key]

    def _descend(self, at: int, positions: tuple[int, ...]) -> Steps | None:
        index = self.loops[at]
        prefix, own = self.prefixes[index], self.decided[at][index]
        first, last = prefix.children(own, positions[index])
        classes = prefix.classes[own + 1][first:last]
        changes = (np.flatnonzero(classes[1:] != classes[:-1]) + 1).tolist()
        result: Steps | None = None
        for start, stop in pairwise([0, *changes, last - first]):
            inner = self._loop(at + 1, (*positions[:index], first + start, *positions[index + 1 :]))
            result = joined(result, repeated(inner, stop - start))
        return result

    def _end(self, positions: tuple[int, ...]) -> Steps | None:
        steps = dict(zip(self.keys, positions, strict=True))
        parts = [child.run(steps) for child in self.below] if self.leaf is None else [self.leaf.step(steps)]
        for exchange, weighed in self.exchanges:
            using = [index for index in self._using(exchange) if parts[index] is not None]
            if using:
                index = using[0] if exchange.inward else using[-1]
                parts[index] = self.groups.attached(parts[index], exchange, weighed, steps)
        result: Steps | None = None
        for part in parts:
            result = joined(result, part)
        return result

    def _using(self, exchange: Exchange) -> Iterator[int]:
        """Branches that an exchange serves."""
        if self.leaf is not None:
            yield 0
        for index, child in enumerate(self.below):
            if not exchange.by.isdisjoint(child.chain.einsums):
                yield index


class _Pipeline:
    """The steps of a pipeline, for each iteration of the loops around it (see `_Chain`)."""

    def __init__(self, groups: _Groups, chain: BoundChain, outer: Mapping[int, int]) -> None:
        self.chain = chain
        self.idle = chain.id not in groups.inferred.axes
        if self.idle:
            return
        self.pipeline = Pipeline(groups.design, groups.inferred, groups.costs, chain, groups.layers)
        axes = self.pipeline.axes
        self.keys = list(axes)
        self.outer = {key: outer.get(key, 0) for key in self.keys}
        self.prefixes = [
            Prefixes(axis, self.outer[key], codes(self.pipeline.tables(key), axis.size)) for key, axis in axes.items()
        ]

    def run(self, steps: Mapping[int, int]) -> Steps | None:
        """The steps at one iteration of the loops around it, given the own step of each axis there."""
        return None if self.idle else self.pipeline.steps({key: steps.get(key, 0) for key in self.keys}, self.outer)


class _Leaf:
    """What a layer does at each of its iterations."""

    def __init__(self, groups: _Groups, chain: BoundChain) -> None:
        design, inferred = groups.design, groups.inferred
        (name,) = chain.einsums
        self.costs = groups.costs
        self.zero = groups.zero
        self.layer, self.layers = groups.layers.index(name), len(groups.layers)
        units = units_of(design, inferred, chain)
        self.fill_drain = units.fill_drain
        self.operations = operations_at_turns(design, inferred, chain)
        fixed, along, _ = leaf_at_turns(design, inferred, chain, units)
        self.cycles = Product(fixed, along)
        self.accesses = self.costs.weighed(compute_accesses(design, inferred, chain))
        self.amounts = [self.operations, Amount(((1, self.cycles),), {}), *(moved.words for moved in self.accesses)]

    def step(self, steps: Mapping[int, int]) -> Steps | None:
        """The step of one iteration; `None` where there is nothing to do."""
        if not self.operations.at(steps):
            return None
        cycles = self.costs.compute(self.cycles.at(steps) + self.fill_drain)
        work = [cycles, self.costs.moved(self.accesses, steps)]
        return step(self.layer, self.layers, self.zero, added(work, self.zero), self.zero)
