"""What a layer does at each iteration of the loops around it, sorted into parts that do not depend on each other.

The ranks of a *part* share a loop around the layer, or a dimension of one of its tensors. Iterations at which they have
the same extents (and the same place in padded tensors) are one *problem*, with the number of such iterations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box
from looptree.model.inference import required
from looptree.model.inferred import Axes
from looptree.model.operations import Operations
from looptree.model.sweep import fresh_box
from looptree.model.window import innermost_relevant
from looptree.workload import Access, Einsum


@dataclass(frozen=True, eq=False, slots=True)
class Problems:
    """The different extents of the ranks of a part.

    Attributes:
        ranks: of the part. low, high: of each rank and problem, of shape (ranks, problems). times: of each problem.
    """

    ranks: tuple[str, ...]
    low: Array
    high: Array
    times: Array

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal problems."""
        return self.ranks, self.low.tobytes(), self.high.tobytes(), self.times.tobytes()

    def largest(self, rank: str) -> int:
        """The largest extent of a rank."""
        row = self.ranks.index(rank)
        return int((self.high[row] - self.low[row]).max())

    def extents(self, rank: str) -> frozenset[int]:
        """Every extent of a rank."""
        row = self.ranks.index(rank)
        return frozenset((self.high[row] - self.low[row]).tolist())


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """All that a nest sees of the tiles of a layer.

    Attributes:
        problems: of each part. elsewhere: iterations of loops that cut no rank of the layer and at which it works.
        entered: words of each tensor that enter a place below all loops around, if no loop of the nest moves it.
    """

    problems: tuple[Problems, ...]
    elsewhere: int
    entered: Mapping[str, float]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for shapes that nests cut alike."""
        return self.elsewhere, tuple(known.key for known in self.problems)


class Leaf:
    """A layer at the iterations of the loops around it.

    Args:
        operations: at these iterations, tabulated on `axes`. shapes: of the tensors.
        visits: loops at every step of which a place inside is loaded anew. lifetime: loops that bound one production of
            a partial sum.

    Raises:
        UnsupportedError: the operations of an iteration are no box of ranks.
    """

    def __init__(
        self,
        operations: Operations,
        axes: Axes,
        shapes: Mapping[str, tuple[int, ...]],
        visits: int,
        lifetime: int,
    ) -> None:
        self.operations, self.axes, self.shapes = operations, axes, shapes
        self.einsum: Einsum = operations.einsum
        self.visits, self.lifetime = visits, lifetime
        if operations.slabs or any(track.count is not None for track in operations.box.tracks.values()):
            raise UnsupportedError(
                f"einsum {self.einsum.name!r}: its tiles are no boxes of ranks, so its loop nest is not found",
                hint="write the nest into its branch",
            )

    @cached_property
    def accesses(self) -> dict[str, Access]:
        """The tensors that are accessed in one way only, which are those that a nest may keep."""
        listed = (*self.einsum.inputs, self.einsum.output)
        return {a.tensor: a for a in listed if sum(other.tensor == a.tensor for other in listed) == 1}

    @cached_property
    def parts(self) -> list[tuple[str, ...]]:
        """Ranks that have to be looked at together."""
        forms = [form.ranks for access in (*self.einsum.inputs, self.einsum.output) for form in access.projection]
        groups = [frozenset(map(str, track.spans)) for track in self.operations.box.tracks.values()]
        groups += [frozenset(ranks) for ranks in forms] + [frozenset((rank,)) for rank in self.einsum.ranks]
        found: list[frozenset[str]] = []
        for group in filter(None, groups):
            touching = [other for other in found if other & group]
            found = [other for other in found if not other & group] + [group.union(*touching)]
        return sorted(tuple(rank for rank in self.einsum.ranks if rank in part) for part in found)

    def problems(self, part: tuple[str, ...]) -> Problems:
        """The different extents of the ranks of a part.

        Raises:
            UnsupportedError: loops around the layer cut two of its ranks that share a dimension.
        """
        box = self.operations.box
        keys = {key for key, track in box.tracks.items() if not set(part).isdisjoint(map(str, track.spans))}
        if len(keys) > 1:
            raise UnsupportedError(f"einsum {self.einsum.name!r}: loops around it cut {', '.join(part)} apart")
        key = next(iter(keys), -1)
        size = self.axes[key].size if keys else 1
        ends = [np.broadcast_to(end, (size,)) for rank in part for end in box.span(rank, key, size)]
        if keys and box.tracks[key].active is not None:
            ends = [row[box.tracks[key].active] for row in ends]
        return self._different(part, ends, np.ones(len(ends[0]), dtype=np.int64))

    def cut(self, problems: Problems, tiles: Mapping[str, int]) -> Problems:
        """The problems of a part below loops of a nest: rank and tile shape."""
        number = np.arange(len(problems.times))
        ends = {rank: (problems.low[row], problems.high[row]) for row, rank in enumerate(problems.ranks)}
        for rank, tile in tiles.items():
            low, high = ends[rank]
            trips = -((low - high) // tile)
            old = np.repeat(np.arange(len(number)), trips)
            step = np.arange(len(old)) - np.repeat(np.cumsum(trips) - trips, trips)
            ends = {other: (start[old], stop[old]) for other, (start, stop) in ends.items()}
            start = ends[rank][0] + step * tile
            ends[rank], number = (start, np.minimum(start + tile, ends[rank][1])), number[old]
        rows = [end for rank in problems.ranks for end in ends[rank]]
        return self._different(problems.ranks, rows, problems.times[number])

    def _different(self, part: tuple[str, ...], ends: Sequence[Array], times: Array) -> Problems:
        """The different ones of some tiles: lower and upper end of each rank, and how often each occurs."""
        rows = list(ends) if self._edges & set(part) else [end - ends[at & ~1] for at, end in enumerate(ends)]
        order = np.lexsort(rows[::-1])
        table = np.stack(rows)[:, order]
        starts = np.flatnonzero(np.append(True, (table[:, 1:] != table[:, :-1]).any(axis=0)))[: len(order)]
        return Problems(part, table[::2, starts], table[1::2, starts], np.add.reduceat(times[order], starts))

    def with_gaps(self, problems: Problems) -> frozenset[str]:
        """Ranks along which a tile of some tensor skips coordinates, as with a stride larger than the kernel.

        Smaller tiles would ask for less of such a tensor than the hull of the whole tile does, further out as well.
        """
        length = dict(zip(problems.ranks, problems.high - problems.low, strict=True))
        found: set[str] = set()
        for access in (*self.einsum.inputs, self.einsum.output):
            for form in access.projection:
                reach = np.zeros(len(problems.times), dtype=np.int64)
                for rank, factor in sorted(form.terms, key=lambda term: abs(term[1])):
                    if rank not in length:
                        break
                    if ((abs(factor) > reach + 1) & (length[rank] > 1)).any():
                        found.update(form.ranks)
                    reach = reach + abs(factor) * (length[rank] - 1)
        return frozenset(found)

    @cached_property
    def _edges(self) -> frozenset[str]:
        """Ranks along which some tensor may be read outside its shape."""
        found: set[str] = set()
        for access in (*self.einsum.inputs, self.einsum.output):
            for form, extent in zip(access.projection, self.shapes[access.tensor], strict=True):
                reach = form.hull(self.einsum.box)
                if reach.start < 0 or reach.stop > extent:
                    found.update(form.ranks)
        return frozenset(found)

    @cached_property
    def shape(self) -> Shape:
        """What a nest sees of its tiles."""
        problems = tuple(self.problems(part) for part in self.parts)
        return Shape(problems, self.elsewhere, {tensor: self.entered(tensor) for tensor in self.accesses})

    @cached_property
    def key(self) -> tuple[object, ...]:
        """Equal for leaves of one layer whose nests count the same."""
        return self.einsum.name, self.shape.key, tuple(self.shape.entered.values())

    @cached_property
    def elsewhere(self) -> int:
        """Iterations of loops that cut no rank of the layer and at which it works."""
        times = 1
        for key, axis in self.axes.items():
            track = self.operations.box.tracks.get(key)
            if track is None or not track.spans:
                times *= axis.size if track is None else int(track.mask(axis.size).sum())
        return times

    def need(self, tensor: str) -> Box | None:
        """What is asked for of a tensor at each iteration."""
        return required([self.operations.touched(self.accesses[tensor], self.shapes[tensor])])

    def entered(self, tensor: str) -> int:
        """Words that enter a place below all loops around the layer, if no loop of the nest moves the tensor."""
        need = self.need(tensor)
        if need is None:
            return 0
        depth = max((d for axis in self.axes.values() for d in axis.depths), default=0)
        sweep = max(innermost_relevant(need, self.axes, depth) - 1, self.visits)
        if tensor == self.einsum.output.tensor:
            sweep = max(sweep, self.lifetime)
        return fresh_box(need, self.axes, sweep).total(self.axes)

    @cached_property
    def begun(self) -> int:
        """Words of the output that enter for the first time in the life of their sums."""
        need = self.need(self.einsum.output.tensor)
        return 0 if need is None else fresh_box(need, self.axes, self.lifetime).total(self.axes)


def root_axis(size: int) -> Axis:
    """An axis of one loop of so many steps."""
    return Axis.root().extended(np.array([size]), 1)[0]
