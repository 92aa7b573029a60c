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

from looptree.simulate.inference import Production, Run
from looptree.simulate.points import Index, Numbers, union
from looptree.simulate.sweeps import Required, fresh, sweep_depth, total
from looptree.taxonomy.binding import Place

Transfers = dict[tuple[str, str], tuple[int, int]]


def count_transfers(run: Run, required: dict[int, Required]) -> Transfers:
    """Per (memory level, tensor) the words read and written there.

    Args:
        run: the design with all its operations.
        required: per place id what is required of it at each iteration of its chain.
    """
    reads: Counter[tuple[str, str]] = Counter()
    writes: Counter[tuple[str, str]] = Counter()
    for place in run.design.places:
        if place.parent is not None:
            parent = run.design.places[place.parent]
            inward, outward = _exchange(run, place, required[place.id])
            reads[parent.level, place.tensor] += inward
            writes[place.level, place.tensor] += inward
            reads[place.level, place.tensor] += outward
            writes[parent.level, place.tensor] += outward
    for einsum in run.design.workload.einsums:
        _add_computation(run, einsum.name, reads, writes)
    keys = dict.fromkeys((place.level, place.tensor) for place in run.design.places)
    return {key: (reads[key], writes[key]) for key in keys}


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


def _add_computation(run: Run, einsum: str, reads: Counter[tuple[str, str]], writes: Counter[tuple[str, str]]) -> None:
    leaf = run.design.leaf(einsum)
    done = run.operations(leaf, einsum)
    operations = total(done)
    layer = run.design.workload.einsum(einsum)
    for access in layer.inputs:
        reads[run.design.innermost_place(access.tensor, leaf).level, access.tensor] += operations
    output = layer.output.tensor
    level = run.design.innermost_place(output, leaf).level
    writes[level, output] += operations
    reads[level, output] += operations - _first_writes(run, einsum, done)


def _first_writes(run: Run, einsum: str, done: dict[Index, Numbers]) -> int:
    """Points of the output that are written for the first time in a life of the partial sums."""
    table = run.tables.operations[einsum]
    depth = lifetime_depth(run, einsum)
    lives: dict[Index, list[Numbers]] = {}
    for index, operations in done.items():
        lives.setdefault(index[:depth], []).append(table.written(operations))
    return sum(union(written).size for written in lives.values())
