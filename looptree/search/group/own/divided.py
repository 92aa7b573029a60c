"""Own loops of a layer over ranks that move a dimension which the group's loops, or another own loop, move.

What such loops leave of a tensor depends on the tile shapes of the group's loops, so there is no list of them that
holds for all designs (as there is for the others; see `looptree.search.group.own.leaf`). Each own loop is run together
with the group's loops that move one of its dimensions, for one tile shape of each: it divides what is inferred for its
layer at each step, from the lower end. What the layer's tensors take and how often they are fetched is again a product
over loops that move different dimensions.

Ranges of designs, and single designs at first, have one option instead of all these ways, which is no worse than any of
them (`Divider.bound`; see `looptree.search.group.own.leasts`). Only where this bound leaves hope for a single design,
its ways are found and compared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.own.division import Division, Shares, Steps
from looptree.search.group.own.leaf import FREE, Counted, Idle, Streamed, Streamer, Streaming, best_rows
from looptree.search.group.own.leasts import Leasts
from looptree.search.undominated import undominated


@dataclass(frozen=True, slots=True)
class _Loops:
    """Own loops over some ranks; every choice of one tile shape for each is counted.

    Attributes:
        order: their ranks. tiles: of each. bases: the loops of the group whose steps they divide, with the positions of
            the own loops that do.
    """

    order: tuple[str, ...]
    tiles: tuple[tuple[int, ...], ...]
    bases: tuple[tuple[Steps, tuple[int, ...]], ...]

    def numbers(self, positions: Sequence[int]) -> Array:
        """The number of each choice among those of the own loops at some positions alone."""
        every = np.indices(tuple(map(len, self.tiles))).reshape(len(self.tiles), -1)
        own = tuple(len(self.tiles[at]) for at in positions)
        return np.asarray(np.ravel_multi_index(tuple(every[list(positions)]), own))

    def chosen(self, choice: int) -> tuple[tuple[str, int], ...]:
        """The loops of one choice."""
        at = np.unravel_index(choice, tuple(map(len, self.tiles)))
        return tuple((rank, tiles[i]) for rank, tiles, i in zip(self.order, self.tiles, at, strict=True))


@dataclass(frozen=True, eq=False, slots=True)
class _Front:
    """Choices of tile shapes of some own loops, with tensors stored below so many of them each.

    Attributes:
        loops: those. depths: of each tensor. tables: likewise, share of its window, share of the words that enter, and
            whether one of these loops moves it. trips, cycles: of the layer. choices: their numbers.
    """

    loops: _Loops
    depths: tuple[int, ...]
    tables: Sequence[tuple[Array, Array, Array]]
    trips: Array
    cycles: Array
    choices: Array

    def rows(self, idle: Idle, *, fills: bool) -> Array:
        """What makes one choice better than another, a row for each."""
        shares = [share for table in self.tables for share in table[:2]]
        return np.stack([self.trips * fills, self.cycles * idle.counted, *shares], axis=1)

    def only(self, some: Array) -> _Front:
        """Some of the choices."""
        tables = [(held[some], fresh[some], moves[some]) for held, fresh, moves in self.tables]
        return _Front(self.loops, self.depths, tables, self.trips[some], self.cycles[some], self.choices[some])

    def way(self, at: int, tensors: Sequence[str]) -> Streaming:
        """One choice."""
        streamed = {
            tensor: Streamed(depth, float(held[at]), float(fresh[at]), bool(moves[at]))
            for tensor, depth, (held, fresh, moves) in zip(tensors, self.depths, self.tables, strict=True)
        }
        return Streaming(
            self.loops.chosen(int(self.choices[at])), streamed, float(self.trips[at]), float(self.cycles[at])
        )


def _best_ways(fronts: Sequence[_Front], tensors: Sequence[str], idle: Idle, *, fills: bool) -> list[Streaming]:
    """Those that no other one beats, of equal ones that with the fewest cycles."""
    if not fronts:
        return []
    rows = np.concatenate([front.rows(idle, fills=fills) for front in fronts])
    best = best_rows(rows, np.concatenate([front.cycles for front in fronts]))
    ends = np.cumsum([len(front.choices) for front in fronts])
    which = np.searchsorted(ends, best, side="right")
    return [
        fronts[number].way(int(at - ends[number]) + len(fronts[number].choices), tensors)
        for number, at in zip(which.tolist(), best.tolist(), strict=True)
    ]


class Divider:
    """Finds own loops of one layer that divide what the group's loops leave.

    Args:
        profiler: of the segment. streamer: of the layer, which says what its loops may be. driven: ranks of the layer
            that follow some loop that the group may have, or are cut without loops. complete: whether the layer runs
            all its operations in every design.
    """

    def __init__(self, profiler: Profiler, streamer: Streamer, driven: frozenset[Key], *, complete: bool) -> None:
        self.streamer = streamer
        self.division = Division(profiler, streamer)
        self.leasts = Leasts(self.division, streamer, driven, complete=complete)
        self._ways: dict[tuple[object, ...], list[Streaming]] = {}
        self._leasts_in: dict[tuple[str, tuple[Steps, ...]], Streamed | None] = {}
        self._leasts_of: dict[tuple[str, Steps, tuple[str, ...]], tuple[float, float] | None] = {}
        self._fewest: dict[tuple[Steps, ...], float] = {}
        self._sets_in: dict[tuple[Steps, ...], Sequence[_Loops]] = {}
        self._bounds: dict[tuple[tuple[str, ...], frozenset[Key], Idle, bool], Streaming | None] = {}

    def moving(self, steps: Sequence[Steps]) -> tuple[Steps, ...]:
        """Those of the loops of a design that move the layer, with positions among themselves."""
        found = [known for known in steps if self.division.follows(known)]
        order = sorted(position for known in found for position in known.positions)
        return tuple(replace(known, positions=tuple(map(order.index, known.positions))) for known in found)

    def ways(
        self, tensors: Sequence[str], moving: tuple[Steps, ...], idle: Idle = FREE, *, timed: bool = False
    ) -> list[Streaming]:
        """Ways to store exactly these tensors inside the branch, in a design with these loops that move the layer.

        Those that `Streamer.streamings` has are left out. If cycles count (`timed`), ways are compared by them where
        they may take fewer than without own loops.
        """
        if self.leasts.cycles < 1:
            idle = replace(idle, counted=idle.counted or timed)
        elif not self.streamer.idles:
            idle = FREE
        key = (tuple(tensors), moving, idle)
        if key not in self._ways:
            found: list[_Front] = []
            for loops in self._every(moving):
                found += self._of(loops, tensors, idle)
            self._ways[key] = _best_ways(found, tensors, idle, fills=self.streamer.fills)
        return self._ways[key]

    def counted(self, tensors: Sequence[str], moving: tuple[Steps, ...]) -> Iterator[Counted]:
        """What own loops of each order leave of some tensors, in a design with these loops that move the layer."""
        for loops in self._every(moving):
            found = self._found(loops, tensors)
            if found:
                trips = np.prod([shares.trips[at] for shares, at, _ in found], axis=0)
                cycles = np.prod([shares.cycles[at] for shares, at, _ in found], axis=0)
                depths = itertools.product(tensors, range(len(loops.order) + 1))
                tables = {placed: _below(found, *placed, len(trips)) for placed in depths}
                yield Counted(loops.order, loops.tiles, tables, trips, cycles)

    def _every(self, moving: tuple[Steps, ...]) -> Iterator[_Loops]:
        """Own loops over any ranks in any order."""
        for count in range(1, self.streamer.most + 1):
            for order in itertools.permutations(self.leasts.ranks, count):
                loops = self._loops(order, moving) if self.streamer.rule.ordered(order) else None
                if loops is not None:
                    yield loops

    def _found(self, loops: _Loops, tensors: Sequence[str]) -> list[tuple[Shares, Array, tuple[int, ...]]]:
        """What own loops leave along each set of them, with the number of each choice there; nothing if they cannot."""
        found = []
        for steps, positions in loops.bases:
            shares = self.division.shares(steps, tuple(loops.order[at] for at in positions))
            if shares is None or not shares.held.keys() >= set(tensors):
                return []
            found.append((shares, loops.numbers(positions), positions))
        return found

    def rough(self, tensors: Sequence[str], moving: tuple[Steps, ...], *, timed: bool = False) -> Streaming | None:
        """What none of the `ways` undercuts, tensor by tensor; `None` if there are none. `timed`: see `ways`."""
        leasts = [self._least_in(tensor, moving) for tensor in tensors]
        if any(least is None for least in leasts):
            return None
        listed = {t: least for t, least in zip(tensors, leasts, strict=True) if least is not None}
        return Streaming((), listed, cycles=self._fewest_in(moving) if timed and self.leasts.cycles < 1 else 1.0)

    def _least_in(self, tensor: str, moving: tuple[Steps, ...]) -> Streamed | None:
        """The smallest shares of one tensor, whatever the order of the own loops."""
        key = (tensor, moving)
        if key not in self._leasts_in:
            pieces, times = [1.0], [1.0]
            for loops in self._sets(moving):
                found = [self._least_of(tensor, base, loops) for base in loops.bases]
                if all(least is not None for least in found):
                    pieces.append(math.prod(least[0] for least in found if least is not None))
                    times.append(math.prod(least[1] for least in found if least is not None))
            known = Streamed(0, min(pieces), min(times), True)
            self._leasts_in[key] = known if len(pieces) > 1 else None
        return self._leasts_in[key]

    def _fewest_in(self, moving: tuple[Steps, ...]) -> float:
        """The smallest share of cycles that own loops leave."""
        if moving not in self._fewest:
            found = [1.0]
            orders = (itertools.permutations(self.leasts.ranks, n) for n in range(1, self.streamer.most + 1))
            for loops in filter(None, (self._loops(order, moving) for order in itertools.chain(*orders))):
                shares = [self.division.shares(s, tuple(loops.order[at] for at in own)) for s, own in loops.bases]
                found.append(math.prod(float(known.cycles.min()) for known in shares if known is not None))
            self._fewest[moving] = min(found)
        return self._fewest[moving]

    def _sets(self, moving: tuple[Steps, ...]) -> Sequence[_Loops]:
        """Own loops over each set of ranks, in one order."""
        if moving not in self._sets_in:
            sets = (itertools.combinations(self.leasts.ranks, n) for n in range(1, self.streamer.most + 1))
            every = (self._loops(ranks, moving) for ranks in itertools.chain(*sets))
            self._sets_in[moving] = [loops for loops in every if loops is not None]
        return self._sets_in[moving]

    def _least_of(self, tensor: str, base: tuple[Steps, tuple[int, ...]], loops: _Loops) -> tuple[float, float] | None:
        """The same of own loops that divide the steps of some loops."""
        steps, positions = base
        own = tuple(loops.order[at] for at in positions)
        key = (tensor, steps, own)
        if key not in self._leasts_of:
            shares = self.division.shares(steps, own)
            self._leasts_of[key] = None
            if shares is not None and tensor in shares.held:
                self._leasts_of[key] = float(shares.held[tensor][-1].min()), float(shares.fresh[tensor][0].min())
        return self._leasts_of[key]

    def bound(
        self, tensors: Sequence[str], driven: frozenset[Key], idle: Idle, *, timed: bool = False
    ) -> Streaming | None:
        """What none of the ways to store exactly these tensors inside the branch undercuts, in any design.

        `None` if ways that hold for all designs are as good if they take no more cycles, or if there are no others.

        Args:
            driven: ranks of the layer that follow the group's loops. timed: whether cycles count.
        """
        key = (tuple(tensors), driven, idle, timed)
        if key not in self._bounds:
            known = Streaming((), {t: self.leasts.of(t) for t in tensors}, cycles=self.leasts.cycles)
            fewer = timed and known.cycles < 1
            as_good = not fewer and self._as_good(known, driven, idle)
            self._bounds[key] = None if as_good or not self.leasts.possible else known
        return self._bounds[key]

    def _as_good(self, bound: Streaming, driven: frozenset[Key], idle: Idle) -> bool:
        return any(
            (way.trips <= 1 or not self.streamer.fills)
            and all(
                share.piece <= bound.tensors[t].piece and share.times <= bound.tensors[t].times
                for t, share in way.tensors.items()
            )
            for way in self.streamer.streamings(list(bound.tensors), driven, idle)
        )

    def _loops(self, order: tuple[str, ...], moving: Sequence[Steps]) -> _Loops | None:
        """Own loops in an order, if they divide what other loops do, or what is cut without loops.

        Those that move a common dimension, or one that a common loop of the group moves, divide the steps of all loops
        of the group that move any of their dimensions.
        """
        near = [self.leasts.mixed[rank] | {rank} for rank in order]
        found = [[steps for steps in moving if ranks & self.division.follows(steps)] for ranks in near]
        together = len(order) > 1 and (order[1] in near[0] or any(steps in found[1] for steps in found[0]))
        if not any(found) and not together and not self.leasts.cut & frozenset().union(*near):
            return None
        parts = [tuple(range(len(order)))] if together else [(position,) for position in range(len(order))]
        bases = tuple((Steps.joined([s for s in moving if any(s in found[at] for at in part)]), part) for part in parts)
        base_of = {position: base for base, part in bases for position in part}
        tiles = tuple(self.division.tiles(base_of[position], rank) for position, rank in enumerate(order))
        return _Loops(order, tiles, bases) if all(tiles) else None

    def _of(self, loops: _Loops, tensors: Sequence[str], idle: Idle) -> list[_Front]:
        """The ways with own loops in an order that no other ones with them beat."""
        count, choices = len(loops.order), math.prod(map(len, loops.tiles))
        held, fresh, moves = [], [], []
        cycles = trips = np.ones(choices)
        found = self._found(loops, tensors)
        for shares, at, _ in found:
            cycles = cycles * shares.cycles[at]
            trips = trips * shares.trips[at]
        some = np.flatnonzero((cycles <= idle.most) & (cycles >= idle.fewest))
        if not found or not len(some):
            return []
        found = [(shares, at[some], positions) for shares, at, positions in found]
        for tensor in tensors:
            tables = [_below(found, tensor, depth, len(some)) for depth in range(count + 1)]
            held.append([table[0] for table in tables])
            fresh.append([table[1] for table in tables])
            moves.append([table[2] for table in tables])
        fronts = []
        for depths in itertools.product(range(count + 1), repeat=len(tensors)):
            if max(depths) < count:
                continue  # the innermost loop serves nobody
            tables = [(held[i][d], fresh[i][d], moves[i][d]) for i, d in enumerate(depths)]
            every = _Front(loops, depths, tables, trips[some], cycles[some], some)
            fronts.append(every.only(undominated(every.rows(idle, fills=self.streamer.fills))))
        return fronts


def _below(
    found: Sequence[tuple[Shares, Array, tuple[int, ...]]], tensor: str, depth: int, choices: int
) -> tuple[Array, Array, Array]:
    """Shares of the window and words of a tensor that is stored below so many own loops, and whether one moves it."""
    sweep = np.full(choices, -1)
    for position in range(depth):
        for shares, at, positions in found:
            if position in positions:
                inside = sum(other < depth for other in positions)
                moved = shares.moves[tensor][inside, positions.index(position)][at]
                sweep = np.where(moved, position, sweep)
    piece = times = np.ones(choices)
    for shares, at, positions in found:
        piece = piece * shares.held[tensor][sum(position < depth for position in positions)][at]
        anew = sum((np.array(position) < sweep).astype(np.int64) for position in positions)
        times = times * np.stack(shares.fresh[tensor])[anew, at]
    return piece, times, sweep >= 0
