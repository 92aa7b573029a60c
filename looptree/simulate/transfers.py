"""Words that are read and written at every memory level, step by step and instance by instance.

Assumptions made here:

* What a producer computes anew reaches the places further out again, also where a place in between
  still holds an older copy: the sweeps of such a place are never longer than those of the
  computation.
* Every operation reads each of its inputs and reads and writes its output, also where the access
  falls on padding; a point of the output is not read before it was first written.
* Instances that add to the same sums have them written, and get them back, together with the first of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.simulate.inference import Run
from looptree.simulate.points import Index, Numbers, hull
from looptree.simulate.spatial import (
    above,
    at_once,
    fresh_at_once,
    is_indexed,
    is_reduced,
    part,
    shared,
    still,
    totals,
    turn_depth,
    turns,
)
from looptree.simulate.sweeps import Required
from looptree.taxonomy.design import BoundChain, Loop, Place

Transfers = dict[tuple[str, str], tuple[int, int]]
Words = Mapping[Index, Counter[Index]]
"""Words by step, and at each by instance of the memory level."""


@dataclass(frozen=True)
class Moved:
    """One kind of movement: what passes one side of a level for one tensor.

    Attributes:
        level: where. tensor: of which. way: `read` or `write`.
        words: by step (the numbers of the loops of a chain that take turns) and instance of the level.
        chain: at whose steps. users: Einsums for or by which it moves.
        when: it comes in for a step (`load`), leaves after it (`store`), or is part of its work (`work`).
        spread: there are instances of the level.
    """

    level: str
    tensor: str
    way: str
    words: Words
    chain: BoundChain
    users: frozenset[str]
    when: str
    spread: bool


def count_transfers(run: Run, required: dict[int, Required]) -> tuple[Transfers, Transfers]:
    """Per (memory level, tensor) the words read and written there; and, of levels with instances, by the busiest.

    The busiest instance is that of each kind of movement: what fills, what drains and what operations access.

    Args:
        run: the design with all its operations.
        required: per place id what is required of it at each iteration of its chain.
    """
    words: Counter[tuple[str, str, str]] = Counter()
    busy: Counter[tuple[str, str, str]] = Counter()
    instances: set[tuple[str, str]] = set()
    for moved in movements(run, required):
        of_instance: Counter[Index] = Counter()
        for listed in moved.words.values():
            of_instance.update(listed)
        words[moved.level, moved.tensor, moved.way] += sum(of_instance.values())
        busy[moved.level, moved.tensor, moved.way] += max(of_instance.values(), default=0)
        if moved.spread:
            instances.add((moved.level, moved.tensor))
    keys = dict.fromkeys((place.level, place.tensor) for place in run.design.places)
    found = {key: (words[*key, "read"], words[*key, "write"]) for key in keys}
    return found, {key: (busy[*key, "read"], busy[*key, "write"]) for key in keys if key in instances}


def movements(run: Run, required: dict[int, Required]) -> Iterator[Moved]:
    """Everything that moves: between neighbouring places, from core to core, and by compute."""
    for place in run.design.places:
        if place.produced and place.consumed:
            yield from _passing(run, place)
        elif place.parent is not None:
            outer = run.design.places[place.parent]
            yield from (_inward if place.consumed else _outward)(run, place, outer, required[place.id])
    for einsum in run.design.workload.einsums:
        yield from _computation(run, einsum.name)


def lifetime_depth(run: Run, einsum: str) -> int:
    """How many of the outermost loops bound the life of a partial sum of an Einsum.

    None for a sink of the whole mapping: it is summed up over the whole run. Otherwise the loops of
    the chain at whose iterations its operations were inferred: each iteration computes anew.
    """
    if einsum in run.design.root.sinks:
        return 0
    return run.productions[run.design.workload.einsum(einsum).output.tensor].chain.depth


# -- between places -----------------------------------------------------------------------------


def _inward(run: Run, place: Place, outer: Place, required: Required) -> Iterator[Moved]:
    """An input, or an intermediate of another group: it is filled."""
    design, chain = run.design, run.design.chains[place.chain]
    filled = _arriving(run, place, chain, required, still(design, place, required))
    users = frozenset(run.consumers(chain, place.tensor))
    yield _inside(run, place, filled, chain, "write", users, "load")
    read = shared(chain, filled, above(design, outer), _sharing(run, place, outer))
    yield Moved(outer.level, place.tensor, "read", read, chain, users, "load", bool(above(design, outer)))


def _sharing(run: Run, place: Place, outer: Place) -> list[Loop]:
    """Loops between two places whose instances the network serves together."""
    design, chain = run.design, run.design.chains[place.chain]
    network = design.architecture.level(outer.level).network
    users = run.consumers(chain, place.tensor)
    between = [loop for loop in above(design, place) if loop not in above(design, outer)]
    own = [loop for loop in between if any(_reads_apart(run, loop, name, place.tensor) for name in users)]
    return [loop for loop in between if (network.forward if loop in own else network.multicast)]


def _reads_apart(run: Run, loop: Loop, einsum: str, tensor: str) -> bool:
    accesses = [access for access in run.design.workload.einsum(einsum).inputs if access.tensor == tensor]
    return any(is_indexed(run.design, loop, einsum, access) for access in accesses)


def _outward(run: Run, place: Place, outer: Place, required: Required) -> Iterator[Moved]:
    """An output of the layers below: it leaves, and comes back where its sums are not complete."""
    design, chain = run.design, run.design.chains[place.chain]
    producer = design.workload.producer(place.tensor)
    assert producer is not None, "a place with the producer below has one"
    users = frozenset([producer.name])
    life = turn_depth(chain, lifetime_depth(run, producer.name))
    depth = max(still(design, place, required), life)
    entering = _arriving(run, place, chain, required, depth)
    begun = _arriving(run, place, chain, required, life)
    leaving = _arriving(run, place, chain, required, depth, backwards=True)
    again = {index: np.setdiff1d(numbers, begun[index]) for index, numbers in entering.items()}
    between = [loop for loop in above(design, place) if loop not in above(design, outer)]
    adding = [loop for loop in between if is_reduced(loop, producer.name, producer.output)]
    first = _of_first(again, adding)
    yield _inside(run, place, first, chain, "write", users, "load")
    yield _inside(run, outer, first, chain, "read", users, "load")
    yield _inside(run, place, leaving, chain, "read", users, "store")
    yield _inside(run, outer, _of_first(leaving, adding), chain, "write", users, "store")


def _of_first(found: Mapping[Index, Numbers], adding: Sequence[Loop]) -> dict[Index, Numbers]:
    """Of instances that add to the same sums only the first one: the others begin at zero."""
    return {index: numbers for index, numbers in found.items() if not any(part(index, adding))}


def _passing(run: Run, place: Place) -> Iterator[Moved]:
    """An intermediate: it leaves when it is computed, comes back later, or comes from another instance."""
    design, production = run.design, run.productions[place.tensor]
    chain = production.chain
    producer = design.workload.producer(place.tensor)
    assert producer is not None, "a place with the producer below has one"
    users = frozenset(run.consumers(chain, place.tensor))
    if place.parent is None:
        received = _less(production.arriving, production.made)
        if above(design, place):
            yield _inside(run, place, received, chain, "write", users, "load")
        return
    depth = max(still(design, place, production.required, chain), production.still)
    filled = _less(_arriving(run, place, chain, production.required, depth), production.made)
    outer = design.places[place.parent]
    yield _inside(run, place, filled, chain, "write", users, "load")
    yield _inside(run, outer, filled, chain, "read", users, "load")
    yield _inside(run, place, production.made, chain, "read", frozenset([producer.name]), "store")
    yield _inside(run, outer, production.made, chain, "write", frozenset([producer.name]), "store")


def _inside(
    run: Run,
    place: Place,
    found: Mapping[Index, Numbers],
    chain: BoundChain,
    way: str,
    users: frozenset[str],
    when: str,
) -> Moved:
    """What each instance of a place reads or writes by itself."""
    loops = above(run.design, place, chain)
    words = totals(chain, found, loops)
    return Moved(place.level, place.tensor, way, words, chain, users, when, bool(loops))


def _arriving(
    run: Run, place: Place, chain: BoundChain, required: Required, depth: int, *, backwards: bool = False
) -> dict[Index, Numbers]:
    """What arrives at a place, or leaves it, in sweeps that so many loops that take turns bound.

    What instances below the place need at a step is one box, except where it is computed.
    """
    points = run.tables.points[place.tensor]
    if not (place.produced and place.consumed):
        required = _joined(run, place, chain, required)
    return fresh_at_once(run.design, place, chain, required, depth, points, run.tables, backwards=backwards)


def _joined(run: Run, place: Place, chain: BoundChain, required: Required) -> Required:
    """What is required with the hull of instances below the place asked for by the first of them."""
    others = [loop for loop in chain.spatial if loop not in above(run.design, place, chain)]
    if not others:
        return required
    boxes: dict[tuple[Index, Index], list[Index]] = {}
    for index in sorted(required):
        key = part(index, above(run.design, place, chain)), turns(chain, index)
        boxes.setdefault(key, []).append(index)
    return {indices[0]: hull(required[index] for index in indices) for indices in boxes.values()}


def _less(more: Mapping[Index, Numbers], fewer: Mapping[Index, Numbers]) -> dict[Index, Numbers]:
    return {index: np.setdiff1d(numbers, fewer[index]) for index, numbers in more.items()}


# -- by compute ---------------------------------------------------------------------------------


def _computation(run: Run, einsum: str) -> Iterator[Moved]:
    """What the operations of a layer read and write."""
    design = run.design
    leaf, layer = design.leaf(einsum), design.workload.einsum(einsum)
    done, users = run.operations(leaf, einsum), frozenset([einsum])
    for access in layer.inputs:
        place = design.innermost_place(access.tensor, leaf)
        outside = above(design, place, leaf)
        below = [loop for loop in leaf.spatial if loop not in outside]
        share = design.architecture.level(place.level).network.multicast
        sharing = [loop for loop in below if share and not is_indexed(design, loop, einsum, access)]
        words = at_once(leaf, done, outside, sharing)
        yield Moved(place.level, access.tensor, "read", words, leaf, users, "work", bool(outside))
    output = layer.output
    place = design.innermost_place(output.tensor, leaf)
    outside = above(design, place, leaf)
    adding = [loop for loop in leaf.spatial if is_reduced(loop, einsum, output)]
    writes = at_once(leaf, done, outside, [loop for loop in adding if loop not in outside])
    begun = _begun(run, einsum, outside)
    reads = {step: Counter({i: n - begun[step][i] for i, n in listed.items()}) for step, listed in writes.items()}
    yield Moved(place.level, output.tensor, "write", writes, leaf, users, "work", bool(outside))
    yield Moved(place.level, output.tensor, "read", reads, leaf, users, "work", bool(outside))


def _begun(run: Run, einsum: str, outside: Sequence[Loop]) -> dict[Index, Counter[Index]]:
    """Points of the output that are written for the first time in a life of the partial sums, by step and instance."""
    leaf = run.design.leaf(einsum)
    table, done = run.tables.operations[einsum], run.operations(leaf, einsum)
    life = lifetime_depth(run, einsum)
    found: dict[Index, Counter[Index]] = {}
    written: dict[tuple[Index, Index], set[int]] = {}
    for index in sorted(done, key=lambda index: (turns(leaf, index), index)):
        instance = part(index, outside)
        known = written.setdefault((instance, index[:life]), set())
        points = set(table.written(done[index]).tolist())
        found.setdefault(turns(leaf, index), Counter())[instance] += len(points - known)
        known |= points
    return found
