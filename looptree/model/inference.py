"""Tile inference: from the tiles of the sinks to everything each layer does and each buffer sees.

The tree is walked from the outside in. At a branch the Einsums are visited from the sinks to the
sources: the operations of an Einsum fix what it needs, the hull over the consumers is what is
required of an intermediate, its fresh part fixes the operations of the producer. Every storage node
then gets its windows, sweeps and fresh data from the requirements of what lies below it.

Axes are kept apart as long as nothing ties them together; where something does (`Coupled`), the walk
starts again with those axes tabulated together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Axis
from looptree.model.balance import shares_of
from looptree.model.box import Box, Coupled
from looptree.model.inferred import Asked, Axes, EinsumCounts, Inferred, Made, PlaceCounts
from looptree.model.instances import passing_on
from looptree.model.live import live_words
from looptree.model.needed import Needs, check_covered, check_whole, check_without_gaps, required
from looptree.model.operations import Operations
from looptree.model.production import all_operations, all_points, points_written, writing
from looptree.model.spatial import around, check_axes, depths_of, fresh_at_once, seen_from, union_per_step
from looptree.model.sweep import fresh_box
from looptree.model.window import check_windows, innermost_relevant, largest, outward, windows
from looptree.taxonomy.design import BoundChain, Design, Loop, Place


def infer(design: Design, *, exact: bool = False, live: bool = True) -> Inferred:
    """Walk a design; the time does not grow with the number of iterations.

    Args:
        design: the design.
        exact: what is required of a storage node is right at every iteration, not only where something of it is
            fresh; the counts are the same, the tables may be longer.
        live: count live words, a third of the work; without it each node is said to hold its largest window.

    Raises:
        UnsupportedError: naming what the closed form cannot express.
    """
    together: dict[int, int] = {}
    while True:
        try:
            return _Walker(design, together, exact=exact, live=live).run()
        except Coupled as signal:
            keys = sorted({_root(together, key) for key in signal.axes})
            if len(keys) < 2:
                raise UnsupportedError("loops of one axis cannot be told apart") from None
            for key in keys[1:]:
                together[key] = keys[0]


def _root(together: Mapping[int, int], key: int) -> int:
    while key in together:
        key = together[key]
    return key


class _Walker:
    def __init__(self, design: Design, together: Mapping[int, int], *, exact: bool, live: bool) -> None:
        self.design = design
        self.exact = exact
        self.live = live
        self.workload = design.workload
        self.together = together
        self.result = Inferred()
        self.numbers: dict[tuple[int, int], int] = {}
        self.places_of: dict[str, list[Place]] = {}
        for place in design.places:
            self.places_of.setdefault(place.tensor, []).append(place)
        self.outermost = {place.tensor: place for place in design.places if place.parent is None}

    def run(self) -> Inferred:
        root = self.design.root
        operations = {}
        for sink in root.sinks:
            einsum = self.workload.einsum(sink)
            operations[sink] = all_operations(self.workload, einsum)
            points, done = all_points(einsum, self._shape(einsum.output.tensor)), operations[sink].total({})
            self.result.einsums[sink] = EinsumCounts(done, done, points, 0)
        self._chain(root, {}, operations)
        if any(chain.split is not None for chain in self.design.chains):
            self.result.shares = shares_of(self.design, self.result)
        return self.result

    def _shape(self, tensor: str) -> tuple[int, ...]:
        return self.workload.tensors[tensor].shape

    # -- one chain ------------------------------------------------------------------------

    def _chain(self, chain: BoundChain, outer: Axes, operations: dict[str, Operations]) -> tuple[Needs, Needs]:
        """Needs of consumers and writes of producers below, at the iterations of the chain around this one."""
        axes = dict(outer)
        for index, loop in enumerate(chain.loops):
            operations = self._loop(chain, index, loop, axes, operations)
        self.result.axes[chain.id] = axes
        if chain.spatial and any(loop.axis is not None for loop in chain.loops):
            check_axes(self.design, chain, axes)
        self.result.sinks[chain.id] = list(operations.values())
        needs, writes = (
            self._leaf(chain, axes, operations) if chain.kind == "compute" else self._branch(chain, axes, operations)
        )
        self._places(chain, axes, needs, writes)
        return self._outward(chain, needs, axes, outer), self._outward(chain, writes, axes, outer)

    def _outward(self, chain: BoundChain, boxes: Needs, axes: Axes, outer: Axes) -> Needs:
        """What chains further out have to know, at the iterations of the chain around this one."""
        above = {part.id for part in self.design.path(chain)[:-1]}
        found: Needs = {}
        for tensor, listed in boxes.items():
            if self.outermost[tensor].chain in above:
                if chain.loops:
                    listed = [box for box in (outward(box, axes, outer) for box in listed) if box is not None]
                if listed:
                    found[tensor] = listed
        return found

    def _loop(
        self, chain: BoundChain, index: int, loop: Loop, axes: Axes, operations: dict[str, Operations]
    ) -> dict[str, Operations]:
        # every loop starts an axis of its own, named by the order in which the walk meets the loops
        key = _root(self.together, self.numbers.setdefault((chain.id, index), len(self.numbers)))
        tiled = dict(loop.ranks)
        homes = {operations[einsum].box.axis_of(rank) for einsum, rank in loop.ranks} - {None}
        if len(homes) > 1:
            raise Coupled({home for home in homes if home is not None})
        for home in homes:
            if home is not None and home != key:
                if key in axes:
                    raise Coupled({home, key})
                key = home
        axis = axes.get(key, Axis.root())
        trips = np.zeros(axis.size, dtype=np.int64)
        for einsum, rank in loop.ranks:
            low, high = operations[einsum].box.span(rank, key, axis.size)
            trips = np.maximum(trips, -((low - high) // loop.tile))
        if len(tiled) < len(operations):
            trips = np.maximum(trips, 1)  # a sink that the loop does not name works in its first step
        axes[key], parent = axis.extended(trips, loop.depth)
        return {name: ops.tiled(key, axes[key], parent, tiled.get(name), loop.tile) for name, ops in operations.items()}

    def _leaf(self, chain: BoundChain, axes: Axes, operations: dict[str, Operations]) -> tuple[Needs, Needs]:
        (name,) = chain.einsums
        ops = operations[name]
        self.result.einsums[name].leaf = (ops, axes)
        return self._touched(ops)

    def _touched(self, ops: Operations) -> tuple[Needs, Needs]:
        needs: Needs = {}
        for access in ops.einsum.inputs:
            needs.setdefault(access.tensor, []).append(ops.touched(access, self._shape(access.tensor)))
        output = ops.einsum.output
        return needs, {output.tensor: [ops.touched(output, self._shape(output.tensor))]}

    def _branch(self, chain: BoundChain, axes: Axes, operations: dict[str, Operations]) -> tuple[Needs, Needs]:
        needs: Needs = {}
        writes: Needs = {}
        for child in reversed([self.design.chains[c] for c in chain.children]):
            given = {}
            for sink in child.sinks:
                if sink in operations:
                    given[sink] = operations[sink]
                else:
                    inferred = self._infer(sink, chain, axes, needs)
                    if inferred is not None:
                        given[sink] = inferred
            outside = {} if child.kind == "compute" else self._outside(child, needs)
            if not given:
                check_covered(outside, {})
                self._idle(child)
                continue
            if len(given) < len(child.sinks):
                raise UnsupportedError(
                    f"einsum {next(s for s in child.sinks if s not in given)!r} is never needed",
                    hint="remove it from the workload, or give it a branch of its own",
                )
            below_needs, below_writes = self._chain(child, axes, given)
            check_covered(outside, self._asked_inside(outside, axes))
            if child.kind == "compute" and child.loops:  # what a layer touches as a whole, not loop by loop
                below_needs, below_writes = self._touched(given[child.einsums[0]])
            for tensor, listed in below_needs.items():
                needs.setdefault(tensor, []).extend(listed)
            for tensor, listed in below_writes.items():
                writes.setdefault(tensor, []).extend(listed)
        return needs, writes

    def _idle(self, chain: BoundChain) -> None:
        """Nothing below the chain is ever done."""
        for name in chain.einsums:
            self.result.einsums[name] = EinsumCounts(0, 0, 0, 0)
            self.result.produced.setdefault(self.workload.einsum(name).output.tensor, 0)
        for identity in chain.places:
            self.result.places[identity] = PlaceCounts(0, 0, 0)
        for child in chain.children:
            self._idle(self.design.chains[child])

    def _outside(self, child: BoundChain, needs: Needs) -> Needs:
        """What is needed elsewhere of tensors that have consumers of their own below the child."""
        inner = {self.workload.einsum(name).output.tensor for name in child.einsums if name not in child.sinks}
        return {tensor: listed for tensor, listed in needs.items() if tensor in inner}

    def _asked_inside(self, tensors: Iterable[str], axes: Axes) -> Needs:
        """What consumers below a branch ask for of tensors that are made there, at the iterations around it."""
        made = {tensor: self.result.made.get(tensor) for tensor in tensors}
        boxes = {tensor: outward(m.need, m.axes, axes) for tensor, m in made.items() if m is not None}
        return {tensor: [box] for tensor, box in boxes.items() if box is not None}

    def _infer(self, name: str, chain: BoundChain, axes: Axes, needs: Needs) -> Operations | None:
        """The operations of the producer of an intermediate, from what is fresh of it."""
        einsum = self.workload.einsum(name)
        tensor = einsum.output.tensor
        shape = self._shape(tensor)
        counts = EinsumCounts(0, 0, 0, chain.depth)
        self.result.einsums[name] = counts
        if not axes and tensor in self.workload.outputs:  # outside of all groups: it leaves as a whole
            needs.setdefault(tensor, []).append(Operations.full(einsum).touched(einsum.output, shape))
        need = required(needs.get(tensor, []))
        check_whole(self.workload, einsum, need, axes)
        if need is None:
            return None
        outermost = self.outermost[tensor]
        sweep = self._sweep(outermost, chain, need, axes)
        arriving = fresh_at_once(need, axes, outermost, chain, sweep)
        sharing = passing_on(self.design, chain, outermost) if chain.spatial else []
        fresh = union_per_step(arriving, axes, depths_of(sharing)) if sharing else arriving
        written = writing(einsum, fresh, shape)
        self.result.produced[tensor] = fresh.total(axes)
        self.result.made[tensor] = Made(chain.id, axes, need, sweep, arriving, fresh)
        for place in self.places_of[tensor]:
            if place.produced and place.consumed and place.parent is not None:
                own = max(sweep, self._sweep(place, chain, need, axes))
                back = fresh_at_once(need, axes, place, chain, own)
                self.result.returned[place.id] = back
                self.result.spilled[place.id] = back.total(axes)
        if written is None:
            return None
        check_without_gaps(self.workload, einsum, chain, need, axes)
        operations, points = written
        counts.operations = operations.total(axes)
        counts.points = points_written(operations, points, axes)
        counts.distinct = counts.operations
        if sweep or chain.spatial:
            once = writing(einsum, fresh_box(need, axes, 0), shape)
            counts.distinct = once[0].total(axes) if once is not None else 0
        return operations

    def _sweep(self, place: Place, chain: BoundChain, need: Box, axes: Axes) -> int:
        """Loops that stand still during a sweep of the place (P of the model)."""
        need, axes, _ = seen_from(place, chain, need, axes)
        return self._window(place, need, axes)[1]

    def _window(self, place: Place, need: Box, axes: Axes) -> tuple[Box, int]:
        """The windows of the place and its sweep depth."""
        check_windows(need, axes, place.depth)
        window = windows(need, axes, place.depth)
        relevant = innermost_relevant(window, axes, place.depth)
        return window, max(relevant if place.drop else relevant - 1, place.visits)

    # -- storage nodes --------------------------------------------------------------------

    def _places(self, chain: BoundChain, axes: Axes, needs: Needs, writes: Needs) -> None:
        """Counts of the storage nodes of a chain; those of one tensor with the same sweeps see the same data arrive."""
        asked: dict[str, Box | None] = {}
        swept: dict[tuple[str, int, int], tuple[Box, int, int]] = {}
        for place in (self.design.places[identity] for identity in chain.places):
            tensor = place.tensor
            if tensor not in asked:
                asked[tensor] = required((needs if place.consumed else writes).get(tensor, []))
            need = asked[tensor]
            if need is None:
                self.result.places[place.id] = PlaceCounts(0, 0, 0)
                continue
            if self.exact and need.core is not None:
                raise Coupled(set(need.core.ties))
            need, own, origin = seen_from(place, chain, need, axes)
            window, sweep = self._window(place, need, own)
            key = (tensor, sweep, len(around(self.design, place)))
            if key not in swept:
                fresh = fresh_box(need, own, sweep)
                swept[key] = (fresh, live_words(need, fresh, own, sweep) if self.live else 0, fresh.total(own))
            fresh, live, entered = swept[key]
            self.result.asked[place.id] = Asked(chain.id, need, sweep, own, fresh, origin)
            size = largest(window)
            counts = PlaceCounts(size, live if self.live else size, entered)
            if not place.consumed:
                self._count_first(counts, tensor, need, own, sweep)
            self.result.places[place.id] = counts

    def _count_first(self, counts: PlaceCounts, tensor: str, need: Box, axes: Axes, sweep: int) -> None:
        """Of an output, the words that enter for the first time in the life of their partial sums."""
        producer = self.workload.producer(tensor)
        lifetime = self.result.einsums[producer.name].lifetime if producer else 0
        counts.first = counts.entered if lifetime == sweep else fresh_box(need, axes, lifetime).total(axes)
        if lifetime > sweep:
            counts.entered = counts.first  # what is produced anew is written out again
