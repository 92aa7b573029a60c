"""Tables of one loop at a time, for all its tile shapes at once.

Every total of the model is a product over axes. So a group is not evaluated once per combination
of tile shapes: each candidate loop is run through tile inference alone, with all its tile shapes
laid out as one more (outermost) loop, and what a design with several loops moves and keeps is the
outer product of such tables. What the product cannot see (needs that are active at different steps of
two loops) is settled afterwards, because every design that is kept is evaluated by the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Key, Track
from looptree.model.hull import contains
from looptree.model.inference import required
from looptree.model.operations import Operations
from looptree.model.production import all_points, writing
from looptree.model.slab import attained_in
from looptree.model.sweep import fresh_box
from looptree.model.window import hull_by_group
from looptree.workload import Workload

AXIS = 0
Rank = tuple[tuple[str, str], ...]
"""A loop's ranks: pairs of sink and rank."""


@dataclass(frozen=True, eq=False, slots=True)
class Factors:
    """What one loop contributes to the counts of one tensor, per tile shape (float64 tables).

    Attributes:
        dimensions: coordinates of the tensor that follow the loop.
        apart: words over all steps where each step starts anew.
        shared: words over all steps where what was there stays.
        window: the largest step. hull: all steps together.
        moves: whether the loop is relevant to the tensor.
    """

    dimensions: frozenset[Key]
    apart: Array
    shared: Array
    window: Array
    hull: Array
    moves: Array


@dataclass(frozen=True, eq=False, slots=True)
class Work:
    """What one loop contributes to the work of one Einsum, per tile shape (float64 tables).

    Attributes:
        ranks: those that follow the loop.
        operations, points, cycles: over all steps; points are output points of this loop's ranks.
    """

    ranks: frozenset[Key]
    operations: Array
    points: Array
    cycles: Array


@dataclass(frozen=True, eq=False, slots=True)
class Pass:
    """One loop run through tile inference alone.

    Attributes:
        tensors: per tensor that is needed; writes: per tensor that leaves from a sink.
        work: per Einsum.
        uneven: tensors some of whose readers rest at steps at which others do not; covering: for each tensor
            with several readers, those (by position) that need all that any of them needs, at every step.
        alike: tensors all of whose readers need the same at every step.
    """

    tensors: Mapping[str, Factors]
    writes: Mapping[str, Factors]
    work: Mapping[str, Work]
    uneven: frozenset[str]
    covering: Mapping[str, frozenset[int]]
    alike: frozenset[str]


@dataclass(frozen=True, eq=False, slots=True)
class Whole:
    """The segment without loops: extents that are touched.

    Attributes:
        tensors: per tensor that is read, extent per dimension; writes: per tensor that leaves from a sink.
        operations: per Einsum, the parts that its work is a product of.
    """

    tensors: Mapping[str, Mapping[Key, int]]
    writes: Mapping[str, Mapping[Key, int]]
    operations: Mapping[str, tuple[Part, ...]]

    def extents(self, tensor: str) -> Mapping[Key, int]:
        """Extents of a tensor that leaves from a sink, or is read; none for a single word."""
        return self.writes[tensor] if tensor in self.writes else self.tensors[tensor]


@dataclass(frozen=True, slots=True)
class Part:
    """One rank of an Einsum, or the ranks that one dimension of its output joins.

    Attributes:
        ranks: those. operations, cycles, points: what they multiply the work with.
    """

    ranks: frozenset[Key]
    operations: int
    cycles: int
    points: int


