"""The best nests of a layer at one memory level, of all that are worth trying.

A nest is a set of tensors that are kept, a loop order and a tile shape for every rank. Sets of tensors are tried from
the least floor on: what is done with their words anyway, and the fewest that can enter. A set whose floor is no better
than a nest that is known is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.leaf import Shape
from looptree.model.inside.nest import Found, Nest, Options, Partial, Price, fronts, undominated
from looptree.model.inside.problems import Problems
from looptree.model.inside.tables import Tables
from looptree.model.inside.ways import Block


class Finder:
    """Finds the nests of one layer, for all shapes of its tiles at once."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._within: dict[tuple[int, int], Problems] = {}

    def least(self, prices: Sequence[Price], tie: Price) -> list[list[Found]]:
        """The nests of each shape that no other one beats in all sums.

        Among equal ones that of the least other sum, then least room. Where nothing fits that a pinned dataflow asks
        for, the smallest nest.
        """
        best: list[list[Partial]] = [[] for _ in self.tables.shapes]
        every = list(self.tables.kept())
        floors = [self._floor(some, prices) for some in every]
        for number in np.argsort([floor.sum() for floor in floors], kind="stable").tolist():
            cases = self._hopeful(floors[number], best)
            for block in self.tables.ways(every[number]).blocks(cases) if len(cases) else ():
                self._take(self._judged(block, prices, tie), best, prices, tie)
        found = [[self._found(one, at) for one in listed] for at, listed in enumerate(best)]
        return [listed or self._smallest(at, prices, tie) for at, listed in enumerate(found)]

    def _floor(self, kept: Sequence[str], prices: Sequence[Price]) -> Array:
        """What nests that keep some tensors take of each sum at least, of shape (prices, cases)."""
        fewest = {row: self._fewest(row) for t in kept for row in self.tables.leaf.rows(t)}
        return np.stack([np.broadcast_to(price.of(kept, fewest, 0), self.tables.elsewhere.shape) for price in prices])

    def _fewest(self, row: str) -> Array:
        """The fewest words of a row that enter a place, by case."""
        words: Array = self.tables.passing[row].astype(np.float64)
        for part, own in zip(self.tables.parts, self.tables.problems, strict=True):
            words = words * part.fewest[self.tables.rows.index(row), own]
        return np.asarray(np.minimum(words, self.tables.outer[row]))

    def _hopeful(self, floor: Array, best: Sequence[Sequence[Partial]]) -> Array:
        """The cases in which some shape may have better nests than the best ones."""
        if len(floor) > 1:
            return np.arange(len(self.tables.cases))
        known = np.zeros(len(self.tables.cases))
        np.maximum.at(known, self.tables.case, [listed[0].sums[0] if listed else np.inf for listed in best])
        return np.flatnonzero(floor[0] <= known)

    def _judged(self, block: Block, prices: Sequence[Price], tie: Price) -> dict[int, list[Partial]]:
        """The best of some nests by what they leave standing, by case."""
        moved = {t: self.tables.moved(t, block.ways) for t in block.kept}
        number = block.case
        for table in moved.values():
            number = 2 * number + table
        order = np.argsort(number, kind="stable")
        block, number = block.at(order), number[order]
        every = list(self.tables.options_of(block, self.tables.orders(block.kept, None, block.ways)))
        sums = np.stack([np.concatenate([options.priced(price) for options in every]) for price in prices])
        second = sums[0] if tie is prices[0] else np.concatenate([options.priced(tie) for options in every])
        found: dict[int, list[Partial]] = {}
        for index in fronts(sums, second, np.tile(block.bytes, len(every)), np.tile(number, len(every))):
            options, at = every[index // len(number)], index % len(number)
            stays = tuple(t for t, table in moved.items() if not table[order[at]])
            one = Partial(options, at, stays, tuple(sums[:, index].tolist()), float(second[index]))
            found.setdefault(int(block.case[at]), []).append(one)
        return found

    def _take(
        self, found: Mapping[int, list[Partial]], best: list[list[Partial]], prices: Sequence[Price], tie: Price
    ) -> None:
        """Nests that were found, of each shape together with the best so far."""
        for at, (case, shape) in enumerate(zip(self.tables.case, self.tables.shapes, strict=True)):
            more = [one.within(shape.entered, prices, tie) for one in found.get(case, ())]
            best[at] = undominated([*best[at], *more])

    def _found(self, one: Partial, shape: int) -> Found:
        options, at = one.options, one.at
        words = {t: float(table[at]) for t, table in options.entered.items()}
        entered = self.tables.shapes[shape].entered
        words |= {row: float(entered[row]) for t in one.stays for row in self.tables.leaf.rows(t)}
        block = options.block
        nest = self.tables.nest(options.order, [int(ways[at]) for ways in block.ways], block.kept)
        return Found(nest, one.sums, one.second, int(block.bytes[at]), words, int(options.steps[at]))

    def _smallest(self, shape: int, prices: Sequence[Price], tie: Price) -> list[Found]:
        block = self.tables.ways(min(self.tables.kept(), key=len)).smallest(self.tables.case[shape])
        ((one, *_),) = self._judged(block, prices, tie).values()
        return [replace(self._found(one.within(self.tables.shapes[shape].entered, prices, tie), shape), fits=False)]

    def fewest(self, prices: Sequence[Price], further: Array) -> Array:
        """The least of each sum over all nests of each case, of shape (prices, cases); a floor of it for slabs.

        Of slabs, tiles inside tiles are not those of one loop.

        Args:
            further: what is added to each sum for each set of tensors that are kept, of shape (sets, prices, cases).
        """
        found = np.full(further.shape[1:], np.inf)
        every = list(self.tables.kept())
        floors = [self._floor(kept, prices) + more for kept, more in zip(every, further, strict=True)]
        if self.tables.leaf.operations.slabs:
            return np.asarray(np.min(floors, axis=0))
        for number in np.argsort([floor.sum() for floor in floors], kind="stable").tolist():
            kept = every[number]
            cases = np.flatnonzero((floors[number] < found).any(axis=0))
            for block in self.tables.ways(kept).blocks(cases) if len(cases) else ():
                starts = np.flatnonzero(np.diff(block.case, prepend=-1))
                moved = {t: self.tables.moved(t, block.ways) for t in kept}
                for options in self.tables.options_of(block, self.tables.orders(kept, None, block.ways)):
                    words = {t: np.where(moved[t], options.entered[t], self.tables.outer[t][block.case]) for t in kept}
                    sums = np.stack([np.broadcast_to(p.of(kept, words, 0), block.case.shape) for p in prices])
                    at = block.case[starts]
                    least = np.minimum.reduceat(sums, starts, axis=1) + further[number][:, at]
                    found[:, at] = np.minimum(found[:, at], least)
        return found

    def options(self, kept: tuple[str, ...], *, every: bool) -> Iterator[Options]:
        """All nests of one shape that keep some tensors and fit, in all orders that differ for any tensor of the layer.

        With the words that enter a place of each of its tensors.

        Args:
            every: see `Tables.ways`.
        """
        (shape,) = self.tables.shapes
        for block in self.tables.ways(kept, every=every).blocks(np.arange(1)):
            moved = {t: self.tables.moved(t, block.ways) for t in self.tables.tensors}
            for options in self.tables.options_of(block, self.tables.orders(kept, self.tables.tensors, block.ways)):
                words = {
                    row: np.where(moved[t], options.entered[row], float(shape.entered[row]))
                    for t in self.tables.tensors
                    for row in self.tables.leaf.rows(t)
                }
                yield replace(options, entered=words)

    def floor(self, options: Options, prices: Sequence[Price]) -> Array:
        """What nests at the one level further in take of each sum at least, of shape (prices, nests of one shape).

        Of a tensor that a loop of the inner nest moves at least its whole tile enters at each iteration; if none does,
        what enters below these loops, and then the level has to hold the whole tile.

        Args:
            options: of `options`, with the words of all tensors. prices: of the inner level.
        """
        tables, block, most = self.tables, options.block, self.tables.further.most
        sums = np.zeros((len(prices), len(block.bytes)))
        for t in prices[0].kept:
            least: Array = np.full(len(block.bytes), np.inf)
            if most.get(t):
                row, words = tables.tensors.index(t), np.ones(len(block.bytes), dtype=np.int64)
                least = tables.elsewhere[block.case].astype(np.float64)
                for part, ways in zip(tables.parts, block.ways, strict=True):
                    least = least * part.entered[part.ranks][row][-1, ways]
                    words = words * part.window[row][ways]
                least = np.where(words <= most[t], np.minimum(least, options.entered[t]), least)
            for number, price in enumerate(prices):
                kept = price.kept[t] + price.entered[t] * least if most.get(t) else np.inf
                sums[number] += np.minimum(price.bypassed[t], kept)
        return sums

    def chosen(self, options: Options, at: int) -> tuple[Nest, Shape]:
        """One of the nests of one shape, and the shape of its tiles."""
        (shape,) = self.tables.shapes
        ways = [int(known[at]) for known in options.block.ways]
        problems = tuple(self._cut(number, way) for number, way in enumerate(ways))
        words = {row: float(table[at]) for row, table in options.entered.items()}
        return self.tables.nest(options.order, ways, options.block.kept), replace(
            shape, problems=problems, entered=words
        )

    def _cut(self, number: int, way: int) -> Problems:
        """The problems of a part below the loops of one way to cut it."""
        if (number, way) not in self._within:
            part = self.tables.parts[number]
            tiles = dict(zip(part.ranks, part.tiles[way].tolist(), strict=True))
            self._within[number, way] = self.tables.leaf.cut(self.tables.cases[0].problems[number], tiles)
        return self._within[number, way]
