"""Loops whose steps run at once, on instances of everything below them.

A storage node below such a loop is there once per instance: what one instance has does not help another one. So the
steps of the loop stand still in every sweep, as if the loop were the outermost one. A node above sees what all
instances ask for at the same step, as one hull. Both are the same tables in another order: the loops of an axis are
rearranged, with instances first, or last and joined.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from looptree.errors import InputError, UnsupportedError
from looptree.model.axis import SAFE, Array, Axis
from looptree.model.box import Box, Track, exact_product, exact_sum, product
from looptree.model.exchange import Product
from looptree.model.inferred import Axes
from looptree.model.sweep import fresh_track
from looptree.model.window import hull_by_group
from looptree.taxonomy.binding import BoundChain, Design, Loop, Place

_FAR = 1 << 20


def instances_of(chain: BoundChain) -> tuple[Loop, ...]:
    """The spatial loops of a chain."""
    return tuple(loop for loop in chain.loops if loop.axis is not None)


def around(design: Design, place: Place) -> tuple[Loop, ...]:
    """The spatial loops above a place: it is there once for each of their steps."""
    return tuple(loop for loop in instances_of(design.chains[place.chain]) if loop.depth <= place.depth)


def instances_along(chain: BoundChain, axes: Axes) -> dict[str, int]:
    """How many instances lie along each axis of the array, at most."""
    found: dict[str, int] = {}
    for loop in instances_of(chain):
        axis = next(axis for axis in axes.values() if loop.depth in axis.depths)
        steps = int(axis.ordinals[axis.depths.index(loop.depth)].max(initial=-1)) + 1
        found[loop.axis or ""] = found.get(loop.axis or "", 1) * steps
    return found


def check_axes(design: Design, chain: BoundChain, axes: Axes) -> None:
    """Check that the instances have room on the array.

    Raises:
        InputError: more steps than units along an axis.
    """
    array = design.architecture.compute.array
    for name, count in instances_along(chain, axes).items():
        extent = array.axes[name] if array is not None else 1
        if count > extent:
            raise InputError(
                f"{count} instances of {chain.einsums[0]!r} along axis {name!r}, which has {extent} units",
                where="mapping",
                hint="use a larger tile, or a temporal loop around the spatial one",
            )


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


def seen_from(design: Design, place: Place, need: Box, axes: Axes) -> tuple[Box, Axes]:
    """What is asked of a place, with the instances it is one of first and those below it joined."""
    spatial = instances_of(design.chains[place.chain])
    if not spatial:
        return need, axes
    if need.core is not None:
        raise UnsupportedError(f"tensor {place.tensor!r} is read in several ways below spatial loops")
    first = [loop.depth for loop in spatial if loop.depth <= place.depth]
    last = [loop.depth for loop in spatial if loop.depth > place.depth]
    tracks: dict[int, Track] = {}
    found: Axes = {}
    for key, axis in axes.items():
        head, middle, tail = _split(axis, first, last)
        kept = [*standing(axis.depths[t] for t in head), *(axis.depths[t] for t in middle)]
        moved, steps = rearranged(axis, [*head, *middle, *tail], [*kept, *(axis.depths[t] for t in tail)])
        track = need.tracks.get(key)
        own = len(kept)
        if track is not None:
            tracks[key] = hull_by_group(track.at(steps), moved, own) if tail else track.at(steps)
        found[key] = _outermost(moved, own) if tail else moved
    return Box(need.fixed, tracks, need.overhang), found


def _outermost(axis: Axis, own: int) -> Axis:
    """The axis with its outermost loops only."""
    if not own:
        return Axis.root()
    starts = axis.starts(own)
    groups, ordinals = axis.groups[:own], axis.ordinals[:own]
    return Axis(axis.depths[:own], tuple(g[starts] for g in groups), tuple(o[starts] for o in ordinals))


def once_per_step(found: Product, axes: Axes, loops: Collection[int]) -> Product:
    """A count with only the first step of some loops, by depth: of what all of their instances share."""
    tables = dict(found.tables)
    for key, axis in axes.items():
        here = [axis.ordinals[t] == 0 for t, depth in enumerate(axis.depths) if depth in loops]
        if here:
            mask = np.logical_and.reduce(here)
            tables[key] = np.broadcast_to(tables[key], (axis.size,)) * mask if key in tables else mask.astype(np.int64)
    return Product(found.scale, tables)


def union_per_step(fresh: Box, axes: Axes, loops: Collection[int]) -> Box:
    """Fresh points, each once at a step, whichever of the instances of some loops needs it."""
    tracks = dict(fresh.tracks)
    for key, axis in axes.items():
        _, middle, last = _split(axis, (), loops)
        track = fresh.tracks.get(key)
        if track is None or not last or not track.spans:
            continue
        inside = range(_FAR, _FAR + len(last))
        moved, steps = rearranged(axis, [*middle, *last], [*(axis.depths[t] for t in middle), *inside])
        distinct = fresh_track(track.at(steps), moved, len(middle))
        back = np.empty_like(steps)
        back[steps] = np.arange(len(steps))
        tracks[key] = distinct.at(back)
    return Box(fresh.fixed, tracks)


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


def slowest(along: Mapping[int, Array], axes: Axes, chain: BoundChain) -> tuple[dict[int, Array], Axes]:
    """Cycles of each step of the loops that take turns: those of the instance that takes longest."""
    depths = {loop.depth for loop in instances_of(chain)}
    if not depths:
        return dict(along), axes
    tables: dict[int, Array] = {}
    found: Axes = {}
    for key, axis in axes.items():
        _, middle, tail = _split(axis, (), depths)
        if not tail:
            found[key] = axis
            if key in along:
                tables[key] = along[key]
            continue
        moved, steps = rearranged(axis, [*middle, *tail], [axis.depths[t] for t in (*middle, *tail)])
        own = len(middle)
        found[key] = _outermost(moved, own)
        if key in along:
            tables[key] = np.maximum.reduceat(product([along[key]])[steps], moved.starts(own))
    return tables, found
