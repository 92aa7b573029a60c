"""What happens step by step: at each iteration of a chain, what every storage node holds and what arrives there.

Nothing is counted here that `looptree.model.inference` does not count, too; this keeps the tables that it adds up. All
of them are per axis of the chain, so an iteration is looked up as a product (see `looptree.model.box`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array, Axis, gathered
from looptree.model.box import Box, Track
from looptree.model.inference import infer
from looptree.model.inferred import Axes, Inferred, PlaceCounts
from looptree.model.sweep import fresh_box, retired_sizes
from looptree.model.window import windows
from looptree.taxonomy.design import BoundChain, Design, Place


@dataclass(frozen=True, eq=False, slots=True)
class PlaceSteps:
    """One storage node, iteration by iteration of its chain.

    Attributes:
        sweep: loops that stand still during a sweep; in a sweep only what the window leaves behind is forgotten.
        life: loops that stand still while nothing arrives twice: those of a sweep, of an output those around its sums.
        needed: what is required. window: what there is room for.
        arriving: what is required and was not before in that life.
        first: the part of it that was never there before in the run.
        arrived, leaving: per axis, words that are required for the first and for the last time in the sweep.
        counts: over all iterations.
    """

    counts: PlaceCounts
    sweep: int
    life: int
    needed: Box
    window: Box
    arriving: Box
    first: Box
    arrived: Mapping[int, Array]
    leaving: Mapping[int, Array]


@dataclass(frozen=True, eq=False, slots=True)
class ChainSteps:
    """The iterations of a chain: all combinations of the own steps of its axes, in the order of its loops.

    Attributes:
        axes: of all loops on the path to its end. places: by id, its storage nodes of which something is required.
        work: per layer below, operations at each iteration: a factor, and per axis the factor at each own step.
    """

    axes: Mapping[int, Axis]
    places: Mapping[int, PlaceSteps]
    work: Mapping[str, tuple[int, Mapping[int, Array]]]


def steps(design: Design) -> dict[int, ChainSteps]:
    """By id of the chain; chains of which nothing is ever required, and those with spatial loops, are left out.

    Raises:
        UnsupportedError: as `infer`, and where the tables that say it exactly at every iteration are too long.
    """
    inferred = infer(design, exact=True)
    return {
        chain.id: ChainSteps(
            inferred.axes[chain.id],
            {
                place: place_steps(design, inferred, design.places[place])
                for place in chain.places
                if place in inferred.asked
            },
            _work(design, inferred, chain),
        )
        for chain in design.chains
        if chain.id in inferred.axes and not chain.spatial
    }


def place_steps(design: Design, inferred: Inferred, place: Place) -> PlaceSteps:
    """One storage node of which something is required."""
    axes, asked = inferred.axes[place.chain], inferred.asked[place.id]
    box, sweep = asked.need, asked.sweep
    life = sweep
    producer = design.workload.producer(place.tensor)
    if producer is not None and not place.consumed:
        life = max(sweep, inferred.einsums[producer.name].lifetime)
    return PlaceSteps(
        inferred.places[place.id],
        sweep,
        life,
        box,
        _spread(windows(box, axes, place.depth), axes, place.depth),
        fresh_box(box, axes, life),
        fresh_box(box, axes, 0),
        {key: _sizes(fresh_box(box, axes, sweep).tracks.get(key), axis) for key, axis in axes.items()},
        {key: _leaving(box.tracks.get(key), axis, axis.own(sweep)) for key, axis in axes.items()},
    )


def _spread(window: Box, axes: Axes, depth: int) -> Box:
    """Windows, which stand for several own steps each, at every own step."""
    tracks: dict[int, Track] = {}
    for key, track in window.tracks.items():
        axis = axes[key]
        own = axis.own(depth)
        tracks[key] = track.at(np.cumsum(axis.first(own)) - 1) if axis.size and own < len(axis.depths) else track
    return Box(window.fixed, tracks)


def _sizes(track: Track | None, axis: Axis) -> Array:
    return np.broadcast_to(np.int64(1) if track is None else track.sizes(), (axis.size,))


def _leaving(track: Track | None, axis: Axis, own: int) -> Array:
    """Words per own step that no later one of the sweep asks for; an axis that does not matter leaves at its end."""
    if own == len(axis.depths):
        return _sizes(track, axis)
    if track is not None:
        return retired_sizes(track, axis, own)
    last = np.zeros(axis.size, dtype=np.int64)
    last[np.append(axis.starts(own)[1:], axis.size) - 1] = 1
    return last


def _work(design: Design, inferred: Inferred, chain: BoundChain) -> dict[str, tuple[int, dict[int, Array]]]:
    found = {}
    axes = inferred.axes[chain.id]
    for name in chain.einsums:
        leaf = inferred.einsums[name].leaf
        if leaf is None:
            continue
        operations, inner = leaf
        factor, along = operations.factors(inner)
        tables = {
            key: gathered(along.get(key, np.ones(axis.size, dtype=np.int64)), axis, axes.get(key))
            for key, axis in inner.items()
        }
        for key in [key for key in tables if key not in axes]:
            factor *= int(tables.pop(key)[0])
        found[name] = (factor, tables)
    return found
