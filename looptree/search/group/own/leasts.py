"""What no own loops of a layer leave less of a tensor than, in any design.

- No window is smaller than what tiles of one leave, along the ranks of own loops and those that the group's loops move
  together with them. A layer that runs all its operations has each of them in some piece, which holds all that this
  operation reads, with all of the ranks that are not tiled. What the group's loops leave of a dimension is no more than
  the whole of it, so the share of the whole that such tiles leave is no larger than that of any piece.
- At every step of the group's loops everything enters anew, at least each word that the step touches. Ranks that are
  whole and have small coefficients reach some words in a row. From each word but the last one another is reached by one
  more step along some other rank, so that the next one is no further than its coefficient less what is reached in a
  row. With words at most `g` apart, and at both ends, a hull of n words has n / g of them. Where the tensor ends within
  the hull, one end is inside; or the hull is all of the tensor, of which each `g` words in a row have one. Nothing is
  known where an input has several of the ranks that a dimension of the output joins: the step is no box of them.
- Where a dimension of the output joins ranks, a step does a slab of a box of them, and takes the cycles of the box; own
  loops may leave out some. If all of these ranks but one add up to values without gaps, the slab has every value of
  that one from its first to its last. No cycle does more of these than an array does at once, so none are left out
  along that rank.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import cached_property

from looptree.model.box import Key
from looptree.search.group.own.division import Division
from looptree.search.group.own.leaf import Streamer
from looptree.search.group.own.streaming import Streamed
from looptree.workload import Affine


class Leasts:
    """Lower bounds of what own loops leave that divide what the group's loops leave.

    Args:
        division: of the layer. streamer: says what its loops may be. driven, complete: see `divided.Divider`.

    Attributes:
        cut: ranks of the layer of which not everything is asked for, even without loops.
        mixed: of each rank, those that move a dimension together with it.
    """

    def __init__(self, division: Division, streamer: Streamer, driven: frozenset[Key], *, complete: bool) -> None:
        self.complete = complete
        self.driven = driven
        self.division = division
        self.streamer = streamer
        self.einsum = division.einsum
        self.cut = division.profiler.cut(streamer.layer)
        self.extents = {name: tensor.shape for name, tensor in division.tensors.items()}
        forms = [form for access in (*self.einsum.inputs, self.einsum.output) for form in access.projection]
        self.mixed = {
            rank: frozenset(r for f in forms if rank in f.ranks for r in f.ranks) for rank in self.einsum.ranks
        }
        self._leasts: dict[str, Streamed] = {}
        self._entering: dict[str, float] = {}

    @cached_property
    def possible(self) -> bool:
        """Whether the layer may have such own loops at all."""
        return bool(self.driven) or any(len(self.mixed[rank] & set(self.ranks)) > 1 for rank in self.ranks)

    def of(self, tensor: str) -> Streamed:
        """What no way leaves less than of a tensor."""
        if tensor not in self._leasts:
            self._leasts[tensor] = Streamed(0, self._piece(tensor), self.times(tensor), True)
        return self._leasts[tensor]

    def _piece(self, tensor: str) -> float:
        """The smallest share of a tensor that own loops can leave of its window."""
        if not self.complete:
            return 0.0
        streamer, ranks = self.streamer, self.ranks
        known, index = streamer.known.least, streamer.shape.tensors.index(tensor)
        key = (streamer.shape.key, streamer.most, index, tuple(rank in self.driven for rank in ranks))
        if key not in known:
            known[key] = min(
                math.prod(self._part(tensor, part, frozenset(order) & part) for part in self._parts)
                for order in itertools.combinations(ranks, min(streamer.most, len(ranks)))
            )
        return known[key]

    def _part(self, tensor: str, part: frozenset[str], own: frozenset[str]) -> float:
        """The same along the ranks of one part, with own loops over some of them."""
        if not own:
            return 1.0
        shares = self.division.of_single(tuple(sorted(own | part & self.driven)))
        return 0.0 if shares is None or tensor not in shares.held else float(shares.held[tensor][-1][0])

    @cached_property
    def _parts(self) -> list[frozenset[str]]:
        """The ranks in sets that move no common dimension."""
        found: list[frozenset[str]] = []
        for rank in self.ranks:
            near = [part for part in found if part & self.mixed[rank]]
            found = [part for part in found if part not in near] + [frozenset({rank}).union(*near)]
        return found

    @cached_property
    def cycles(self) -> float:
        """Cycles of the layer at least, as a share of those that it takes without own loops."""
        spatial, extents = self.streamer.spatial, self.einsum.ranks
        found = 1.0
        for form in self.einsum.output.projection:
            if len(form.terms) > 1 and not self.driven.isdisjoint(form.ranks):
                steps = {rank: -(-extents[rank] // spatial.get(rank, 1)) for rank in form.ranks}
                attained = (steps[rank] for rank in form.ranks if _contiguous(form, extents, rank))
                found *= max(attained, default=1) / math.prod(steps.values())
        return found

    def entering(self, tensor: str) -> float:
        """The fewest words of a tensor that enter inside the branch, as a share of what enters without own loops."""
        if tensor not in self._entering:
            ways = [way.tensors[tensor] for way in self.streamer.streamings([tensor], self.cut)]
            divided = self.times(tensor) if self.possible else math.inf
            self._entering[tensor] = min([divided, *(way.times for way in ways)])
        return self._entering[tensor]

    def times(self, tensor: str) -> float:
        """Words of a tensor that enter at least, as a share of what enters without own loops."""
        accesses = [a for a in (*self.einsum.inputs, self.einsum.output) if a.tensor == tensor]
        ranks = [rank for form in accesses[0].projection for rank in form.ranks]
        forms = self.einsum.output.projection if accesses[0] in self.einsum.inputs else ()
        joined = any(len(self.driven.intersection(form.ranks, ranks)) > 1 for form in forms)
        if len(accesses) > 1 or len(set(ranks)) < len(ranks) or joined:
            return 0.0
        return math.prod(map(self._along, accesses[0].projection, self.extents[tensor]))

    def _along(self, form: Affine, extent: int) -> float:
        """The same along one dimension."""
        terms = [(abs(c), rank) for rank, c in form.terms if self.einsum.ranks[rank] > 1]
        row, apart = 1, [c for c, rank in terms if rank in self.driven]
        for c, rank in sorted(term for term in terms if term[1] not in self.driven):
            if c <= row:
                row += c * (self.einsum.ranks[rank] - 1)
            else:
                apart.append(c)
        gap = max(1, *(c - row + 1 for c in apart)) if apart else 1
        hull = form.hull(self.einsum.box)
        return 1 / gap if hull.clip(extent) == hull else min(1 / gap, extent // gap / extent)

    @cached_property
    def ranks(self) -> list[str]:
        """Ranks that own loops may run over."""
        return [rank for rank, extent in self.einsum.ranks.items() if extent > 1]


def _contiguous(form: Affine, extents: Mapping[str, int], but: str) -> bool:
    """Whether the values of a form without one of its ranks have no gaps."""
    reach = 0
    for c, rank in sorted((abs(c), rank) for rank, c in form.terms if rank != but and extents[rank] > 1):
        if c > reach + 1:
            return False
        reach += c * (extents[rank] - 1)
    return True
