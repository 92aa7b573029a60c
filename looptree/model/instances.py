"""What the instances of spatial loops exchange with the levels around them, and what their operations access.

A network says what several instances share: a word that more than one of them needs at a step (multicast; halos of
neighbours: forward), and a sum to which more than one of them adds (reduce).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from looptree.architecture import Network
from looptree.errors import InputError, UnsupportedError
from looptree.model.axis import Array
from looptree.model.begun import begun
from looptree.model.box import exact_sum
from looptree.model.inferred import Asked, Axes, Inferred
from looptree.model.movement import Movement
from looptree.model.product import Product, Terms, retired
from looptree.model.spatial import (
    around,
    depths_of,
    first_per_step,
    is_indexed,
    is_reduced,
    most_per_step,
    per_instance,
    standing,
    union_per_step,
)
from looptree.model.sweep import fresh_box
from looptree.taxonomy.design import BoundChain, Design, Loop, Place
from looptree.taxonomy.tree import where_of
from looptree.workload import Access, Affine, Einsum


@dataclass(frozen=True, eq=False, slots=True)
class Passage:
    """Words of a tensor that pass one side of a memory level, iteration by iteration of a chain.

    Attributes:
        level: where. tensor: of which. reads: whether they are read there.
        terms: counts that add up, as pairs of a sign and a count. axes: of their tables.
        instances: depths, on these axes, of the loops that tell the instances of the level.
        origin: per axis that was rearranged, the own step of the axis of the chain for each of its own steps.
        by: Einsums for or by which they move. inward: they come in for an iteration; otherwise they leave after it.
    """

    level: str
    tensor: str
    reads: bool
    terms: Terms
    axes: Axes
    instances: list[int]
    origin: Mapping[int, Array]
    by: frozenset[str]
    inward: bool

    def moved(self, chain: int) -> Movement:
        """The words of all iterations, of all instances and of the busiest one."""
        counts: Array = sum(
            (sign * per_instance(product, self.axes, self.instances) for sign, product in self.terms),
            np.zeros(1, dtype=np.int64),
        )
        words = exact_sum(counts)
        busy = int(counts.max(initial=0)) if self.instances else None
        none = 0 if self.instances else None
        if self.reads:
            return Movement(chain, self.level, self.tensor, words, 0, busy, none)
        return Movement(chain, self.level, self.tensor, 0, words, none, busy)


# -- between places -----------------------------------------------------------------------------


def passages(design: Design, inferred: Inferred, place: Place) -> Iterator[Passage]:
    """What a place below or above spatial loops exchanges with the next one further out, or with its neighbours."""
    if place.produced and place.consumed:
        yield from _passing(design, inferred, place)
    elif place.parent is not None and place.id in inferred.asked:
        asked, outer = inferred.asked[place.id], design.places[place.parent]
        yield from (_inward if place.consumed else _outward)(design, inferred, place, outer, asked)


def exchanged(design: Design, inferred: Inferred, place: Place) -> Iterator[Movement]:
    """The movements that they come to."""
    for passage in passages(design, inferred, place):
        yield passage.moved(place.chain)


def _inward(design: Design, inferred: Inferred, place: Place, outer: Place, asked: Asked) -> Iterator[Passage]:
    """An input, or an intermediate of another group: it is filled."""
    chain = design.chains[place.chain]
    network = design.architecture.level(outer.level).network
    users = [einsum for einsum in design.workload.consumers(place.tensor) if einsum.name in chain.einsums]
    between = [loop for loop in around(design, place) if loop not in around(design, outer)]
    together = sharing(design, network, between, users, place.tensor)
    fresh = fresh_box(asked.need, asked.axes, asked.sweep)
    once = union_per_step(fresh, asked.axes, standing(depths_of(together))) if together else fresh
    by = frozenset(einsum.name for einsum in users)
    for level, loops, box in ((place.level, around(design, place), fresh), (outer.level, around(design, outer), once)):
        terms = ((1, Product.of(box, asked.axes)),)
        instances = standing(depths_of(loops))
        yield Passage(
            level, place.tensor, level == outer.level, terms, asked.axes, instances, asked.origin, by, inward=True
        )


def sharing(design: Design, network: Network, loops: list[Loop], users: list[Einsum], tensor: str) -> list[Loop]:
    """Loops whose instances a network serves together: with forwarding where they ask for different words."""
    accesses = [(einsum.name, access) for einsum in users for access in einsum.inputs if access.tensor == tensor]

    def shares(loop: Loop) -> bool:
        apart = any(is_indexed(design, loop, name, access) for name, access in accesses)
        return network.forward if apart else network.multicast

    return [loop for loop in loops if shares(loop)]


def passing_on(design: Design, chain: BoundChain, place: Place) -> list[Loop]:
    """Loops whose instances pass on what they compute of an intermediate to others that need it at the same step.

    The network between them is that of the level that the cores share.
    """
    loops, cores = list(around(design, place, chain)), design.architecture.cores
    if not loops or cores is None:
        return []
    network = design.architecture.level(cores.below).network
    users = [einsum for einsum in design.workload.consumers(place.tensor) if einsum.name in chain.einsums]
    return sharing(design, network, loops, users, place.tensor)


def _outward(design: Design, inferred: Inferred, place: Place, outer: Place, asked: Asked) -> Iterator[Passage]:
    """An output of the layers below: it leaves, and comes back where its sums are not complete."""
    producer = design.workload.producer(place.tensor)
    assert producer is not None, "a place with the producer below has one"
    between = [loop for loop in around(design, place) if loop not in around(design, outer)]
    check_reduced(design, outer.level, producer, between)
    adding = standing(depths_of([loop for loop in between if is_reduced(loop, producer.name, producer.output)]))
    lifetime = inferred.einsums[producer.name].lifetime
    depth = max(asked.sweep, lifetime)
    entered = Product.of(fresh_box(asked.need, asked.axes, depth), asked.axes)
    first = Product.of(fresh_box(asked.need, asked.axes, lifetime), asked.axes)
    leaving = retired(asked.need, asked.axes, depth)
    again = tuple((sign, first_per_step(count, asked.axes, adding)) for sign, count in ((1, entered), (-1, first)))
    summed = ((1, first_per_step(leaving, asked.axes, adding)),)
    inner, further = (standing(depths_of(around(design, end))) for end in (place, outer))
    rest = asked.origin, frozenset([producer.name])
    yield Passage(place.level, place.tensor, False, again, asked.axes, inner, *rest, inward=True)
    yield Passage(outer.level, place.tensor, True, again, asked.axes, further, *rest, inward=True)
    yield Passage(place.level, place.tensor, True, ((1, leaving),), asked.axes, inner, *rest, inward=False)
    yield Passage(outer.level, place.tensor, False, summed, asked.axes, further, *rest, inward=False)


def _passing(design: Design, inferred: Inferred, place: Place) -> Iterator[Passage]:
    """An intermediate: it leaves when it is computed, comes back later, or comes from another instance."""
    made = inferred.made.get(place.tensor)
    if made is None:
        return
    producer = design.workload.producer(place.tensor)
    assert producer is not None, "a place with the producer below has one"
    chain = design.chains[made.chain]
    readers = frozenset(e.name for e in design.workload.consumers(place.tensor) if e.name in chain.einsums)
    computed = (1, Product.of(made.computed, made.axes))
    inner = depths_of(around(design, place, chain))
    if place.parent is None:
        received = ((1, Product.of(made.arriving, made.axes)), (-1, computed[1]))
        if made.computed is not made.arriving:
            yield Passage(place.level, place.tensor, False, received, made.axes, inner, {}, readers, inward=True)
        return
    outer = design.places[place.parent]
    further = depths_of(around(design, outer, chain))
    filled = ((1, Product.of(inferred.returned[place.id], made.axes)), (-1, computed[1]))
    writer = frozenset([producer.name])
    yield Passage(place.level, place.tensor, False, filled, made.axes, inner, {}, readers, inward=True)
    yield Passage(outer.level, place.tensor, True, filled, made.axes, further, {}, readers, inward=True)
    yield Passage(place.level, place.tensor, True, (computed,), made.axes, inner, {}, writer, inward=False)
    yield Passage(outer.level, place.tensor, False, (computed,), made.axes, further, {}, writer, inward=False)


# -- by compute ---------------------------------------------------------------------------------


def accesses(design: Design, inferred: Inferred, chain: BoundChain) -> Iterator[Passage]:
    """What the operations of a layer below spatial loops read and write."""
    einsum = design.workload.einsum(chain.einsums[0])
    leaf = inferred.einsums[einsum.name].leaf
    if leaf is None:
        return
    operations, axes = leaf
    done = Product(*operations.factors(axes))
    by = frozenset([einsum.name])
    for access in einsum.inputs:
        place, instances, below = _served(design, access, chain)
        same = served_alike(design, design.architecture.level(place.level).network, below, einsum.name, access)
        read = ((1, most_per_step(done, axes, depths_of(same))),)
        yield Passage(place.level, access.tensor, True, read, axes, instances, {}, by, inward=True)
    output = einsum.output
    place, instances, below = _served(design, output, chain)
    check_reduced(design, place.level, einsum, below)
    adding = [loop for loop in below if is_reduced(loop, einsum.name, output)]
    written = ((1, most_per_step(done, axes, depths_of(adding))),)
    yield Passage(place.level, output.tensor, False, written, axes, instances, {}, by, inward=True)


def summed(design: Design, inferred: Inferred, chain: BoundChain, written: Passage) -> Passage:
    """What they read of sums that have begun before, from what they write.

    Raises:
        UnsupportedError: when the sums begin is not known step by step.
    """
    return replace(written, reads=True, terms=(*written.terms, (-1, begun(design, inferred, chain))))


def accessed(design: Design, inferred: Inferred, chain: BoundChain) -> Iterator[Movement]:
    """The movements that they come to."""
    for passage in accesses(design, inferred, chain):
        yield passage.moved(chain.id)
        if not passage.reads and passage.instances:
            yield summed(design, inferred, chain, passage).moved(chain.id)
        elif not passage.reads:
            written, points = passage.moved(chain.id).writes, inferred.einsums[chain.einsums[0]].points
            yield Movement(chain.id, passage.level, passage.tensor, written - points, 0)


def served_alike(design: Design, network: Network, loops: list[Loop], einsum: str, access: Access) -> list[Loop]:
    """Loops whose instances read an operand together, once for all of them."""
    return [loop for loop in loops if network.multicast and not is_indexed(design, loop, einsum, access)]


def _served(design: Design, access: Access, chain: BoundChain) -> tuple[Place, list[int], list[Loop]]:
    """The innermost place of an operand, depths of the loops that tell its instances, and loops below it."""
    place = design.innermost_place(access.tensor, chain)
    loops = around(design, place, chain)
    return place, depths_of(loops), [loop for loop in chain.spatial if loop not in loops]


def check_reduced(design: Design, level: str, einsum: Einsum, between: list[Loop]) -> None:
    """Check that partial sums of instances can be added up.

    Raises:
        InputError: the level has no network that does.
        UnsupportedError: instances overlap in what they write.
    """
    network = design.architecture.level(level).network
    for loop in between:
        rank = dict(loop.ranks).get(einsum.name)
        if rank is None:
            continue
        if is_reduced(loop, einsum.name, einsum.output) and not network.reduce:
            raise InputError(
                f"instances of {einsum.name!r} along {loop.axis!r} add to the same words of {einsum.output.tensor!r}, "
                f"but the network of level {level!r} does not reduce",
                where=where_of(loop, f"spatial loop over {loop.label}"),
                hint="say so (network: {reduce: true}), or spread a rank that the output has",
            )
        if any(rank in form.ranks and not _tells_apart(form, einsum) for form in einsum.output.projection):
            raise UnsupportedError(f"instances of {einsum.name!r} over {rank!r} overlap in {einsum.output}")


def _tells_apart(form: Affine, einsum: Einsum) -> bool:
    """Whether every value of the ranks of a form gives another coordinate, as in `64*h + e` with e below 64."""
    reach = 0
    for rank, coefficient in sorted(form.terms, key=lambda term: abs(term[1])):
        if abs(coefficient) <= reach:
            return False
        reach += abs(coefficient) * (einsum.ranks[rank] - 1)
    return True
