"""A segment without loops: the words that are touched, and the parts that the work of its layers is a product of.

Loops contribute to the counts along dimensions and ranks that they change; along all others the counts are as here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from looptree.model.box import Box, Key
from looptree.model.operations import Operations
from looptree.model.production import all_points
from looptree.model.slab import attained_in
from looptree.search.group.loops.factors import AXIS
from looptree.workload import Workload
from looptree.workload.affine import Interval


@dataclass(frozen=True, eq=False, slots=True)
class Whole:
    """The segment without loops: extents that are touched.

    Attributes:
        tensors: per tensor that is read, extent per dimension; writes: per tensor that leaves from a sink.
        asked: the same for each reader of a tensor, padding included, and for all of them. reads: for each reader,
        without padding.
        operations: per Einsum, the parts that its work is a product of.
    """

    tensors: Mapping[str, Mapping[Key, int]]
    asked: Mapping[str, Sequence[Mapping[Key, int]]]
    reads: Mapping[str, Sequence[Mapping[Key, int]]]
    writes: Mapping[str, Mapping[Key, int]]
    operations: Mapping[str, tuple[Part, ...]]

    def extents(self, tensor: str) -> Mapping[Key, int]:
        """Extents of a tensor that leaves from a sink, or is read; none for a single word."""
        return self.writes[tensor] if tensor in self.writes else self.tensors[tensor]


@dataclass(frozen=True, slots=True)
class Part:
    """One rank of an Einsum, or the ranks that one dimension of its output joins.

    Attributes:
        ranks: those. operations, cycles, points: what they multiply the work with. fewest: the fewest cycles that any
            loops leave of them.
    """

    ranks: frozenset[Key]
    operations: int
    cycles: int
    points: int
    fewest: int


def parts_of(done: Operations, shape: tuple[int, ...], spatial: Mapping[str, int], *, sink: bool) -> tuple[Part, ...]:
    """The work of an Einsum without loops; output points of a sink are counted once, whatever the loops.

    Args:
        shape: of its output. spatial: operations done at once along each rank.
    """
    einsum = done.einsum
    extents = {rank: stop - start for rank, (start, stop) in done.box.fixed.items()}
    steps = {rank: -(-extent // spatial.get(str(rank), 1)) for rank, extent in extents.items()}
    output = frozenset() if sink else einsum.output.ranks
    parts = [Part(frozenset(), 1, 1, all_points(einsum, shape), 1)] if sink else []
    joined: set[Key] = set()
    for slab in done.slabs:
        ranks: frozenset[Key] = frozenset(slab.form.ranks)
        joined |= ranks
        count = int(slab.count({rank: done.box.span(rank, AXIS, 1) for rank in slab.form.ranks})[0])
        fewest = -(-count // math.prod(spatial.get(rank, 1) for rank in slab.form.ranks))
        points = 1 if sink else int(attained_in(slab.form, slab.extents, slab.low, slab.high)[0])
        parts.append(Part(ranks, count, math.prod(steps[r] for r in ranks), points, fewest))
    for rank, extent in extents.items():
        if rank not in joined:
            points = extent if rank in output else 1
            parts.append(Part(frozenset({rank}), extent, steps[rank], points, steps[rank]))
    return tuple(parts)


def asked_whole(part: Workload, tensor: str, asked: Box | None) -> bool:
    """Whether so much of an intermediate that also leaves is all of it.

    All is what its layer writes, if it leaves the workload, and what any layer asks for, if it is read later.
    """
    producer, shape = part.producer(tensor), part.tensors[tensor].shape
    if producer is None or asked is None:
        return False
    for dimension, (form, extent) in enumerate(zip(producer.output.projection, shape, strict=True)):
        leaving = Interval(0, extent) if tensor in part.read_later else form.hull(producer.box).clip(extent)
        (start,), (stop,) = asked.span(dimension, AXIS, 1)
        if start > leaving.start or stop < leaving.stop:
            return False
    return True


def left(extents: Mapping[Key, int], changed: tuple[frozenset[Key], ...]) -> float | None:
    """The product of the extents that no loop changes; `None` if two loops change one."""
    seen: set[Key] = set()
    for keys in changed:
        if seen & keys:
            return None
        seen |= keys
    return float(math.prod(extent for key, extent in extents.items() if key not in seen))
