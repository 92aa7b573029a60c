"""Windows that move to and fro, painted and taken apart, against sets of points."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from looptree.model import painting
from looptree.model.axis import Array, Axis
from looptree.model.box import Key, Track
from looptree.model.independent import parts_of
from looptree.model.painting import _Fresh, painted
from looptree.model.sweep import fresh_track

Point = tuple[int, ...]
Spans = dict[Key, tuple[Array, Array]]


def drawn_axis(draw: random.Random, loops: int) -> Axis:
    """A few choices, each with its own trips of every loop."""
    axis, _ = Axis.root().extended(np.array([draw.randint(1, 3)]), 1)
    choices = axis.size
    for depth in range(2, loops + 2):
        trips = np.array([draw.randint(1, 4) for _ in range(choices)])
        axis, _ = axis.extended(trips[axis.groups[0]], depth)
    return axis


def drawn_ends(draw: random.Random, axis: Axis, loops: tuple[int, ...]) -> tuple[Array, Array]:
    """An interval that follows some of the loops, and the choice."""
    known: dict[Point, tuple[int, int]] = {}
    listed = []
    for step in range(axis.size):
        key = (int(axis.groups[0][step]), *(int(axis.ordinals[t][step]) for t in loops))
        if key not in known:
            begin = draw.randint(0, 5)
            known[key] = (begin, begin + draw.randint(1, 3))
        listed.append(known[key])
    low, high = zip(*listed, strict=True)
    return np.array(low), np.array(high)


def truth(track: Track, axis: Axis, own: int, *, backwards: bool = False) -> list[set[Point]]:
    """What each step asks for and no earlier (or later) one of its sweep."""
    active, seen, found = track.mask(axis.size), dict[int, set[Point]](), []
    for step in range(axis.size - 1, -1, -1) if backwards else range(axis.size):
        ends = [range(int(low[step]), int(high[step])) for low, high in track.spans.values()]
        asked = set(itertools.product(*ends)) if active[step] else set()
        before = seen.setdefault(int(axis.group(own)[step]) if own else 0, set())
        found.append(asked - before)
        before |= asked
    return found[::-1] if backwards else found


def agrees(found: Track, axis: Axis, expected: list[set[Point]]) -> None:
    sizes = np.broadcast_to(found.sizes(), (axis.size,)).tolist()
    assert sizes == [len(points) for points in expected]
    for step, points in enumerate(expected):
        if points:
            spans = [(int(low[step]), int(high[step])) for low, high in found.spans.values()]
            assert spans == [(min(c), max(c) + 1) for c in zip(*points, strict=True)]


@pytest.mark.parametrize(("small", "sparse"), [(0, 8), (4, 8), (painting.SMALL, 8), (painting.SMALL, 0)])
@pytest.mark.parametrize("seed", range(4))
def test_painted_windows_are_what_no_other_step_of_the_sweep_asks_for(
    seed: int, small: int, sparse: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Painted one by one, listed cell by cell, or either; cells that are listed are sorted, or not."""
    monkeypatch.setattr(painting, "SMALL", small)
    monkeypatch.setattr(painting, "SPARSE", sparse)
    draw = random.Random(seed)
    for _ in range(40):
        axis = drawn_axis(draw, 2)
        everything = tuple(range(1, 3))
        spans: Spans = {name: drawn_ends(draw, axis, everything) for name in range(draw.randint(1, 2))}
        active = np.array([draw.random() < 0.7 for _ in range(axis.size)])
        track = Track(spans, active)
        for own, backwards in itertools.product(range(3), (False, True)):
            agrees(painted(track, axis, own, backwards=backwards), axis, truth(track, axis, own, backwards=backwards))


@pytest.mark.parametrize("seed", range(3))
def test_sweeps_that_repeat_somewhere_else_are_painted_once(seed: int) -> None:
    """Two forms of sweep of a few lengths, each anywhere, some of their steps without windows."""
    draw, repeated = random.Random(seed), 0
    for _ in range(30):
        axis, _ = Axis.root().extended(np.array([2]), 1)
        axis, _ = axis.extended(np.array([draw.randint(2, 4), draw.randint(2, 4)]), 2)
        axis, _ = axis.extended(np.array([draw.randint(3, 4) for _ in range(axis.size)]), 3)
        begins = [[[draw.randint(0, 4) for _ in range(4)] for _ in range(2)] for _ in range(2)]
        ends = []
        for number in range(2):
            at = np.array([draw.randint(0, 3) for _ in range(len(axis.starts(2)))])
            form = np.array([step % 2 for step in range(len(axis.starts(2)))])[axis.groups[1]]
            low = np.array(begins[number])[form, axis.ordinals[2]] + at[axis.groups[1]]
            ends.append((low, low + 2))
        active = None if draw.random() < 0.5 else axis.ordinals[2] != draw.randint(0, 3)
        track = Track(dict(enumerate(ends)), active)
        steps = np.flatnonzero(track.mask(axis.size))
        bounds = np.searchsorted(steps, np.append(axis.starts(2), axis.size))
        repeated += int(_Fresh(track, axis.size).repeats(steps, bounds).sum())
        for own, backwards in itertools.product((1, 2), (False, True)):
            agrees(painted(track, axis, own, backwards=backwards), axis, truth(track, axis, own, backwards=backwards))
    assert repeated > 30


@pytest.mark.parametrize("seed", range(4))
def test_loops_that_do_not_interact_make_a_product(seed: int) -> None:
    """One coordinate follows one loop, or two, the other one the rest; so does where the track is active."""
    draw, apart = random.Random(seed), 0
    for _ in range(40):
        axis = drawn_axis(draw, 3)
        one, other = draw.choice([((1,), (2, 3)), ((2,), (1, 3)), ((1, 2), (3,))])
        resting = [drawn_ends(draw, axis, loops)[0] > 0 for loops in (one, other)]
        track = Track({0: drawn_ends(draw, axis, one), 1: drawn_ends(draw, axis, other)}, np.logical_and(*resting))
        for own in range(1, 4):
            apart += parts_of(track, axis) is not None
            agrees(fresh_track(Track(track.spans, track.active), axis, own), axis, truth(track, axis, own))
    assert apart > 60


def test_a_track_that_rests_at_single_steps_is_no_product() -> None:
    axis, _ = Axis.root().extended(np.array([1]), 1)
    for depth in (2, 3):
        axis, _ = axis.extended(np.full(axis.size, 2), depth)
    ends: Spans = {
        0: (np.array([0, 0, 1, 1]), np.array([1, 1, 2, 2])),
        1: (np.array([0, 1, 0, 1]), np.array([1, 2, 1, 2])),
    }
    assert parts_of(Track(ends), axis) is not None
    assert parts_of(Track(ends, np.array([True, True, True, False])), axis) is None
    assert parts_of(Track({0: ends[0]}, np.array([True, False, True, False])), axis) is not None


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("own", [0, 1])
def test_nothing_is_painted_where_nothing_is_asked_for(steps: int, own: int) -> None:
    axis, _ = Axis.root().extended(np.array([steps]), 1)
    track = Track({0: (np.arange(axis.size), np.arange(axis.size) + 1)}, np.zeros(axis.size, dtype=bool))
    assert np.broadcast_to(painted(track, axis, own, backwards=False).sizes(), (axis.size,)).sum() == 0
