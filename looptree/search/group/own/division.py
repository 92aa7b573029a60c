"""What own loops leave that divide what the group's loops leave, for tile shapes of both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import MAX_STEPS, Array, Axis
from looptree.model.box import Box, Coupled, Key
from looptree.model.needed import required
from looptree.model.operations import Operations
from looptree.search.asked.loops import Rank
from looptree.search.deadline import check_time
from looptree.search.group.loops.factors import AXIS, Factors, Neighbours, factors_of, work_of
from looptree.search.group.loops.profile import MOST_STEPS, Profiler
from looptree.search.group.own.leaf import Streamer

MOST_SINGLE = 1_000_000  # tiles of one that are looked at for a bound


@dataclass(frozen=True, slots=True)
class Steps:
    """Loops of a group that are run together, with one tile shape each; none for what no loop moves.

    Attributes:
        ranks, tiles: of each. forgotten: intermediates that its steps compute anew.
        positions: in the loop order of the group; none where these loops are all that count.
    """

    ranks: tuple[Rank, ...] = ()
    tiles: tuple[int, ...] = ()
    forgotten: tuple[frozenset[str], ...] = ()
    positions: tuple[int, ...] = ()

    @classmethod
    def joined(cls, every: Sequence[Steps]) -> Steps:
        """Some loops together, outermost first."""
        loops = {
            at: (rank, tile, forgotten)
            for one in every
            for at, rank, tile, forgotten in zip(one.positions, one.ranks, one.tiles, one.forgotten, strict=True)
        }
        listed = [loops[at] for at in sorted(loops)]
        return cls(tuple(r for r, _, _ in listed), tuple(t for _, t, _ in listed), tuple(f for _, _, f in listed))


@dataclass(frozen=True, eq=False, slots=True)
class Shares:
    """What own loops that divide the steps of some loops leave, as shares of what is there without them.

    Columns are choices of tile shapes.

    Attributes:
        held: of each tensor, its window below so many of them. fresh: words that enter where every step of so many of
            them starts anew. moves: as in `factors.Factors`, of the own loops only.
        cycles: of the operations of the layer. trips: its steps.
    """

    held: Mapping[str, Sequence[Array]]
    fresh: Mapping[str, Sequence[Array]]
    moves: Mapping[str, Mapping[tuple[int, int], Array]]
    cycles: Array
    trips: Array


class Division:
    """Divides the steps of loops of a group by own loops of one layer.

    Args:
        profiler: of the segment. streamer: of the layer, which says what its loops may be.
    """

    def __init__(self, profiler: Profiler, streamer: Streamer) -> None:
        self.profiler = profiler
        self.rule = streamer.rule
        self.layer = streamer.layer
        self.einsum = streamer.alone.einsum(streamer.layer)
        self.tensors = streamer.alone.tensors
        self._shares: dict[tuple[Steps, tuple[str, ...]], Shares | None] = {}
        self._least: dict[tuple[Steps, tuple[str, ...]], Shares | None] = {}
        self._of_single: dict[tuple[str, ...], Shares | None] = {}
        self._sizes: dict[tuple[Steps, str], tuple[int, ...]] = {}
        self._driven: dict[Steps, frozenset[Key]] = {}

    def follows(self, steps: Steps) -> frozenset[Key]:
        """Ranks of the layer that follow some loops of the group."""
        if steps not in self._driven:
            _, done = self.profiler.inferred(steps.ranks, (steps.tiles,), steps.forgotten)
            track = done[self.layer].box.tracks.get(AXIS) if self.layer in done else None
            self._driven[steps] = frozenset() if track is None else frozenset(track.spans)
        return self._driven[steps]

    def tiles(self, steps: Steps, rank: str) -> tuple[int, ...]:
        """Useful tile shapes of what steps leave of a rank, whatever its size."""
        if (steps, rank) not in self._sizes:
            axis, done = self.profiler.inferred(steps.ranks, (steps.tiles,), steps.forgotten)
            box = done[self.layer].box
            low, high = box.span(rank, AXIS, axis.size)
            active = box.tracks[AXIS].mask(axis.size) if AXIS in box.tracks else np.ones(axis.size, dtype=bool)
            rule, sizes = self.rule, sorted({int(size) for size in (high - low)[active]}, reverse=True)
            shapes = {tile for size in sizes for tile in rule.shapes(rank, size)}
            if shapes and rank not in dict(rule.tiles):
                shapes |= set(sizes[1:])
            self._sizes[steps, rank] = tuple(sorted(shapes, reverse=True))
        return self._sizes[steps, rank]

    def shares(self, steps: Steps, own: tuple[str, ...]) -> Shares | None:
        """What own loops leave of the tensors of the layer, for all choices of their `tiles`, the last loop's first.

        `None` if they cannot stand there.
        """
        if (steps, own) not in self._shares:
            tiles = itertools.product(*(self.tiles(steps, rank) for rank in own))
            self._shares[steps, own] = self._found(steps, own, tuple(tiles))
        return self._shares[steps, own]

    def least(self, steps: Steps, own: tuple[str, ...]) -> Shares | None:
        """The same, but only what a bound takes: of `fresh` the first, of `held` the last, and no `moves`.

        Counts of which these are the least take the most time. Where there are `shares`, there is this; not always the
        other way round, as there may be too many cells to count all of them: then there are no ways that this bounds.
        """
        if (steps, own) in self._shares:
            return self._shares[steps, own]
        if (steps, own) not in self._least:
            tiles = itertools.product(*(self.tiles(steps, rank) for rank in own))
            self._least[steps, own] = self._found(steps, own, tuple(tiles), least=True)
        return self._least[steps, own]

    def of_single(self, own: tuple[str, ...]) -> Shares | None:
        """The same of tiles of one, where no loop of the group moves the layer; `None` also if these are too many."""
        if own not in self._of_single:
            few = math.prod(self.einsum.ranks[rank] for rank in own) <= MOST_SINGLE
            self._of_single[own] = self._found(Steps(), own, ((1,) * len(own),)) if few else None
        return self._of_single[own]

    def _found(
        self, steps: Steps, own: tuple[str, ...], tiles: tuple[tuple[int, ...], ...], *, least: bool = False
    ) -> Shares | None:
        try:
            return _together([self._divided(steps, own, some, least=least) for some in self._some(steps, own, tiles)])
        except (UnsupportedError, Coupled):
            return None

    def _some(
        self, steps: Steps, own: tuple[str, ...], tiles: Sequence[tuple[int, ...]]
    ) -> Iterator[Sequence[tuple[int, ...]]]:
        """Choices of tile shapes, so many at a time that there are not too many steps.

        Raises:
            UnsupportedError: all together there are more than are tabulated.
        """
        axis, done = self.profiler.inferred(steps.ranks, (steps.tiles,), steps.forgotten)
        spans = [done[self.layer].box.span(rank, AXIS, axis.size) for rank in own]
        most = [int((high - low).max()) for low, high in spans]
        trips = -(-np.array(most) // np.array(tiles))
        total = np.cumsum(axis.size * np.maximum(trips, 1).prod(axis=1))
        if total[-1] > MAX_STEPS:
            total = self._steps(axis, done[self.layer], own, tiles)
        ends = total // MOST_STEPS
        for end in np.unique(ends):
            yield [tiles[at] for at in np.flatnonzero(ends == end).tolist()]

    def _steps(self, axis: Axis, done: Operations, own: tuple[str, ...], tiles: Sequence[tuple[int, ...]]) -> Array:
        """Steps of the choices of tile shapes up to each of them, if only steps of the group count that do something.

        Raises:
            UnsupportedError: all together there are more than are tabulated.
        """
        working = done.box.tracks[AXIS].mask(axis.size) if AXIS in done.box.tracks else np.ones(axis.size, dtype=bool)
        spans = [high - low for low, high in (done.box.span(rank, AXIS, axis.size) for rank in own)]
        total, found = 0, list[int]()
        for chosen in tiles:
            trips = [-(-span // tile) for span, tile in zip(spans, chosen, strict=True)]
            total += int((math.prod(trips, start=np.asarray(1)) * working).sum())
            if total > MAX_STEPS:
                raise UnsupportedError(f"own loops make {total} steps or more; at most {MAX_STEPS} are tabulated")
            found.append(total + axis.size * (len(found) + 1))
        return np.array(found)

    def _divided(self, steps: Steps, own: tuple[str, ...], some: Sequence[tuple[int, ...]], *, least: bool) -> Shares:
        check_time()
        whole = tuple(self.einsum.ranks[rank] for rank in own)  # the last choice: what is there without own loops
        tiles = (*some, whole)
        axis, operations = self.profiler.inferred(steps.ranks, (steps.tiles,) * len(tiles), steps.forgotten)
        done, outer = operations[self.layer], len(steps.ranks)
        for depth, (rank, shapes) in enumerate(zip(own, np.array(tiles).T, strict=True), start=outer + 2):
            tile = shapes[axis.groups[0]]
            low, high = done.box.span(rank, AXIS, axis.size)
            working = done.box.tracks[AXIS].mask(axis.size) if AXIS in done.box.tracks else True
            axis, parent = axis.extended(np.where(working, -((low - high) // tile), 0), depth)
            done = done.tiled(AXIS, axis, parent, rank, tile[parent])
        work, near = work_of(done, axis, self.profiler.spatial, sink=False), Neighbours(axis, outer)
        held, fresh, moves = {}, {}, {}
        for tensor in {*self.einsum.reads, self.einsum.output.tensor}:
            factors = self._factors(done, tensor, near, least=least)
            if factors is None:
                continue
            held[tensor] = [window[:-1] / window[-1] for window in (factors.held[-1:] if least else factors.held)]
            fresh[tensor] = [words[:-1] / words[-1] for words in (factors.fresh[:1] if least else factors.fresh)]
            moves[tensor] = {} if least else {key: moved[:-1] for key, moved in factors.moves.items()}
        return Shares(held, fresh, moves, work.cycles[:-1] / work.cycles[-1], work.steps[:-1] / work.steps[-1])

    def _factors(self, done: Operations, tensor: str, near: Neighbours, *, least: bool) -> Factors | None:
        shape = self.tensors[tensor].shape
        accesses = [a for a in (*self.einsum.inputs, self.einsum.output) if a.tensor == tensor]
        need: Box | None = required([done.touched(access, shape) for access in accesses])
        return None if need is None else factors_of(need, near, least=least)


def _together(several: Sequence[Shares]) -> Shares:
    """What some choices leave and what others do, one after the other; of the tensors of which it is known for all."""
    if len(several) == 1:
        return several[0]
    told = [tensor for tensor in several[0].held if all(tensor in shares.held for shares in several)]

    def below(name: str, tensor: str) -> list[Array]:
        return [np.concatenate(parts) for parts in zip(*(getattr(s, name)[tensor] for s in several), strict=True)]

    return Shares(
        {tensor: below("held", tensor) for tensor in told},
        {tensor: below("fresh", tensor) for tensor in told},
        {t: {key: np.concatenate([s.moves[t][key] for s in several]) for key in several[0].moves[t]} for t in told},
        np.concatenate([s.cycles for s in several]),
        np.concatenate([s.trips for s in several]),
    )
