"""What moves at each iteration of a chain between its places and those further out.

Data arrives as it is first needed: a fill happens for the iteration at which its words are fresh. An output leaves
when nothing later in its sweep asks for it again, an intermediate that is stored further out as well as soon as it is
computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from looptree.model.begun import begun
from looptree.model.inferred import Inferred
from looptree.model.instances import Passage, accesses, passages, summed
from looptree.model.product import Amount, Product, Terms, retired
from looptree.model.sweep import fresh_box
from looptree.model.turns import amount, turns_of
from looptree.taxonomy.design import BoundChain, Design, Place


@dataclass(frozen=True, eq=False, slots=True)
class End:
    """One side of an exchange.

    Attributes:
        level: where. reads: whether the words are read there; otherwise they are written.
        words: how many at each step, at the busiest instance of the level.
    """

    level: str
    reads: bool
    words: Amount


@dataclass(frozen=True, eq=False, slots=True)
class Exchange:
    """Words of a tensor that move at each iteration of a chain.

    Attributes:
        tensor: which.
        ends: levels at which they are read and written.
        inward: they come in for the iteration; otherwise they leave after it.
        by: Einsums for or by which they move.
    """

    tensor: str
    ends: tuple[End, ...]
    inward: bool
    by: frozenset[str]


def exchanges(design: Design, inferred: Inferred, chain: BoundChain) -> Iterator[Exchange]:
    """What moves at the iterations of a chain."""
    for place in design.places:
        passing = place.produced and place.consumed
        met = inferred.made.get(place.tensor) if passing else inferred.asked.get(place.id)
        if met is None or met.chain != chain.id:
            continue
        if chain.spatial:
            for passage in passages(design, inferred, place):
                yield Exchange(passage.tensor, (_end(design, inferred, chain, passage),), passage.inward, passage.by)
        elif place.parent is not None:
            yield from _exchange(design, inferred, place)


def compute_accesses(design: Design, inferred: Inferred, chain: BoundChain) -> Iterator[tuple[str, End]]:
    """What the operations of a layer read and write at each of its iterations, with the tensor.

    Raises:
        UnsupportedError: when sums begin is not known step by step, and it matters.
    """
    (name,) = chain.einsums
    output = design.workload.einsum(name).output.tensor
    level = design.innermost_place(output, chain).level
    matters = bool(design.architecture.level(level).limits)
    if chain.spatial:
        for passage in accesses(design, inferred, chain):
            yield passage.tensor, _end(design, inferred, chain, passage)
            if not passage.reads and matters:
                yield output, _end(design, inferred, chain, summed(design, inferred, chain, passage))
        return
    leaf = inferred.einsums[name].leaf
    assert leaf is not None, "a layer with axes has operations"
    done = (1, Product(*leaf[0].factors(leaf[1])))
    words = Amount((done,), {})
    for access in design.workload.einsum(name).inputs:
        yield access.tensor, End(design.innermost_place(access.tensor, chain).level, True, words)
    yield output, End(level, False, words)
    if matters:
        yield output, End(level, True, Amount((done, (-1, begun(design, inferred, chain))), {}))


def operations_at_turns(design: Design, inferred: Inferred, chain: BoundChain) -> Amount:
    """Operations of a layer at each of its steps, those of the instance that has most."""
    leaf = inferred.einsums[chain.einsums[0]].leaf
    assert leaf is not None, "a layer with axes has operations"
    operations, axes = leaf
    instances = [loop.depth for loop in chain.spatial]
    return amount(((1, Product(*operations.factors(axes))),), axes, turns_of(design, inferred)[chain.id], instances)


def _end(design: Design, inferred: Inferred, chain: BoundChain, passage: Passage) -> End:
    turns = turns_of(design, inferred)[chain.id]
    words = amount(passage.terms, passage.axes, turns, passage.instances, passage.origin)
    return End(passage.level, passage.reads, words)


def _exchange(design: Design, inferred: Inferred, place: Place) -> Iterator[Exchange]:
    producer = design.workload.producer(place.tensor)
    writer = frozenset([producer.name] if producer is not None else [])
    readers = frozenset(einsum.name for einsum in design.workload.consumers(place.tensor))
    outer = design.places[place.parent if place.parent is not None else place.id].level

    def moved(terms: Terms, *, inward: bool) -> Exchange:
        words = Amount(terms, {})
        ends = End(outer, inward, words), End(place.level, not inward, words)
        return Exchange(place.tensor, ends, inward, readers if inward and place.consumed else writer)

    if place.produced and place.consumed:
        made = inferred.made[place.tensor]
        back, drained = (Product.of(box, made.axes) for box in (inferred.returned[place.id], made.computed))
        yield moved(((1, back), (-1, drained)), inward=True)
        yield moved(((1, drained),), inward=False)
        return
    asked = inferred.asked[place.id]
    axes = asked.axes

    def fresh(depth: int) -> Product:
        return Product.of(asked.fresh if depth == asked.sweep else fresh_box(asked.need, axes, depth), axes)

    if place.consumed:
        yield moved(((1, fresh(asked.sweep)),), inward=True)
    else:
        lifetime = inferred.einsums[next(iter(writer))].lifetime
        depth = max(asked.sweep, lifetime)
        if depth != lifetime:
            yield moved(((1, fresh(depth)), (-1, fresh(lifetime))), inward=True)
        yield moved(((1, retired(asked.need, axes, depth)),), inward=False)
