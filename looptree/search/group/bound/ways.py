"""The ways of one layer to stream some of its tensors, in any of the designs that are bounded together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from looptree.model.box import Key
from looptree.search.group.group import Group
from looptree.search.group.own.division import Steps
from looptree.search.group.own.listing import Way
from looptree.search.group.own.streaming import FREE, Idle, Streaming
from looptree.search.group.own.wide import ChosenLoops


def ways_of(
    group: Group,
    layer: str,
    rows: tuple[int, ...],
    *,
    sets: Sequence[frozenset[Key]],
    moving: tuple[Steps, ...] | None,
    idle: Idle,
    bounding: bool,
    timed: bool,
) -> list[Way]:
    """The ways of a layer to stream the tensors of these rows, for any of its kinds.

    Args:
        sets: the ranks of each kind that follow the loops of the group. moving: these loops, in a single design.
        idle: which ways that leave parts of an array idle are listed. bounding: whether one way stands for all that are
        found for single designs. timed: whether ways that leave parts of an array idle are apart from others.
    """
    streamer, divider = group.streamer(layer), group.divider(layer)
    names = [group.tensors[row] for row in rows]
    listed = []
    for driven in sets:
        ways, bound = streamer.streamings(names, driven, idle), None
        if moving is None:
            bound = divider.bound(names, driven, idle, timed=timed) if bounding else None
        elif bounding:
            bound = divider.rough(names, moving, timed=timed)
        else:
            ways = [*ways, *divider.ways(names, moving, idle, timed=timed)]
        bounded = timed and not idle.counted
        if bounded:
            ways = [replace(way, cycles=1.0) if way.cycles > 1 else way for way in ways]
        listed.append([*ways, *filter(None, [bound])])
    keyed = [{way.key: way for way in ways} for ways in listed]
    every = {key: way for known in keyed for key, way in known.items()}
    return [
        Way(layer, rows, way, np.array([key in known for known in keyed], dtype=bool)) for key, way in every.items()
    ]


def wide_ways(
    group: Group,
    layer: str,
    rows: tuple[int, ...],
    *,
    sets: Sequence[frozenset[Key]],
    moving: tuple[Steps, ...] | None,
    own: ChosenLoops | None,
    timed: bool,
) -> list[Way]:
    """The ways to stream a tensor below some own loops; if these are not known, as if it were the only one.

    What the own loops do to the work of the layer is counted apart; see `Problems.problem`.

    Args:
        sets, moving, timed: see `ways_of`. own: the loops.
    """
    if own is None:
        bounds = ways_of(group, layer, rows, sets=sets, moving=moving, idle=FREE, bounding=True, timed=timed)
        return [replace(way, streaming=replace(way.streaming, trips=1.0, cycles=1.0)) for way in bounds]
    (name,), every = [group.tensors[row] for row in rows], np.ones(len(sets), dtype=bool)
    return [Way(layer, rows, Streaming(own.loops, {name: share}), every) for share in own.tensors[name]]
