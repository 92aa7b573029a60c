"""Tables of one loop at a time, or of a few that move the same dimension, for all their tile shapes at once.

Every total of the model is a product over axes. So a group is not evaluated once per combination
of tile shapes: each candidate loop is run through tile inference alone, with all its tile shapes
laid out as one more (outermost) loop, and what a design with several loops moves and keeps is the
outer product of such tables. Loops that move the same dimension (`p` and `r` of a convolution, or one rank twice) are
run together. What the product cannot see (needs that are active at different steps of
two loops) is settled afterwards, because every design that is kept is evaluated by the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import numpy as np

from looptree.model.axis import Axis
from looptree.model.box import Box, Key
from looptree.model.needed import required
from looptree.model.operations import Operations
from looptree.model.production import all_operations
from looptree.search.asked.loops import Rank, Tiles
from looptree.search.deadline import check_time
from looptree.search.group.loops.boxes import (
    NOWHERE,
    compared,
    covering_all,
    extents_of,
    first_words,
    needing_alike,
    resting_apart,
    within,
)
from looptree.search.group.loops.factors import AXIS, Neighbours, Work, factors_of, no_work, work_of
from looptree.search.group.loops.inferred import EVERYTHING, Hearing, Inferred, infer, tiled
from looptree.search.group.loops.passes import Needs, Pass, gathered
from looptree.search.group.loops.told import Needed, Told, passed
from looptree.search.group.loops.whole import Part, Whole, asked_whole, parts_of
from looptree.workload import Workload

MOST_STEPS = 100_000  # that several loops are run with at a time, so that memory stays bounded
MOST_INFERRED = 64  # runs whose steps are kept: they are large, and each is asked for by several layers in a row
MOST_KEPT = 1_000_000  # steps of all these


class Profiler:
    """Runs the candidate loops of one segment, once per pattern of what is retained.

    Args:
        part: the segment.
        sinks: its Einsums whose outputs no other one reads.
        spatial: operations done at once along each rank.
        fills: whether it matters how many steps each layer has, because each fills and drains an array.
        meet: whether runs say what is needed of each tensor, as bounds ask where loops meet.
        reads: whether they say what each reader of a tensor with several needs by itself, as nests inside tiles ask.
        apart: names of what single layers touch of tensors that are made in the segment, with the tensor and the layer;
            runs count that as they count what sinks write. See `looptree.search.group.parted`.
        hearing: readings that count, if these are told apart; see `looptree.search.group.loops.reduced`.
    """

    def __init__(
        self,
        part: Workload,
        sinks: Sequence[str],
        spatial: Mapping[str, int],
        *,
        fills: bool = False,
        meet: bool = False,
        reads: bool = False,
        apart: Mapping[str, tuple[str, str]] = MappingProxyType({}),
        hearing: Hearing | None = None,
    ) -> None:
        self.apart = apart
        self.meet = meet
        self.reads = reads
        self.compared = hearing is not None
        self.hearing = hearing or EVERYTHING
        self.part = part
        self.sinks = sinks
        self.spatial = spatial
        self.fills = fills
        self._known: dict[tuple[tuple[Rank, ...], tuple[Tiles, ...], tuple[frozenset[str], ...]], Pass] = {}
        self._columns: dict[tuple[tuple[Rank, ...], tuple[frozenset[str], ...]], dict[Tiles, tuple[Pass, int]]] = {}
        self._counted = Told(part)
        self._untiled: dict[tuple[str, tuple[frozenset[Key], ...]], tuple[float, float, float] | None] = {}
        self._inferred: dict[
            tuple[tuple[Rank, ...], tuple[Tiles, ...], tuple[frozenset[str], ...]],
            tuple[Axis, Mapping[str, Operations]],
        ] = {}

    def where(self, hearing: Hearing) -> Profiler:
        """The same where only some readings count, but of what single layers touch."""
        known = self.part, self.sinks, self.spatial
        return Profiler(*known, fills=self.fills, meet=self.meet, reads=self.reads, hearing=hearing)

    @cached_property
    def readers(self) -> list[tuple[str, int, str]]:
        """The tensors with several readers, and the number and the layer of each, if runs say what these need."""
        listed = [(t, self._readers_of(t)) for t in self.whole.asked] if self.reads else []
        return [(t, at, name) for t, names in listed if len(names) > 1 for at, name in enumerate(names)]

    def _readers_of(self, tensor: str) -> list[str]:
        """The layers that read a tensor, one for each access, in the order in which needs are inferred."""
        return [e.name for e in reversed(self.part.einsums) for access in e.inputs if access.tensor == tensor]

    @cached_property
    def leaves_whole(self) -> bool:
        """Whether the consumers ask for all of every intermediate that also leaves; the model requires it."""
        leaving, needs = set(self.part.intermediates) & set(self.part.outputs), self._without_loops.needs
        return all(asked_whole(self.part, tensor, needs.get(tensor)) for tensor in leaving)

    def cut(self, name: str) -> frozenset[Key]:
        """Ranks of a layer of which not everything is asked for, even without loops."""
        extents = self.part.einsum(name).ranks
        found = frozenset[Key]()
        for part in self.whole.operations.get(name, ()):
            if part.operations < math.prod(extents[str(rank)] for rank in part.ranks):
                found |= part.ranks
        return found

    def untiled_work(self, name: str, changed: tuple[frozenset[Key], ...]) -> tuple[float, float, float] | None:
        """Operations, cycles and output points along the ranks that no loop changes."""
        key = (name, changed)
        if key not in self._untiled:
            moving = frozenset().union(*changed)
            parts = [part for part in self.whole.operations[name] if not part.ranks & moving]
            self._untiled[key] = None
            if len(moving) == sum(map(len, changed)):
                operations, cycles = math.prod(p.operations for p in parts), math.prod(p.cycles for p in parts)
                self._untiled[key] = (float(operations), float(cycles), float(math.prod(p.points for p in parts)))
        return self._untiled[key]

    def fewest_cycles(self, name: str, without: frozenset[Key] = frozenset()) -> float:
        """Cycles that a layer takes at least for what it does without loops, whatever the loops; not of some ranks."""
        return float(math.prod(part.fewest for part in self.whole.operations[name] if not part.ranks & without))

    def run(self, ranks: Sequence[Rank], tiles: Sequence[Tiles], forgotten: Sequence[frozenset[str]]) -> Pass:
        """The tables of some loops, outermost first.

        Args:
            ranks: one per loop. tiles: choices of a tile shape for each loop.
            forgotten: per loop, the intermediates that each of its steps computes anew.
        """
        key = (tuple(ranks), tuple(tiles), tuple(forgotten))
        if key not in self._known:
            self._known[key] = self._run(*key) if len(ranks) < 2 else self._run_together(*key)
        return self._known[key]

    def _run_together(
        self, ranks: tuple[Rank, ...], tiles: tuple[Tiles, ...], forgotten: tuple[frozenset[str], ...]
    ) -> Pass:
        """The tables of loops with very many choices of tile shapes: no choice is run twice, and some at a time."""
        columns = self._columns.setdefault((ranks, forgotten), {})
        missing = [choice for choice in tiles if choice not in columns]
        while missing:
            steps = np.cumsum([self._steps(ranks, choice) for choice in missing])
            count = max(1, int(np.searchsorted(steps, MOST_STEPS, side="right")))
            some, missing = tuple(missing[:count]), missing[count:]
            run = self._run(ranks, some, forgotten)
            columns |= {choice: (run, column) for column, choice in enumerate(some)}
        picked = gathered([columns[choice] for choice in tiles], {t: a[-1] for t, a in self.whole.asked.items()})
        return self._run(ranks, tiles, forgotten) if picked is None else picked

    def _steps(self, ranks: Sequence[Rank], tiles: Tiles) -> int:
        """Steps of loops with these tile shapes, about."""
        return math.prod(
            max(-(-self.part.einsum(name).ranks[r] // tile) for name, r in rank)
            for rank, tile in zip(ranks, tiles, strict=True)
        )

    @cached_property
    def whole(self) -> Whole:
        """The segment without loops."""
        needs, writes, operations, asked, _ = self._without_loops
        writes = writes | self._touched(operations, 1)
        return Whole(
            {tensor: extents_of(box) for tensor, box in needs.items()},
            {t: [*map(extents_of, boxes), extents_of(needs[t])] for t, boxes in asked.items() if t in needs},
            {t: [extents_of(within(box, 1)) for box in boxes] for t, boxes in asked.items()},
            {tensor: extents_of(box) for tensor, box in writes.items()},
            {name: self._parts(done) for name, done in operations.items()},
        )

    @cached_property
    def _without_loops(self) -> Inferred:
        """What is inferred without loops."""
        return infer(self.part, self._of_sinks(), {}, (), self.hearing)

    def _parts(self, done: Operations) -> tuple[Part, ...]:
        """The work of an Einsum without loops."""
        shape = self.part.tensors[done.einsum.output.tensor].shape
        return parts_of(done, shape, self.spatial, sink=done.einsum.name in self.sinks)

    def _touched(self, operations: Mapping[str, Operations], steps: int) -> dict[str, Box]:
        """What single layers touch of some tensors, if they do these operations at so many steps."""
        found = {}
        for name, (tensor, layer) in self.apart.items():
            done, einsum, shape = operations.get(layer), self.part.einsum(layer), self.part.tensors[tensor].shape
            accesses = [access for access in (*einsum.inputs, einsum.output) if access.tensor == tensor]
            box = None if done is None else required([done.touched(access, shape) for access in accesses])
            found[name] = within(NOWHERE, steps) if box is None else box
        return found

    def _of_sinks(self) -> dict[str, Operations]:
        """What the sinks do without loops."""
        return {name: all_operations(self.part, self.part.einsum(name)) for name in self.sinks}

    def inferred(
        self, ranks: tuple[Rank, ...], tiles: tuple[Tiles, ...], forgotten: tuple[frozenset[str], ...]
    ) -> tuple[Axis, Mapping[str, Operations]]:
        """What each Einsum does at each step of some loops; arguments as for `run`."""
        key = (ranks, tiles, forgotten)
        if key not in self._inferred:
            axis, sinks = self._stepped(ranks, tiles)
            kept = sum(known.size for known, _ in self._inferred.values())
            if len(self._inferred) >= MOST_INFERRED or kept + axis.size > MOST_KEPT:
                self._inferred.clear()
            self._inferred[key] = axis, infer(self.part, sinks, {AXIS: axis}, forgotten, self.hearing).operations
        return self._inferred[key]

    def _stepped(self, ranks: Sequence[Rank], tiles: Sequence[Tiles]) -> tuple[Axis, dict[str, Operations]]:
        """The sinks below some loops."""
        axis, _ = Axis.root().extended(np.array([len(tiles)]), 1)
        sinks = self._of_sinks()
        for depth, (rank, shapes) in enumerate(zip(ranks, np.array(tiles, dtype=np.int64).T, strict=True), start=2):
            axis, sinks = tiled(sinks, dict(rank), axis, shapes, depth)
        return axis, sinks

    def _run(self, ranks: Sequence[Rank], tiles: Sequence[Tiles], forgotten: Sequence[frozenset[str]]) -> Pass:
        check_time()
        axis, sinks = self._stepped(ranks, tiles)
        needs, writes, operations, asked, heard = infer(self.part, sinks, {AXIS: axis}, forgotten, self.hearing)
        near = Neighbours(axis)
        writes |= self._touched(operations, axis.size)
        needs |= {tensor: within(NOWHERE, axis.size) for tensor in self.whole.tensors if tensor not in needs}
        told = self._counted.of((tuple(ranks), tuple(tiles)), forgotten)

        def needed(tensor: str) -> Needed:
            boxes, every, factors = heard.get(tensor, []), asked.get(tensor, []), factors_of(needs[tensor], near)
            several = len(boxes) > 1 and tensor not in self.hearing.common
            return Needed(
                factors,
                several and resting_apart(boxes, axis),
                covering_all(boxes) if several else None,
                several and needing_alike(boxes, axis),
                self._needs(tensor, every, boxes, needs[tensor], near) if self.meet or self.reads else None,
                compared(every, axis, len(ranks)) if self.compared and len(every) > 1 else None,
            )

        def worked(name: str) -> Work:
            if name not in operations:
                return no_work(len(tiles))
            return work_of(operations[name], axis, self.spatial, sink=name in sinks)

        return passed(
            {tensor: told.needed(tensor, needed) for tensor in needs},
            {tensor: factors_of(box, near) for tensor, box in writes.items()},
            {name: told.work(name, worked) for name in self.whole.operations},
        )

    def _needs(self, tensor: str, asked: Sequence[Box], heard: Sequence[Box], hull: Box, near: Neighbours) -> Needs:
        extents = self.whole.asked[tensor]
        counted = [(box, known) for box, known in zip(asked, extents, strict=False) if any(box is one for one in heard)]
        begun = [first_words(box, known, near.axis) for box, known in (*counted, (hull, extents[-1]))]
        several = asked if len(asked) > 1 and (self.reads or tensor in self.part.inputs) else ()
        narrowed = frozenset[Key]().union(*(dimensions for dimensions, _ in begun))
        readers = tuple(factors_of(within(box, near.axis.size), near) for box in several)
        return Needs(readers, narrowed, begun[-1])