class Profiler:
    """Runs the candidate loops of one segment, each once per pattern of what is retained.

    Args:
        part: the segment.
        sinks: its Einsums whose outputs no other one reads.
        spatial: operations done at once along each rank.
    """

    def __init__(self, part: Workload, sinks: Sequence[str], spatial: Mapping[str, int]) -> None:
        self.part = part
        self.sinks = sinks
        self.spatial = spatial
        self._known: dict[tuple[Rank, tuple[int, ...], frozenset[str]], Pass] = {}
        self._untiled: dict[tuple[str, tuple[frozenset[Key], ...]], tuple[float, float, float] | None] = {}

    @cached_property
    def inner(self) -> tuple[str, ...]:
        """Intermediates that do not leave: the ones that may be recomputed."""
        return tuple(t for t in self.part.intermediates if t not in self.part.outputs)

    @cached_property
    def leaves_whole(self) -> bool:
        """Whether the consumers ask for all of every intermediate that also leaves; the model requires it."""
        for tensor in set(self.part.intermediates) & set(self.part.outputs):
            producer, asked = self.part.producer(tensor), self.whole.tensors.get(tensor)
            if producer is None or asked is None:
                return False
            shape = self.part.tensors[tensor].shape
            for dimension, (form, extent) in enumerate(zip(producer.output.projection, shape, strict=True)):
                written = form.hull(producer.box).clip(extent)
                if asked[dimension] < written.stop - written.start:
                    return False
        return True

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

    def run(self, rank: Rank, tiles: Sequence[int], forgotten: frozenset[str]) -> Pass:
        """The tables of one loop; `forgotten` are the intermediates that each step computes anew."""
        key = (rank, tuple(tiles), forgotten)
        if key not in self._known:
            self._known[key] = self._run(rank, tiles, forgotten)
        return self._known[key]

    @cached_property
    def whole(self) -> Whole:
        """The segment without loops."""
        sinks = {name: Operations.full(self.part.einsum(name)) for name in self.sinks}
        needs, writes, operations, _ = self._infer(sinks, {}, frozenset())
        return Whole(
            {tensor: _extents(box) for tensor, box in needs.items()},
            {tensor: _extents(box) for tensor, box in writes.items()},
            {name: self._parts(done, sink=name in sinks) for name, done in operations.items()},
        )

    def _parts(self, done: Operations, *, sink: bool) -> tuple[Part, ...]:
        """The work of an Einsum without loops; output points of a sink are counted once, whatever the loops."""
        einsum = done.einsum
        shape = self.part.tensors[einsum.output.tensor].shape
        extents = {rank: stop - start for rank, (start, stop) in done.box.fixed.items()}
        steps = {rank: -(-extent // self.spatial.get(str(rank), 1)) for rank, extent in extents.items()}
        output = frozenset() if sink else einsum.output.ranks
        parts = [Part(frozenset(), 1, 1, all_points(einsum, shape))] if sink else []
        joined: set[Key] = set()
        for slab in done.slabs:
            ranks: frozenset[Key] = frozenset(slab.form.ranks)
            joined |= ranks
            count = slab.count({rank: done.box.span(rank, AXIS, 1) for rank in slab.form.ranks})
            points = int(attained_in(slab.form, slab.extents, slab.low, slab.high)[0])
            parts.append(Part(ranks, int(count[0]), math.prod(steps[r] for r in ranks), points))
        for rank, extent in extents.items():
            if rank not in joined:
                parts.append(Part(frozenset({rank}), extent, steps[rank], extent if rank in output else 1))
        return tuple(parts)

    def _run(self, rank: Rank, tiles: Sequence[int], forgotten: frozenset[str]) -> Pass:
        extent = max(self.part.einsum(e).ranks[r] for e, r in rank)
        tile = np.asarray(tiles, dtype=np.int64)
        choices, _ = Axis.root().extended(np.array([len(tile)]), 1)
        axis, parent = choices.extended(-(-extent // tile), 2)
        named = dict(rank)
        sinks = {
            name: _tiled(Operations.full(self.part.einsum(name)), named.get(name), axis, tile[parent])
            for name in self.sinks
        }
        needs, writes, operations, asked = self._infer(sinks, {AXIS: axis}, forgotten)
        several = {tensor: boxes for tensor, boxes in asked.items() if len(boxes) > 1}
        uneven = frozenset(tensor for tensor, boxes in several.items() if _uneven(boxes, axis))
        covering = {tensor: _covering(boxes) for tensor, boxes in several.items()}
        return Pass(
            {tensor: _factors(box, axis) for tensor, box in needs.items()},
            {tensor: _factors(box, axis) for tensor, box in writes.items()},
            {name: _work(done, axis, self.spatial, sink=name in sinks) for name, done in operations.items()},
            uneven,
            covering,
            frozenset(tensor for tensor, boxes in several.items() if len(covering[tensor]) == len(boxes)),
        )

    def _infer(
        self, sinks: Mapping[str, Operations], axes: Mapping[int, Axis], forgotten: frozenset[str]
    ) -> tuple[dict[str, Box], dict[str, Box], dict[str, Operations], dict[str, list[Box]]]:
        """Needs per tensor, writes of the sinks and operations per Einsum, from the sinks to the sources.

        Last what each reader of a tensor asks for.
        """
        asked: dict[str, list[Box]] = {}
        needs: dict[str, Box] = {}
        writes: dict[str, Box] = {}
        operations: dict[str, Operations] = {}
        for einsum in reversed(self.part.einsums):
            output = einsum.output.tensor
            shape = self.part.tensors[output].shape
            if einsum.name in sinks:
                done = sinks[einsum.name]
                wrote = required([done.touched(einsum.output, shape)])
                if wrote is not None:
                    writes[output] = wrote
            else:
                need = required(asked.get(output, []))
                if need is None:
                    continue
                needs[output] = need
                written = writing(einsum, fresh_box(need, axes, 2 if output in forgotten else 1), shape)
                if written is None:
                    continue
                done = written[0]
            operations[einsum.name] = done
            for access in einsum.inputs:
                box = done.touched(access, self.part.tensors[access.tensor].shape)
                asked.setdefault(access.tensor, []).append(box)
        for tensor in self.part.inputs:
            need_of_input = required(asked.get(tensor, []))
            if need_of_input is not None:
                needs[tensor] = need_of_input
        return needs, writes, operations, asked


def _uneven(boxes: Sequence[Box], axis: Axis) -> bool:
    """Whether some boxes are needed at steps at which others are not."""
    masks = [np.broadcast_to(_active(box, axis), (axis.size,)) for box in boxes]
    return any((mask != masks[0]).any() for mask in masks[1:])


def _active(box: Box, axis: Axis) -> Array:
    track = box.tracks.get(AXIS)
    return np.ones(axis.size, dtype=bool) if track is None else track.mask(axis.size)


def _covering(boxes: Sequence[Box]) -> frozenset[int]:
    """Positions of the boxes that contain all others at every step."""
    inside = {i: clipped for i, box in enumerate(boxes) if (clipped := box.clipped()) is not None}
    return frozenset(i for i, box in inside.items() if all(contains(box, other) for other in inside.values()))


def _tiled(whole: Operations, rank: str | None, axis: Axis, tile: Array) -> Operations:
    step = axis.ordinals[1]
    fixed = dict(whole.box.fixed)
    if rank is None:
        return Operations(whole.einsum, Box(fixed, {AXIS: Track({}, step == 0)}))
    extent = fixed.pop(rank)[1]
    start = np.minimum(step * tile, extent)
    stop = np.minimum(start + tile, extent)
    inside = start < stop
    track = Track({rank: (start, stop)}, None if inside.all() else inside)
    return Operations(whole.einsum, Box(fixed, {AXIS: track}))


def left(extents: Mapping[Key, int], changed: tuple[frozenset[Key], ...]) -> float | None:
    """The product of the extents that no loop changes; `None` if two loops change one."""
    seen: set[Key] = set()
    for keys in changed:
        if seen & keys:
            return None
        seen |= keys
    return float(math.prod(extent for key, extent in extents.items() if key not in seen))


def _extents(box: Box) -> dict[Key, int]:
    return {key: stop - start for key, (start, stop) in box.fixed.items()}


def _work(done: Operations, axis: Axis, spatial: Mapping[str, int], *, sink: bool) -> Work:
    track = done.box.tracks.get(AXIS)
    ones = _sum(axis.first(1), axis)
    if track is None:
        steps = _sum(np.ones(axis.size), axis)
        return Work(frozenset(), steps, ones if sink else steps, steps)
    cycles = points = track.mask(axis.size).astype(np.float64)
    slabs = [slab for slab in done.slabs if slab.axis == AXIS]
    joined = {rank for slab in slabs for rank in slab.form.ranks}
    for rank, (low, high) in track.spans.items():
        cycles = cycles * -((low - high) // spatial.get(str(rank), 1))
        if rank in done.einsum.output.ranks and rank not in joined:
            points = points * (high - low)
    for slab in slabs:
        points = points * attained_in(slab.form, slab.extents, slab.low, slab.high)
    operations = _sum(_operations(done, track, axis), axis)
    return Work(frozenset(track.spans), operations, ones if sink else _sum(points, axis), _sum(cycles, axis))


def _operations(done: Operations, track: Track, axis: Axis) -> Array:
    """Operations per step; those that a slab restricts are counted in it, not in its hull."""
    sizes = track.mask(axis.size).astype(np.int64)
    slabs = [slab for slab in done.slabs if slab.axis == AXIS]
    joined = {rank for slab in slabs for rank in slab.form.ranks}
    for slab in slabs:
        sizes = sizes * slab.count({rank: done.box.span(rank, AXIS, axis.size) for rank in slab.form.ranks})
    for rank, (low, high) in track.spans.items():
        if rank not in joined:
            sizes = sizes * (high - low)
    return sizes


def _factors(need: Box, axis: Axis) -> Factors:
    track = need.tracks.get(AXIS)
    starts = axis.starts(1)
    one = np.ones(len(starts))
    if track is None:
        return Factors(frozenset(), _sum(np.ones(axis.size), axis), one, one, one, np.zeros(len(starts), dtype=bool))
    sizes = np.broadcast_to(track.sizes(), (axis.size,))
    fresh = fresh_box(Box({}, {AXIS: track}), {AXIS: axis}, 1).tracks[AXIS]
    hull = hull_by_group(track, axis, 1)
    moves = np.zeros(len(starts), dtype=bool)
    for low, high in track.spans.values():
        moves |= _differs(low, track, axis) | _differs(high, track, axis)
    return Factors(
        frozenset(track.spans),
        _sum(sizes, axis),
        _sum(np.broadcast_to(fresh.sizes(), (axis.size,)), axis),
        np.maximum.reduceat(sizes, starts).astype(np.float64),
        np.broadcast_to(hull.sizes(), (len(starts),)).astype(np.float64),
        moves,
    )


def _differs(ends: Array, track: Track, axis: Axis) -> Array:
    """For which tile shapes two active steps have different ends."""
    starts = axis.starts(1)
    if track.active is None:
        low, high = np.minimum.reduceat(ends, starts), np.maximum.reduceat(ends, starts)
    else:
        far = int(ends.max()) + 1
        low = np.minimum.reduceat(np.where(track.active, ends, far), starts)
        high = np.maximum.reduceat(np.where(track.active, ends, -1), starts)
    return np.asarray(low < high)


def _sum(table: Array, axis: Axis) -> Array:
    return np.add.reduceat(np.asarray(table, dtype=np.float64), axis.starts(1))
