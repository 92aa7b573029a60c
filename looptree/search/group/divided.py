"""Own loops of a layer over ranks that move a dimension which the group's loops, or another own loop, move.

What such loops leave of a tensor depends on the tile shapes of the group's loops, so there is no list of them that
holds for all designs (as there is for the others; see `looptree.search.group.leaf`). Each own loop is run together with
the group's loop that moves the same dimension, for one tile shape of that: it divides what is inferred for its layer at
each step, from the lower end. What the layer's tensors take and how often they are fetched is again a product over
loops that move different dimensions.

Ranges of designs, and single designs at first, have one option instead of all these ways, which is no worse than any of
them (`Divider.bound`):

- No window is smaller than what tiles of one leave, along the ranks of own loops and those that the group's loops move
  together with them. A layer that runs all its operations has each of them in some piece, which holds all that this
  operation reads, with all of the ranks that are not tiled. What the group's loops leave of a dimension is no more than
  the whole of it, so the share of the whole that such tiles leave is no larger than that of any piece.
- At every step of the group's loops everything enters anew, at least each word that the step touches. Where what it
  touches has no gaps, that is all of the hull that enters without own loops. Else a dimension `sum of c * r` of boxes
  of n points along the longest rank touches n coordinates at least, and has a hull of no more than `n * sum of |c|`.
  Where some of them lie outside the tensor, those inside may be any few of its hull there: then nothing is known.

Only where this bound leaves hope for a single design, its ways are found and compared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.division import Division, Shares, Steps
from looptree.search.group.leaf import Streamed, Streamer, Streaming, undominated_ways
from looptree.search.group.profile import Profiler
from looptree.search.undominated import undominated
from looptree.workload import Affine


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


class Divider:
    """Finds own loops of one layer that divide what the group's loops leave.

    Args:
        profiler: of the segment. streamer: of the layer, which says what its loops may be. driven: ranks of the layer
            that follow some loop that the group may have, or are cut without loops. complete: whether the layer runs
            all its operations in every design.
    """

    def __init__(self, profiler: Profiler, streamer: Streamer, driven: frozenset[Key], *, complete: bool) -> None:
        self.complete = complete
        self.driven = driven
        self.cut = profiler.cut(streamer.layer)
        self.streamer = streamer
        self.einsum = profiler.part.einsum(streamer.layer)
        self.extents = {name: tensor.shape for name, tensor in profiler.part.tensors.items()}
        self.division = Division(profiler, streamer)
        forms = [form for access in (*self.einsum.inputs, self.einsum.output) for form in access.projection]
        self.mixed = {
            rank: frozenset(r for f in forms if rank in f.ranks for r in f.ranks) for rank in self.einsum.ranks
        }
        self._ways: dict[tuple[object, ...], list[Streaming]] = {}
        self._leasts: dict[str, Streamed] = {}
        self._entering: dict[str, float] = {}
        self._leasts_in: dict[tuple[str, tuple[Steps, ...]], Streamed | None] = {}
        self._leasts_of: dict[tuple[str, Steps, tuple[str, ...]], tuple[float, float] | None] = {}
        self._bounds: dict[tuple[tuple[str, ...], frozenset[Key]], Streaming | None] = {}

    def moving(self, steps: Sequence[Steps]) -> tuple[Steps, ...]:
        """Those of the loops of a design that move the layer."""
        return tuple(known for known in steps if self.division.follows(known))

    def ways(self, tensors: Sequence[str], moving: tuple[Steps, ...]) -> list[Streaming]:
        """Ways to store exactly these tensors inside the branch, in a design with these loops that move the layer.

        Those that `Streamer.streamings` has are left out.
        """
        key = (tuple(tensors), moving)
        if key not in self._ways:
            found = []
            for count in range(1, self.streamer.most + 1):
                for order in itertools.permutations(self._ranks, count):
                    if self.streamer.rule.ordered(order):
                        loops = self._loops(order, moving)
                        found += [] if loops is None else self._of(loops, tensors)
            self._ways[key] = undominated_ways(found, tensors, fills=self.streamer.fills)
        return self._ways[key]

    def rough(self, tensors: Sequence[str], moving: tuple[Steps, ...]) -> Streaming | None:
        """What none of the `ways` undercuts, tensor by tensor; `None` if there are none."""
        leasts = [self._least_in(tensor, moving) for tensor in tensors]
        if any(least is None for least in leasts):
            return None
        return Streaming((), {t: least for t, least in zip(tensors, leasts, strict=True) if least is not None})

    def _least_in(self, tensor: str, moving: tuple[Steps, ...]) -> Streamed | None:
        """The smallest shares of one tensor, whatever the order of the own loops."""
        key = (tensor, moving)
        if key not in self._leasts_in:
            pieces, times = [1.0], [1.0]
            orders = (itertools.combinations(self._ranks, n) for n in range(1, self.streamer.most + 1))
            for loops in (self._loops(order, moving) for order in itertools.chain(*orders)):
                found = [] if loops is None else [self._least_of(tensor, base, loops) for base in loops.bases]
                if found and all(least is not None for least in found):
                    pieces.append(math.prod(least[0] for least in found if least is not None))
                    times.append(math.prod(least[1] for least in found if least is not None))
            known = Streamed(0, min(pieces), min(times), True)
            self._leasts_in[key] = known if len(pieces) > 1 else None
        return self._leasts_in[key]

    def _least_of(self, tensor: str, base: tuple[Steps, tuple[int, ...]], loops: _Loops) -> tuple[float, float] | None:
        """The same of own loops that divide the steps of some loops."""
        steps, positions = base
        own = tuple(loops.order[at] for at in positions)
        key = (tensor, steps, own)
        if key not in self._leasts_of:
            shares = self.division.shares(steps, own)
            self._leasts_of[key] = None
            if shares is not None and tensor in shares.held and shares.full.any():
                held, fresh = shares.held[tensor][-1][shares.full], shares.fresh[tensor][0][shares.full]
                self._leasts_of[key] = float(held.min()), float(fresh.min())
        return self._leasts_of[key]

    def bound(self, tensors: Sequence[str], driven: frozenset[Key]) -> Streaming | None:
        """What none of the ways to store exactly these tensors inside the branch undercuts, in any design.

        `None` if ways that hold for all designs are as good, or if there are no others.

        Args:
            driven: ranks of the layer that follow the group's loops.
        """
        key = (tuple(tensors), driven)
        if key not in self._bounds:
            known = Streaming((), {t: self._least(t) for t in tensors})
            self._bounds[key] = None if not self.possible or self._as_good(known, driven) else known
        return self._bounds[key]

    @cached_property
    def possible(self) -> bool:
        """Whether the layer may have such loops at all."""
        return bool(self.driven) or any(len(self.mixed[rank] & set(self._ranks)) > 1 for rank in self._ranks)

    def _as_good(self, bound: Streaming, driven: frozenset[Key]) -> bool:
        return any(
            (way.trips <= 1 or not self.streamer.fills)
            and all(
                share.moves and share.piece <= bound.tensors[t].piece and share.times <= bound.tensors[t].times
                for t, share in way.tensors.items()
            )
            for way in self.streamer.streamings(list(bound.tensors), driven)
        )

    def _least(self, tensor: str) -> Streamed:
        """What no way leaves less than of a tensor."""
        if tensor not in self._leasts:
            self._leasts[tensor] = Streamed(0, self._least_piece(tensor), self.least_times(tensor), True)
        return self._leasts[tensor]

    def _least_piece(self, tensor: str) -> float:
        """The smallest share of a tensor that own loops can leave of its window."""
        if not self.complete:
            return 0.0
        streamer, ranks = self.streamer, self._ranks
        known, index = streamer.known.least, streamer.shape.tensors.index(tensor)
        key = (streamer.shape.key, streamer.most, index, tuple(rank in self.driven for rank in ranks))
        if key not in known:
            known[key] = min(
                math.prod(self._least_part(tensor, part, frozenset(order) & part) for part in self._parts)
                for order in itertools.combinations(ranks, min(streamer.most, len(ranks)))
            )
        return known[key]

    def _least_part(self, tensor: str, part: frozenset[str], own: frozenset[str]) -> float:
        """The same along the ranks of one part, with own loops over some of them."""
        if not own:
            return 1.0
        shares = self.division.of_single(tuple(sorted(own | part & self.driven)))
        return 0.0 if shares is None or tensor not in shares.held else float(shares.held[tensor][-1][0])

    @cached_property
    def _parts(self) -> list[frozenset[str]]:
        """The ranks in sets that move no common dimension."""
        found: list[frozenset[str]] = []
        for rank in self._ranks:
            near = [part for part in found if part & self.mixed[rank]]
            found = [part for part in found if part not in near] + [frozenset({rank}).union(*near)]
        return found

    def least_entering(self, tensor: str) -> float:
        """The fewest words of a tensor that enter below own loops which move it, as a share of what enters without."""
        if tensor not in self._entering:
            ways = [way.tensors[tensor] for way in self.streamer.streamings([tensor], self.cut)]
            divided = self.least_times(tensor) if self.possible else math.inf
            self._entering[tensor] = min([divided, *(way.times for way in ways if way.moves)])
        return self._entering[tensor]

    def least_times(self, tensor: str) -> float:
        """Words of a tensor that enter at least, as a share of what enters without own loops."""
        accesses = [a for a in (*self.einsum.inputs, self.einsum.output) if a.tensor == tensor]
        ranks = [rank for form in accesses[0].projection for rank in form.ranks]
        if len(accesses) > 1 or len(set(ranks)) < len(ranks):
            return 0.0
        return math.prod(map(self._least_along, accesses[0].projection, self.extents[tensor]))

    def _least_along(self, form: Affine, extent: int) -> float:
        """The same along one dimension."""
        terms = [(abs(c), rank) for rank, c in form.terms if self.einsum.ranks[rank] > 1]
        whole = sorted((c, self.einsum.ranks[rank]) for c, rank in terms if rank not in self.driven)
        moved = [c for c, rank in terms if rank in self.driven]
        reach = 1.0
        for c, extent in whole:
            reach += c * (extent - 1) if c <= reach else -math.inf
        gapless = len(moved) < 2 and all(c <= reach for c in (*moved, 1))
        if gapless:
            return 1.0
        hull = form.hull(self.einsum.box)
        return 1.0 / sum(c for c, _ in terms) if hull.clip(extent) == hull else 0.0

    @property
    def _ranks(self) -> list[str]:
        return [rank for rank, extent in self.einsum.ranks.items() if extent > 1]

    def _loops(self, order: tuple[str, ...], moving: Sequence[Steps]) -> _Loops | None:
        """Own loops in an order, if they divide what other loops do, or what is cut without loops."""
        bases, near = [], [self.mixed[rank] | {rank} for rank in order]
        for ranks in near:
            found = [steps for steps in moving if ranks & self.division.follows(steps)]
            if len(found) > 1:
                return None
            bases.append(found[0] if found else None)
        together = len(order) > 1 and order[1] in self.mixed[order[0]]
        if bases == [None] * len(order) and not together and not self.cut & frozenset().union(*near):
            return None
        if together:
            known = {base for base in bases if base is not None}
            if len(known) > 1:
                return None
            bases = [next(iter(known), None)] * len(order)
        grouped: dict[object, tuple[Steps, tuple[int, ...]]] = {}
        for position, base in enumerate(bases):
            key = position if base is None and not together else base
            steps, positions = grouped.get(key, (base or Steps(), ()))
            grouped[key] = steps, (*positions, position)
        tiles = tuple(self.division.tiles(base or Steps(), rank) for rank, base in zip(order, bases, strict=True))
        return _Loops(order, tiles, tuple(grouped.values())) if all(tiles) else None

    def _of(self, loops: _Loops, tensors: Sequence[str]) -> list[Streaming]:
        """The ways with own loops in an order that no other ones with them beat."""
        count, choices = len(loops.order), math.prod(map(len, loops.tiles))
        held, fresh, moves = [], [], []
        full, trips = np.ones(choices, dtype=bool), np.ones(choices)
        found: list[tuple[Shares, Array, tuple[int, ...]]] = []
        for steps, positions in loops.bases:
            shares = self.division.shares(steps, tuple(loops.order[at] for at in positions))
            if shares is None or not shares.held.keys() >= set(tensors):
                return []
            found.append((shares, loops.numbers(positions), positions))
        for shares, at, _ in found:
            full &= shares.full[at]
            trips = trips * shares.trips[at]
        some = np.flatnonzero(full)
        if not len(some):
            return []
        found = [(shares, at[some], positions) for shares, at, positions in found]
        for tensor in tensors:
            tables = [_below(found, tensor, depth, len(some)) for depth in range(count + 1)]
            held.append([table[0] for table in tables])
            fresh.append([table[1] for table in tables])
            moves.append([table[2] for table in tables])
        ways = []
        for depths in itertools.product(range(count + 1), repeat=len(tensors)):
            if max(depths) < count:
                continue  # the innermost loop serves nobody
            rows = [row for i, d in enumerate(depths) for row in (held[i][d], fresh[i][d], ~moves[i][d])]
            judged = np.stack([trips[some] * self.streamer.fills, *rows], axis=1)
            for at in undominated(judged).tolist():
                streamed = {
                    t: Streamed(d, float(held[i][d][at]), float(fresh[i][d][at]), bool(moves[i][d][at]))
                    for i, (t, d) in enumerate(zip(tensors, depths, strict=True))
                }
                ways.append(Streaming(loops.chosen(some[at]), streamed, float(trips[some[at]])))
        return ways


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
