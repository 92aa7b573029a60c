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
from dataclasses import replace

import numpy as np

from looptree.model.box import Key
from looptree.search.deadline import check_time
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.own.choices import MOST_CHOICES, Left, OwnLoops
from looptree.search.group.own.counted import Counted
from looptree.search.group.own.division import Division, Steps
from looptree.search.group.own.leaf import Streamer
from looptree.search.group.own.leasts import Leasts
from looptree.search.group.own.streaming import FREE, Idle, Streamed, Streaming
from looptree.search.group.own.ways import Ways, best_ways, ways_of

MOST_DESIGNS = 8  # layers of designs of which it is kept what their own loops leave


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
        self._sets_in: dict[tuple[Steps, ...], Sequence[OwnLoops]] = {}
        self._bounds: dict[tuple[tuple[str, ...], frozenset[Key], Idle, bool], Streaming | None] = {}

    def moving(self, steps: Sequence[Steps]) -> tuple[Steps, ...]:
        """Those of the loops of a design that move the layer, with positions among themselves."""
        found = [known for known in steps if self.division.follows(known)]
        order = sorted(position for known in found for position in known.positions)
        return tuple(replace(known, positions=tuple(map(order.index, known.positions))) for known in found)

    def sees_apart(self, steps: Sequence[Steps]) -> bool:
        """Whether no two of some loops move one dimension of a tensor of the layer."""
        follows = [self.division.follows(known) for known in steps]
        return all(sum(bool(ranks & own) for own in follows) < 2 for ranks in self.leasts.mixed.values())

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
            found: list[Ways] = []
            for left in self._every(moving):
                found += self._of(left, tensors, idle)
            self._ways[key] = best_ways(found, tensors, idle, fills=self.streamer.fills)
        return self._ways[key]

    def counted(self, tensors: Sequence[str], moving: tuple[Steps, ...]) -> Iterator[Counted]:
        """What own loops of each order leave of some tensors, in a design with these loops that move the layer."""
        for left in self._every(moving):
            if left.tells(tensors):
                tables = {tensor: left.tables(tensor, np.arange(left.loops.choices)) for tensor in tensors}
                yield Counted(left.loops.order, left.loops.tiles, tables, left.trips, left.cycles)

    def _every(self, moving: tuple[Steps, ...]) -> Iterator[Left]:
        """What own loops over any ranks in any order leave."""
        kept = self._kept(moving)
        for count in range(1, self.streamer.most + 1):
            for order in itertools.permutations(self.leasts.ranks, count):
                left = self._left(order, moving, kept) if self.streamer.rule.ordered(order) else None
                if left is not None:
                    yield left

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
                shares = [self.division.least(s, tuple(loops.order[at] for at in own)) for s, own in loops.bases]
                found.append(math.prod(float(known.cycles.min()) for known in shares if known is not None))
            self._fewest[moving] = min(found)
        return self._fewest[moving]

    def _sets(self, moving: tuple[Steps, ...]) -> Sequence[OwnLoops]:
        """Own loops over each set of ranks, in one order."""
        if moving not in self._sets_in:
            sets = (itertools.combinations(self.leasts.ranks, n) for n in range(1, self.streamer.most + 1))
            every = (self._loops(ranks, moving) for ranks in itertools.chain(*sets))
            self._sets_in[moving] = [loops for loops in every if loops is not None]
        return self._sets_in[moving]

    def _least_of(
        self, tensor: str, base: tuple[Steps, tuple[int, ...]], loops: OwnLoops
    ) -> tuple[float, float] | None:
        """The same of own loops that divide the steps of some loops."""
        steps, positions = base
        own = tuple(loops.order[at] for at in positions)
        key = (tensor, steps, own)
        if key not in self._leasts_of:
            shares = self.division.least(steps, own)
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

    def _loops(self, order: tuple[str, ...], moving: Sequence[Steps]) -> OwnLoops | None:
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
        return OwnLoops(order, tiles, bases) if all(tiles) else None

    def _kept(self, moving: tuple[Steps, ...]) -> dict[tuple[str, ...], Left | None]:
        """What own loops leave, by their order; kept of the designs that were looked at last."""
        designs = self.streamer.known.designs
        if (self, moving) not in designs:
            while len(designs) >= MOST_DESIGNS:
                designs.pop(next(iter(designs)))
            designs[self, moving] = {}
        return designs[self, moving]

    def _left(
        self, order: tuple[str, ...], moving: Sequence[Steps], kept: dict[tuple[str, ...], Left | None]
    ) -> Left | None:
        """What own loops in an order leave, if they can stand there."""
        if order in kept:
            return kept[order]
        loops, found = self._loops(order, moving), None
        if loops is not None:
            shares = [self.division.shares(s, tuple(order[at] for at in own)) for s, own in loops.bases]
            told = [known for known in shares if known is not None]
            found = Left(loops, told) if len(told) == len(shares) else None
        if found is None or found.loops.choices <= MOST_CHOICES:
            kept[order] = found
        return found

    def _of(self, left: Left, tensors: Sequence[str], idle: Idle) -> list[Ways]:
        """The ways with own loops in an order that no other ones with them beat."""
        check_time()
        some = idle.listed(left.cycles)
        if not len(some) or not left.tells(tensors):
            return []
        tables = [left.tables(tensor, some) for tensor in tensors]
        work = left.trips[some], left.cycles[some]
        return ways_of(left.loops.order, left.loops.tiles, tables, *work, some, idle, fills=self.streamer.fills)
