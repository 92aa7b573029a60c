"""Words that are read and written at every memory level.

Assumptions made here:

* What a producer computes anew reaches the places further out again, also where a place in between
  still holds an older copy: the sweeps of such a place are never longer than those of the
  computation.
* Every operation reads each of its inputs and reads and writes its output, also where the access
  falls on padding; a point of the output is not read before it was first written.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from looptree.architecture import Network
from looptree.simulate.inference import Production, Run
from looptree.simulate.points import Index, Numbers, union
from looptree.simulate.spatial import above, at_once, first_writes, per_instance, shared, spatial_loops, totals
from looptree.simulate.sweeps import Required, fresh, sweep_depth, total
from looptree.taxonomy.binding import Loop, Place
from looptree.workload import Access, Einsum

Transfers = dict[tuple[str, str], tuple[int, int]]


def count_transfers(run: Run, required: dict[int, Required]) -> tuple[Transfers, Transfers]:
    """Per (memory level, tensor) the words read and written there; and, of levels with instances, by the busiest.

    The busiest instance is that of each kind of movement: what fills, what drains and what operations access.

    Args:
        run: the design with all its operations.
        required: per place id what is required of it at each iteration of its chain.
    """
    tally = Tally()
    for place in run.design.places:
        if place.parent is None:
            continue
        if above(run, place):
            _exchange_instances(run, place, required[place.id], tally)
            continue
        parent = run.design.places[place.parent]
        inward, outward = _exchange(run, *per_instance(run, place, required[place.id]))
        tally.add(parent.level, place.tensor, inward, outward)
        tally.add(place.level, place.tensor, outward, inward)
    for einsum in run.design.workload.einsums:
        if spatial_loops(run.design.leaf(einsum.name)):
            _compute_instances(run, einsum, tally)
        else:
            _add_computation(run, einsum.name, tally)
    keys = dict.fromkeys((place.level, place.tensor) for place in run.design.places)
    busiest = {key: (tally.busy_reads[key], tally.busy_writes[key]) for key in keys if key in tally.instances}
    return {key: (tally.reads[key], tally.writes[key]) for key in keys}, busiest


class Tally:
    """Words by (memory level, tensor)."""

    def __init__(self) -> None:
        self.reads: Counter[tuple[str, str]] = Counter()
        self.writes: Counter[tuple[str, str]] = Counter()
        self.busy_reads: Counter[tuple[str, str]] = Counter()
        self.busy_writes: Counter[tuple[str, str]] = Counter()
        self.instances: set[tuple[str, str]] = set()

    def add(self, level: str, tensor: str, reads: int, writes: int) -> None:
        """Words at a level that is there once."""
        self.reads[level, tensor] += reads
        self.writes[level, tensor] += writes
        self.busy_reads[level, tensor] += reads
        self.busy_writes[level, tensor] += writes

    def add_each(self, level: str, tensor: str, reads: Counter[Index], writes: Counter[Index]) -> None:
        """Words at each instance of a level."""
        self.instances.add((level, tensor))
        self.reads[level, tensor] += sum(reads.values())
        self.writes[level, tensor] += sum(writes.values())
        self.busy_reads[level, tensor] += max(reads.values(), default=0)
        self.busy_writes[level, tensor] += max(writes.values(), default=0)


def _exchange_instances(run: Run, place: Place, required: Required, tally: Tally) -> None:
    """What instances of a place exchange with the place further out."""
    design = run.design
    outer = design.places[place.parent if place.parent is not None else place.id]
    network = design.architecture.level(outer.level).network
    einsum = design.workload.einsum(design.chains[place.chain].einsums[0])
    loops, outside = above(run, place), len(above(run, outer))
    seen, boxes = per_instance(run, place, required)
    depth = sweep_depth(boxes, seen, len(loops))
    points = run.tables.points[place.tensor]
    none: Counter[Index] = Counter()

    def over(ranks: list[tuple[str, ...]], found: dict[Index, Numbers], at: Network) -> Counter[Index]:
        return shared(einsum, ranks, found, loops, outside, at)

    if place.consumed:
        ranks = [_ranks(access) for access in einsum.inputs if access.tensor == place.tensor]
        filled = fresh(boxes, depth, points, run.tables)
        tally.add_each(place.level, place.tensor, none, totals(filled, len(loops)))
        tally.add_each(outer.level, place.tensor, over(ranks, filled, network), none)
        return
    summing = Network(multicast=True)
    ranks = [_ranks(einsum.output)]
    life = len(loops) + lifetime_depth(run, einsum.name)
    entering = fresh(boxes, max(depth, life), points, run.tables)
    begun = fresh(boxes, life, points, run.tables)
    again = {index: np.setdiff1d(numbers, begun[index]) for index, numbers in entering.items()}
    first = _first_instances(einsum, again, loops, outside)
    tally.add_each(place.level, place.tensor, totals(entering, len(loops)), totals(first, len(loops)))
    tally.add_each(outer.level, place.tensor, over(ranks, again, summing), over(ranks, entering, summing))


def _first_instances(
    einsum: Einsum, found: dict[Index, Numbers], loops: list[Loop], outside: int
) -> dict[Index, Numbers]:
    """Of instances that add to the same sums only the first one: the others begin at zero."""
    ranks = _ranks(einsum.output)
    same = [n for n, loop in enumerate(loops) if n >= outside and dict(loop.ranks)[einsum.name] not in ranks]
    return {index: numbers for index, numbers in found.items() if not any(index[n] for n in same)}


def _compute_instances(run: Run, einsum: Einsum, tally: Tally) -> None:
    """What the operations of a layer with spatial loops read and write."""
    design = run.design
    leaf = design.leaf(einsum.name)
    done = run.operations(leaf, einsum.name)
    none: Counter[Index] = Counter()
    for access in einsum.inputs:
        place = design.innermost_place(access.tensor, leaf)
        share = design.architecture.level(place.level).network.multicast
        reads = at_once(einsum, set(_ranks(access)), done, leaf, above(run, place), share=share)
        tally.add_each(place.level, access.tensor, reads, none)
    output = einsum.output.tensor
    place = design.innermost_place(output, leaf)
    loops = above(run, place)
    writes = at_once(einsum, set(_ranks(einsum.output)), done, leaf, loops, share=True)
    begun = first_writes(run, leaf, loops, done, lifetime_depth(run, einsum.name))
    reads = Counter({instance: words - begun[instance] for instance, words in writes.items()})
    tally.add_each(place.level, output, reads, writes)


def _ranks(access: Access) -> tuple[str, ...]:
    return tuple(rank for form in access.projection for rank in form.ranks)


def _exchange(run: Run, place: Place, required: Required) -> tuple[int, int]:
    """Words that enter a place from the place further out, and words that leave it for there."""
    if not place.produced:
        return _arriving(run, place, required, sweep_depth(required, place)), 0
    if place.consumed:
        production = run.productions[place.tensor]
        return _refetched(run, place, production), production.words
    producer = run.design.workload.producer(place.tensor)
    assert producer is not None, "a place with the producer below has one"
    lifetime = lifetime_depth(run, producer.name)
    entering = _arriving(run, place, required, max(sweep_depth(required, place), lifetime))
    return entering - _arriving(run, place, required, lifetime), entering


def _refetched(run: Run, place: Place, production: Production) -> int:
    """Words of an intermediate that were computed before and have left the place since."""
    depth = max(sweep_depth(production.required, place), production.sweep_depth)
    return _arriving(run, place, production.required, depth) - production.words


def _arriving(run: Run, place: Place, required: Required, depth: int) -> int:
    return total(fresh(required, depth, run.tables.points[place.tensor], run.tables))


def lifetime_depth(run: Run, einsum: str) -> int:
    """How many of the outermost loops bound the life of a partial sum of an Einsum.

    None for a sink of the whole mapping: it is summed up over the whole run. Otherwise the loops of
    the chain at whose iterations its operations were inferred: each iteration computes anew.
    """
    if einsum in run.design.root.sinks:
        return 0
    return run.productions[run.design.workload.einsum(einsum).output.tensor].chain.depth


def _add_computation(run: Run, einsum: str, tally: Tally) -> None:
    leaf = run.design.leaf(einsum)
    done = run.operations(leaf, einsum)
    operations = total(done)
    layer = run.design.workload.einsum(einsum)
    for access in layer.inputs:
        tally.add(run.design.innermost_place(access.tensor, leaf).level, access.tensor, operations, 0)
    output = layer.output.tensor
    level = run.design.innermost_place(output, leaf).level
    tally.add(level, output, operations - _first_writes(run, einsum, done), operations)


def _first_writes(run: Run, einsum: str, done: dict[Index, Numbers]) -> int:
    """Points of the output that are written for the first time in a life of the partial sums."""
    table = run.tables.operations[einsum]
    depth = lifetime_depth(run, einsum)
    lives: dict[Index, list[Numbers]] = {}
    for index, operations in done.items():
        lives.setdefault(index[:depth], []).append(table.written(operations))
    return sum(union(written).size for written in lives.values())
