"""Loops whose steps run at once, on instances of everything below them.

A storage node below such a loop is there once per instance: what one instance has does not help another one. So the
steps of the loop stand still in every sweep, as if the loop were the outermost one. A node above sees what all
instances ask for at the same step: as one hull where it is filled, one after the other where an intermediate is
computed. All of these are the same tables in another order: the loops of an axis are rearranged, with instances first
or last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from looptree.errors import InputError, UnsupportedError
from looptree.model.axis import SAFE, Array, Axis
from looptree.model.box import Box, Coupled, Track, exact_product, exact_sum, product
from looptree.model.inferred import Axes
from looptree.model.product import Product
from looptree.model.sweep import fresh_box, fresh_track
from looptree.model.window import hull_by_group
from looptree.taxonomy.design import BoundChain, Design, Loop, Place
from looptree.taxonomy.tree import where_of
from looptree.workload import Access

_FAR = 1 << 20

Steps = dict[int, Array]
"""Per axis, for each of its own steps, an own step of that axis as it was before its loops were rearranged."""


def around(design: Design, place: Place, chain: BoundChain | None = None) -> tuple[Loop, ...]:
    """The spatial loops above a place, on the path to a chain: it is there once for each of their steps."""
    spatial = design.chains[place.chain].spatial if chain is None else chain.spatial
    return tuple(loop for loop in spatial if loop.depth <= place.depth)


def depths_of(loops: Iterable[Loop]) -> list[int]:
    """Positions of loops on their path."""
    return [loop.depth for loop in loops]


# -- who follows a loop -----------------------------------------------------------------------------


def is_indexed(design: Design, loop: Loop, einsum: str, access: Access) -> bool:
    """Whether the steps of a loop ask for different words of what an Einsum accesses.

    The ranks of a sink that the loop tiles do; so do, from consumer to producer, those that write what they read.
    """
    todo = list(loop.ranks)
    found = set(todo)
    while todo:
        name, rank = todo.pop()
        for read in design.workload.einsum(name).inputs:
            producer = design.workload.producer(read.tensor)
            if producer is None:
                continue
            for form, written in zip(read.projection, producer.output.projection, strict=True):
                more = [(producer.name, other) for other in written.ranks if rank in form.ranks]
                todo += [pair for pair in more if pair not in found]
                found.update(more)
    return any((einsum, rank) in found for form in access.projection for rank in form.ranks)


def is_reduced(loop: Loop, einsum: str, output: Access) -> bool:
    """Whether the steps of a loop add to the same words of the output of an Einsum."""
    rank = dict(loop.ranks).get(einsum)
    return rank is not None and all(rank not in form.ranks for form in output.projection)


# -- room on the array ------------------------------------------------------------------------------


def instances_along(chain: BoundChain, axes: Axes) -> dict[str, int]:
    """How many instances lie along each axis of the cores and of the array, at most."""
    found: dict[str, int] = {}
    for loop in chain.spatial:
        axis = next(axis for axis in axes.values() if loop.depth in axis.depths)
        steps = int(axis.ordinals[axis.depths.index(loop.depth)].max(initial=-1)) + 1
        found[loop.axis or ""] = found.get(loop.axis or "", 1) * steps
    return found


def check_axes(design: Design, chain: BoundChain, axes: Axes) -> None:
    """Check that the instances have room on the array and on the cores.

    Raises:
        InputError: more steps than there are along an axis.
    """
    extents, cores = design.architecture.axes, design.architecture.cores
    for name, count in instances_along(chain, axes).items():
        if count > extents[name]:
            loop = next(loop for loop in reversed(chain.spatial) if loop.axis == name)
            units = "cores" if cores is not None and name in cores.axes else "units"
            raise InputError(
                f"{count} instances of {', '.join(map(repr, chain.einsums))} along axis {name!r}, "
                f"which has {extents[name]} {units}",
                where=where_of(loop, f"spatial loop over {loop.label}"),
                hint="use a larger tile, or a temporal loop around the spatial one",
            )


# -- loops in another order -------------------------------------------------------------------------


def standing(depths: Iterable[int]) -> list[int]:
    """Where loops stand that stand still in every sweep: further out than any other."""
    return [depth - _FAR for depth in depths]


def rearranged(axis: Axis, order: list[int], depths: list[int]) -> tuple[Axis, Array]:
    """The axis with its loops in another order and at other depths, and the old own step of each new one.

    >>> square, _ = Axis.root().extended(np.array([2]), 1)
    >>> square, _ = square.extended(np.array([2, 1]), 2)
    >>> turned, steps = rearranged(square, [1, 0], [0, 1])
    >>> steps.tolist(), turned.depths
    ([0, 2, 1], (0, 1))
    """
    if order == list(range(len(order))):
        return Axis(tuple(depths), axis.groups, axis.ordinals), np.arange(axis.size)
    ordinals = [axis.ordinals[t] for t in order]
    steps: Array = np.lexsort(ordinals[::-1]) if ordinals else np.arange(axis.size)
    moved = [ordinal[steps] for ordinal in ordinals]
    groups = []
    changed = np.zeros(axis.size, dtype=bool)
    for t, ordinal in enumerate(moved):
        changed = changed.copy()
        changed[1:] |= ordinal[1:] != ordinal[:-1]
        stays = order[: t + 1] == list(range(t + 1))  # then its groups keep the names that loops further out know
        groups.append(axis.groups[t][steps] if stays else np.cumsum(changed))
    return Axis(tuple(depths), tuple(groups), tuple(moved)), steps


def _split(axis: Axis, first: Collection[int], last: Collection[int]) -> tuple[list[int], list[int], list[int]]:
    """Own loops: those of the depths `first`, the others, those of the depths `last`."""
    loops = range(len(axis.depths))
    head = [t for t in loops if axis.depths[t] in first]
    tail = [t for t in loops if axis.depths[t] in last]
    return head, [t for t in loops if t not in head and t not in tail], tail


def _back(steps: Array) -> Array:
    back = np.empty_like(steps)
    back[steps] = np.arange(len(steps))
    return back


def seen_from(place: Place, chain: BoundChain, need: Box, axes: Axes) -> tuple[Box, Axes, Steps]:
    """What is asked of a place, with the instances it is one of first and those below it joined.

    Args:
        place: the place. chain: at whose iterations it is asked. need: what for. axes: of the chain.
    """
    if not chain.spatial:
        return need, axes, {}
    if need.core is not None:
        raise Coupled(set(need.core.ties))
    first = [loop.depth for loop in chain.spatial if loop.depth <= place.depth]
    last = [loop.depth for loop in chain.spatial if loop.depth > place.depth]
    return instances_first(need, axes, first, last)


def instances_first(need: Box, axes: Axes, first: Collection[int], last: Collection[int]) -> tuple[Box, Axes, Steps]:
    """A box with some loops, by depth, outermost, where they stand still in every sweep, and others joined."""
    tracks: dict[int, Track] = {}
    found: Axes = {}
    back: Steps = {}
    for key, axis in axes.items():
        head, middle, tail = _split(axis, first, last)
        kept = [*standing(axis.depths[t] for t in head), *(axis.depths[t] for t in middle)]
        moved, steps = rearranged(axis, [*head, *middle, *tail], [*kept, *(axis.depths[t] for t in tail)])
        track = need.tracks.get(key)
        own = len(kept)
        if track is not None:
            tracks[key] = hull_by_group(track.at(steps), moved, own) if tail else track.at(steps)
        found[key] = _outermost(moved, own) if tail else moved
        back[key] = steps[moved.starts(own)] if tail else steps
    return Box(need.fixed, tracks, need.overhang), found, back


def _outermost(axis: Axis, own: int) -> Axis:
    """The axis with its outermost loops only."""
    if not own:
        return Axis.root()
    starts = axis.starts(own)
    groups, ordinals = axis.groups[:own], axis.ordinals[:own]
    return Axis(axis.depths[:own], tuple(g[starts] for g in groups), tuple(o[starts] for o in ordinals))


def fresh_at_once(need: Box, axes: Mapping[int, Axis], place: Place, chain: BoundChain, sweep: int) -> Box:
    """The fresh part of what is asked of a place, instance by instance of what asks for it.

    Instances of the place do not know of each other. Instances below it ask one after the other at each step.
    """
    if not chain.spatial:
        return fresh_box(need, axes, sweep)
    if need.core is not None:
        raise Coupled(set(need.core.ties))
    first = [loop.depth for loop in chain.spatial if loop.depth <= place.depth]
    last = [loop.depth for loop in chain.spatial if loop.depth > place.depth]
    tracks, found, back = {}, {}, {}
    for key, axis in axes.items():
        head, middle, tail = _split(axis, first, last)
        depths = [axis.depths[t] for t in middle]
        order = [*standing(axis.depths[t] for t in head), *depths, *(_FAR + axis.depths[t] for t in tail)]
        found[key], steps = rearranged(axis, [*head, *middle, *tail], order)
        back[key] = _back(steps)
        if key in need.tracks:
            tracks[key] = need.tracks[key].at(steps)
    fresh = fresh_box(Box(need.fixed, tracks), found, sweep)
    return Box(need.fixed, {key: track.at(back[key]) for key, track in fresh.tracks.items()})


# -- what instances share ---------------------------------------------------------------------------


def union_per_step(fresh: Box, axes: Axes, loops: Collection[int]) -> Box:
    """Fresh points, each once at a step, whichever of the instances of some loops needs it."""
    tracks = dict(fresh.tracks)
    for key, axis in axes.items():
        _, middle, last = _split(axis, (), loops)
        if not last:
            continue
        track = fresh.tracks.get(key)
        if track is not None and track.count is not None:
            raise UnsupportedError(
                "instances share words that are no box",
                hint="change the loop order, or leave the flags of the network out",
            )
        moved, steps = rearranged(axis, [*middle, *last], list(range(len(axis.depths))))
        own = len(middle)
        once = Track({}, moved.first(own)) if track is None else fresh_track(track.at(steps), moved, own)
        tracks[key] = once.at(_back(steps))
    return Box(fresh.fixed, tracks)


def first_per_step(found: Product, axes: Axes, loops: Collection[int]) -> Product:
    """A count with only the first step of some loops, by depth: of instances that add to the same sums."""
    tables = dict(found.tables)
    for key, axis in axes.items():
        here = [axis.ordinals[t] == 0 for t, depth in enumerate(axis.depths) if depth in loops]
        if here:
            mask = np.logical_and.reduce(here)
            tables[key] = np.broadcast_to(tables[key], (axis.size,)) * mask if key in tables else mask.astype(np.int64)
    return Product(found.scale, tables)


def most_per_step(found: Product, axes: Axes, loops: Collection[int]) -> Product:
    """A count with the most that any of the instances of some loops, by depth, has at a step."""
    tables = dict(found.tables)
    for key, axis in axes.items():
        _, middle, last = _split(axis, (), loops)
        if last and axis.size:
            moved, steps = rearranged(axis, [*middle, *last], list(range(len(axis.depths))))
            starts = moved.starts(len(middle))
            table = np.broadcast_to(tables.get(key, np.ones(1, dtype=np.int64)), (axis.size,))
            most = np.zeros(axis.size, dtype=table.dtype)
            most[steps[starts]] = np.maximum.reduceat(table[steps], starts)
            tables[key] = most
    return Product(found.scale, tables)


def per_instance(found: Product, axes: Mapping[int, Axis], loops: Collection[int]) -> Array:
    """The same for every instance of some loops, by depth; one entry if there are no such loops."""
    result: Array = np.array([found.scale], dtype=object if found.scale >= SAFE else np.int64)
    for key, axis in axes.items():
        table = np.broadcast_to(found.tables.get(key, np.ones(1, dtype=np.int64)), (axis.size,))
        own = [t for t, depth in enumerate(axis.depths) if depth in loops]
        if not own:
            result = exact_product(exact_sum(table), result)
            continue
        moved, steps = rearranged(axis, [*own, *(t for t in range(len(axis.depths)) if t not in own)], [])
        sums = np.add.reduceat(exact_product(1, table)[steps], moved.starts(len(own)))
        result = product([np.repeat(result, len(sums)), np.tile(sums, len(result))])
    return result
