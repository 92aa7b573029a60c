"""What the instances of spatial loops exchange with the levels around them, and what their operations access.

A network says what several instances share: a word that more than one of them needs at a step (multicast; halos of
neighbours: forward), and a sum to which more than one of them adds (reduce).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from looptree.architecture import Network
from looptree.errors import InputError, UnsupportedError
from looptree.model.axis import Array
from looptree.model.begun import is_gapless
from looptree.model.box import exact_sum
from looptree.model.exchange import Product
from looptree.model.inferred import Axes, Inferred
from looptree.model.movement import Movement
from looptree.model.spatial import around, instances_of, once_per_step, per_instance, standing, union_per_step
from looptree.model.sweep import fresh_box
from looptree.taxonomy.binding import BoundChain, Design, Loop, Place
from looptree.workload import Access, Einsum


def exchanged(design: Design, inferred: Inferred, place: Place) -> Iterator[Movement]:
    """What a place of which there are instances and the next one further out exchange."""
    outer = design.places[place.parent if place.parent is not None else place.id]
    asked = inferred.asked.get(place.id)
    if asked is None:
        return
    einsum = design.workload.einsum(design.chains[place.chain].einsums[0])
    between = [loop for loop in around(design, place) if loop not in around(design, outer)]
    network = design.architecture.level(outer.level).network
    inner, further = _depths(around(design, place)), _depths(around(design, outer))
    if place.consumed:
        accesses = [access for access in einsum.inputs if access.tensor == place.tensor]
        same, own = _shared(einsum, between, accesses)
        fresh = fresh_box(asked.need, asked.axes, asked.sweep)
        written = Product.of(fresh, asked.axes)
        read = Product.of(union_per_step(fresh, asked.axes, own) if network.forward else fresh, asked.axes)
        read = once_per_step(read, asked.axes, same) if network.multicast else read
        yield _movement(place, place.level, writes=per_instance(written, asked.axes, inner))
        yield _movement(place, outer.level, reads=per_instance(read, asked.axes, further))
        return
    same, _ = _shared(einsum, between, [einsum.output])
    check_reduced(network, outer.level, einsum, between)
    lifetime = inferred.einsums[einsum.name].lifetime
    entered = Product.of(fresh_box(asked.need, asked.axes, max(asked.sweep, lifetime)), asked.axes)
    first = Product.of(fresh_box(asked.need, asked.axes, lifetime), asked.axes)
    summed, begun = (once_per_step(product, asked.axes, same) for product in (entered, first))
    for level, instances, drained in ((place.level, inner, entered), (outer.level, further, summed)):
        filled = per_instance(summed, asked.axes, instances) - per_instance(begun, asked.axes, instances)
        left = per_instance(drained, asked.axes, instances)
        reads, writes = (left, filled) if level == place.level else (filled, left)
        yield _movement(place, level, reads=reads, writes=writes)


def accessed(design: Design, inferred: Inferred, chain: BoundChain) -> Iterator[Movement]:
    """What the operations of a layer with spatial loops read and write."""
    einsum = design.workload.einsum(chain.einsums[0])
    leaf = inferred.einsums[einsum.name].leaf
    if leaf is None:
        return
    operations, axes = leaf
    done = Product(*operations.factors(axes))
    for access in einsum.inputs:
        place = design.innermost_place(access.tensor, chain)
        below = [loop for loop in instances_of(chain) if loop not in around(design, place)]
        network = design.architecture.level(place.level).network
        same, _ = _shared(einsum, below, [access], shifted=False)
        read = once_per_step(done, axes, same) if network.multicast else done
        counts = per_instance(read, axes, _depths(around(design, place), shifted=False))
        yield _movement(place, place.level, reads=counts, chain=chain.id)
    place = design.innermost_place(einsum.output.tensor, chain)
    below = [loop for loop in instances_of(chain) if loop not in around(design, place)]
    check_reduced(design.architecture.level(place.level).network, place.level, einsum, below)
    same, _ = _shared(einsum, below, [einsum.output], shifted=False)
    written = per_instance(once_per_step(done, axes, same), axes, _depths(around(design, place), shifted=False))
    begun = _begun(design, inferred, place, einsum, axes)
    yield _movement(place, place.level, reads=written - begun, writes=written, chain=chain.id)


def _begun(design: Design, inferred: Inferred, place: Place, einsum: Einsum, axes: Axes) -> Array:
    """Sums that each instance of the place begins."""
    counts = inferred.einsums[einsum.name]
    if not around(design, place):
        return np.array([counts.points], dtype=object)
    asked = inferred.asked.get(place.id)
    if asked is None:
        return np.array([0], dtype=object)
    if not is_gapless(design, inferred, design.leaf(einsum.name)):
        raise UnsupportedError(f"einsum {einsum.name!r} leaves gaps in {einsum.output}, below spatial loops")
    first = Product.of(fresh_box(asked.need, asked.axes, counts.lifetime), asked.axes)
    return per_instance(first, asked.axes, _depths(around(design, place)))


def check_reduced(network: Network, level: str, einsum: Einsum, between: list[Loop]) -> None:
    """Check that partial sums of instances can be added up.

    Raises:
        InputError: the level has no network that does.
        UnsupportedError: instances overlap in what they write.
    """
    for loop in between:
        rank = dict(loop.ranks)[einsum.name]
        forms = [form for form in einsum.output.projection if rank in form.ranks]
        if not forms and not network.reduce:
            raise InputError(
                f"instances of {einsum.name!r} along {loop.axis!r} add to the same words of {einsum.output.tensor!r}, "
                f"but the network of level {level!r} does not reduce",
                where=f"mapping: spatial loop over {loop.label}",
                hint="say so (network: {reduce: true}), or spread a rank that the output has",
            )
        if any(len(form.terms) > 1 for form in forms):
            raise UnsupportedError(f"instances of {einsum.name!r} over {rank!r} overlap in {einsum.output}")


def _shared(
    einsum: Einsum, loops: list[Loop], accesses: list[Access], *, shifted: bool = True
) -> tuple[list[int], list[int]]:
    """Depths of loops whose instances access the same words, and of those that do not."""
    ranks = {rank for access in accesses for form in access.projection for rank in form.ranks}
    same = [loop for loop in loops if dict(loop.ranks)[einsum.name] not in ranks]
    return _depths(same, shifted=shifted), _depths([loop for loop in loops if loop not in same], shifted=shifted)


def _depths(loops: list[Loop] | tuple[Loop, ...], *, shifted: bool = True) -> list[int]:
    depths = [loop.depth for loop in loops]
    return standing(depths) if shifted else depths


def _movement(
    place: Place, level: str, *, reads: Array | None = None, writes: Array | None = None, chain: int | None = None
) -> Movement:
    read, written = (0 if a is None else exact_sum(a) for a in (reads, writes))
    busy_read, busy_written = (0 if a is None else int(a.max(initial=0)) for a in (reads, writes))
    owner = place.chain if chain is None else chain
    return Movement(owner, level, place.tensor, read, written, busy_read, busy_written)
