"""Steps one by one: what the model tabulates per axis is what the simulator finds at each iteration."""

from __future__ import annotations

import math
import random
from itertools import product

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model.axis import Axis
from looptree.model.box import Box
from looptree.model.inference import infer
from looptree.model.steps import ChainSteps, PlaceSteps, steps
from looptree.simulate.budget import Budget
from looptree.simulate.inference import Run
from looptree.simulate.inference import infer as run_of
from looptree.simulate.points import Index
from looptree.simulate.run import required_of
from looptree.simulate.sweeps import fresh, sweep_depth, windows
from looptree.simulate.tables import Tables
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.workload import Interval
from tests.random_designs import Generator

Steps = dict[int, int]
"""Own step of each axis."""


def iterations(found: ChainSteps) -> dict[Index, Steps]:
    """The values of all loops on the path, in their order, and the own steps there."""
    keys = list(found.axes)
    listed = {}
    for own in product(*(range(found.axes[key].size) for key in keys)):
        here = dict(zip(keys, own, strict=True))
        listed[index_of(found.axes, here)] = here
    return dict(sorted(listed.items()))


def index_of(axes: dict[int, Axis] | object, here: Steps) -> Index:
    assert isinstance(axes, dict)
    loops = sorted(
        (depth, int(axes[key].ordinals[t][step]))
        for key, step in here.items()
        for t, depth in enumerate(axes[key].depths)
    )
    return tuple(value for _, value in loops)


def box_at(box: Box, here: Steps) -> tuple[Interval, ...] | None:
    """The intervals at one iteration; `None` if the box is empty."""
    found: dict[int | str, Interval] = {key: Interval(*span) for key, span in box.fixed.items()}
    for key, track in box.tracks.items():
        if track.active is not None and not track.active[here[key]]:
            return None
        if track.count is not None and not track.count[here[key]]:
            return None
        for name, (low, high) in track.spans.items():
            found[name] = Interval(int(low[here[key]]), int(high[here[key]]))
    return tuple(found[dimension] for dimension in range(len(found)))


def words_at(box: Box, here: Steps) -> int:
    sizes = [np.broadcast_to(track.sizes(), (track.length(),))[here[key]] for key, track in box.tracks.items()]
    return box.fixed_size() * math.prod(int(size) for size in sizes)


def live_at(found: ChainSteps, place: PlaceSteps) -> dict[Index, int]:
    """Words that arrived so far in the sweep less those that left before."""
    there: dict[Index, int] = {}
    result = {}
    for index, here in iterations(found).items():
        sweep = index[: place.sweep]
        size = place.needed.fixed_size()
        there[sweep] = there.get(sweep, 0) + size * math.prod(int(t[here[key]]) for key, t in place.arrived.items())
        result[index] = there[sweep]
        there[sweep] -= size * math.prod(int(t[here[key]]) for key, t in place.leaving.items())
    return result


def check_place(run: Run, found: ChainSteps, identity: int, counts: tuple[int, int]) -> None:
    """One storage node at every iteration, by the simulator."""
    place, mine = run.design.places[identity], found.places[identity]
    required = required_of(run, place)
    points = run.tables.points[place.tensor]
    depth = sweep_depth(required, place)
    assert mine.sweep == depth
    arriving = fresh(required, depth, points, run.tables)
    first = fresh(required, 0, points, run.tables)
    held = windows(required, place.depth)
    listed = iterations(found)
    assert set(required) <= set(listed)
    for index, here in listed.items():
        if index not in required:
            assert box_at(mine.needed, here) is None
            continue
        assert box_at(mine.needed, here) == required[index]
        assert box_at(mine.window, here) == held[index[: place.depth]]
        assert words_at(mine.first, here) == first[index].size
        if place.consumed:
            assert words_at(mine.arriving, here) == arriving[index].size
            if not any(track.count is not None for track in mine.arriving.tracks.values()):
                box = box_at(mine.arriving, here)
                assert np.array_equal(np.sort(points.inside(box)), np.sort(arriving[index]))
    assert (max(words_at(mine.window, here) for here in listed.values()), max(live_at(found, mine).values())) == counts


def check(design: Design) -> int:
    run = run_of(design, Tables(design.workload, Budget(400_000)))
    found = steps(design)
    counts = infer(design).places
    checked = 0
    for chain, mine in found.items():
        for identity in mine.places:
            check_place(run, mine, identity, (counts[identity].window, counts[identity].live))
            checked += 1
        for name, (factor, along) in mine.work.items():
            done = run.operations(design.chains[chain], name)
            for index, here in iterations(mine).items():
                expected = done[index].size if index in done else 0
                assert factor * math.prod(int(table[here[key]]) for key, table in along.items()) == expected
    return checked


@pytest.mark.parametrize("seed", range(8))
def test_random_designs(seed: int) -> None:
    below = random.Random(f"steps {seed}").randrange
    checked = 0
    for _ in range(25):
        generator = Generator(below)
        workload = generator.workload()
        try:
            checked += check(bind(workload, generator.architecture(), generator.mapping(workload)))
        except UnsupportedError:
            continue
    assert checked > 50
