"""What a tile in the middle of a design works on, written over the loop variables.

For drawings only; the numbers come from the model. A tile in the middle has neighbours on all sides and a
full tile shape in every loop, so each range is a `Span`, and data that is kept moves by one tile: what is fresh
lies beyond the previous stop.

Assumptions made here:

* First tiles also take what lies before them and last tiles end at the edge; neither is shown.
* A range without such a form (consumers whose needs drift apart, strided writes) is `None`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

from looptree.taxonomy.design import BoundChain, Design, Loop, Place
from looptree.taxonomy.spans import Span, add, beyond_previous, clipped, fixed_span, hull, project
from looptree.workload.affine import Affine

Ranges = dict[str, Span | None]


@dataclass(frozen=True, slots=True)
class Work:
    """Operations of an Einsum at one tile: a span per rank, and the loops in whose first step alone it works."""

    ranges: Ranges
    first: frozenset[str]


@dataclass(frozen=True, slots=True)
class Region:
    """A box of a tensor at one tile: a span per dimension, and the loops in whose first step alone it exists."""

    spans: tuple[Span | None, ...]
    first: frozenset[str]


class MiddleTile:
    """Answers for one design.

    Attributes:
        names: the variable of a loop by (chain, depth): its rank and how many loops further out have that rank.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.names: dict[tuple[int, int], str] = {}
        self._loops: dict[int, dict[str, Loop]] = {}
        for chain in design.chains:
            loops = dict(self._loops[chain.parent]) if chain.parent is not None else {}
            for loop in chain.loops:
                rank = loop.ranks[0][1]
                name = f"{rank}{sum(other.ranks[0][1] == rank for other in loops.values())}"
                self.names[chain.id, loop.depth] = name
                loops[name] = loop
            self._loops[chain.id] = loops
        self.work = cache(partial(self._work))
        self._needed = cache(partial(self._need))
        for einsum in reversed(design.root.einsums):  # consumers first: a deep network is no deep recursion
            for depth in range(design.leaf(einsum).depth + 1):
                self.work(einsum, depth)

    def window(self, place: Place) -> Region:
        """What the storage node holds at one value of the loops above it."""
        if place.consumed:
            return self._needed(place.tensor, place.chain, place.depth)
        einsum = next(e for e in self.design.workload.einsums if e.output.tensor == place.tensor)
        work = self.work(einsum.name, place.depth)
        spans = [project(form, work.ranges) for form in einsum.output.projection]
        return Region(clipped(spans, self._shape(place.tensor)), work.first)

    def stepped(self, loop: Loop) -> Span | None:
        """What the loop steps through: the span of the first rank that it names."""
        einsum, rank = loop.ranks[0]
        return self.work(einsum, loop.depth - 1).ranges[rank]

    def _is_single(self, loop: Loop) -> bool:
        """The loop makes one step only."""
        spans = [self.work(einsum, loop.depth - 1).ranges[rank] for einsum, rank in loop.ranks]
        return all(span is not None and span.size is not None and span.size <= loop.tile for span in spans)

    def _shape(self, tensor: str) -> tuple[int, ...]:
        return self.design.workload.tensors[tensor].shape

    # -- operations -----------------------------------------------------------------------

    def _work(self, einsum: str, depth: int) -> Work:
        """Operations of the Einsum at one value of the first `depth` loops on its path."""
        host = self._host(einsum)
        ranges: Ranges = {r: fixed_span(0, e) for r, e in self.design.workload.einsum(einsum).ranks.items()}
        first: frozenset[str] = frozenset()
        if host is not None:
            first = self._produce(einsum, host, min(depth, host.depth), ranges)
        for chain in self.design.path(self.design.leaf(einsum)):
            for loop in chain.loops:
                if (host.depth if host else 0) < loop.depth <= depth and not self._is_single(loop):
                    first |= self._refine(einsum, self.names[chain.id, loop.depth], loop, ranges)
        return Work(ranges, first)

    def _host(self, einsum: str) -> BoundChain | None:
        """The innermost chain that holds the Einsum and a consumer of its output."""
        output = self.design.workload.einsum(einsum).output.tensor
        consumers = {c.name for c in self.design.workload.consumers(output)}
        chains = [c for c in self.design.path(self.design.leaf(einsum)) if consumers.intersection(c.einsums)]
        return chains[-1] if chains else None

    def _produce(self, einsum: str, host: BoundChain, depth: int, ranges: Ranges) -> frozenset[str]:
        """Narrow the ranges to what writes the fresh part of the output."""
        producer = self.design.workload.einsum(einsum)
        fresh = self._fresh(producer.output.tensor, host, depth)
        shape = self._shape(producer.output.tensor)
        for form, span, extent in zip(producer.output.projection, fresh.spans, shape, strict=True):
            if span is not None and span.is_whole(extent):
                continue
            plain = len(form.terms) == 1 and form.terms[0][1] == 1
            for rank in form.ranks:
                written = span.moved(-form.constant) if span is not None and plain else None
                ranges[rank] = written and written.clip(producer.ranks[rank])
        return fresh.first

    def _refine(self, einsum: str, name: str, loop: Loop, ranges: Ranges) -> frozenset[str]:
        """Narrow the ranges to one step of the loop; a sink that the loop does not name works in its first step."""
        rank = next((r for e, r in loop.ranks if e == einsum), None)
        if rank is None:
            return frozenset((name,))
        own, leader = ranges[rank], self.stepped(loop)
        if own is None or leader is None:
            ranges[rank] = None
        else:
            start = add(add(Affine(((name, 1),)), own.start), leader.start, -1)
            ranges[rank] = Span(start, Affine(start.terms, start.constant + loop.tile))
        return frozenset()

    # -- tensors --------------------------------------------------------------------------

    def _need(self, tensor: str, chain: int, depth: int) -> Region:
        """What the consumers below the chain need at one value of the first `depth` loops."""
        boxes: list[list[Span | None]] = []
        first: list[frozenset[str]] = []
        for consumer in self.design.workload.consumers(tensor):
            if consumer.name in self.design.chains[chain].einsums:
                work = self.work(consumer.name, depth)
                first.append(work.first)
                accesses = [access for access in consumer.inputs if access.tensor == tensor]
                boxes += [[project(form, work.ranges) for form in access.projection] for access in accesses]
        spans = [hull(column) for column in zip(*boxes, strict=True)]
        return Region(clipped(spans, self._shape(tensor)), frozenset.intersection(*first))

    def _fresh(self, tensor: str, host: BoundChain, depth: int) -> Region:
        """What is needed less what was needed before in the same sweep."""
        needed = self._needed(tensor, host.id, depth)
        place = self.design.outermost_place(tensor)
        if any(loop.axis is not None and depth < loop.depth <= place.depth for loop in self._loops[host.id].values()):
            return needed  # of all instances together, and none knows what another one had before
        afresh = self._starts_afresh(tensor, host)
        if afresh is None:
            fixed = tuple(span if span is not None and not span.stop.terms else None for span in needed.spans)
            return Region(fixed, needed.first)
        moving = self._moving(needed, host)
        inner = {
            name: loop
            for name, loop in self._loops[host.id].items()
            if afresh < loop.depth <= depth and not self._stands_alone(tensor, loop, indexed=name in moving)
        }
        tiles = {name: loop.tile for name, loop in inner.items()}
        still = {name for name, loop in inner.items() if name not in moving and not self._is_single(loop)}
        first = needed.first | still if all(needed.spans) else needed.first
        return Region(tuple(beyond_previous(span, tiles) for span in needed.spans), first)

    def _stands_alone(self, tensor: str, loop: Loop, *, indexed: bool) -> bool:
        """Whether the instances along a loop pass nothing on to each other."""
        place, cores = self.design.outermost_place(tensor), self.design.architecture.cores
        if loop.axis is None or loop.depth > place.depth or cores is None:
            return False
        network = self.design.architecture.level(cores.below).network
        return not (network.forward if indexed else network.multicast)

    def _starts_afresh(self, tensor: str, host: BoundChain) -> int | None:
        """So many outer loops leave nothing to reuse where one of them steps; `None` if that is not known."""
        place = self.design.outermost_place(tensor)
        window = self._needed(tensor, host.id, min(place.depth, host.depth))
        if not all(window.spans):
            return None
        moving = [self._loops[host.id][name] for name in self._moving(window, host)]
        innermost = max((loop.depth for loop in moving if loop.axis is None), default=0)
        return max(innermost if place.drop else innermost - 1, place.visits)

    def _moving(self, region: Region, chain: BoundChain) -> set[str]:
        """The loop variables that move the region, those from which others of them start included."""
        found: set[str] = set()
        pending = [name for span in region.spans if span is not None for name in span.stop.ranks]
        while pending:
            name = pending.pop()
            found.add(name)
            start = self.stepped(self._loops[chain.id][name])
            pending += start.start.ranks if start is not None else ()
        return found
