"""Words of the windows of a sweep together, against sets of points."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from looptree.model.axis import Array, Axis
from looptree.model.box import Key, Track
from looptree.model.painting import MAX_CELLS
from looptree.search.group.loops import unions
from looptree.search.group.loops.unions import swept_words


def drawn_axis(draw: random.Random) -> Axis:
    """A few choices, each with its own trips of three loops."""
    axis, _ = Axis.root().extended(np.array([draw.randint(1, 4)]), 1)
    choices = axis.size
    for depth in (2, 3, 4):
        trips = np.array([draw.randint(1, 4) for _ in range(choices)])
        axis, _ = axis.extended(trips[axis.groups[0]], depth)
    return axis


def drawn_track(draw: random.Random, axis: Axis) -> Track:
    """Tiles of a tensor that two readers need in turns, as a slice of it and with a halo; some choices are odd."""
    loops = draw.sample((1, 2, 3), 3)
    begins = [axis.ordinals[t] * draw.randint(1, 3) for t in loops[: draw.randint(1, 3)]]
    spans: dict[Key, tuple[Array, Array]] = {key: (low, low + draw.randint(1, 3)) for key, low in enumerate(begins)}
    if draw.random() < 0.7:  # at the last step of a loop all along one coordinate, and more along the others
        loop, whole = draw.randint(1, 3), draw.choice(list(spans))
        last = axis.ordinals[loop] == axis.ordinals[loop].max()
        shift, halo = draw.randint(0, 1), draw.randint(0, 2)
        for key, (low, high) in spans.items():
            least, most = (0 * low, 0 * high + high.max()) if key == whole else (low + shift, high + halo)
            spans[key] = np.where(last, least, low), np.where(last, most, high)
    odd = np.array([draw.random() < 0.2 for _ in axis.starts(1)])[axis.groups[0]]
    for key, (low, high) in spans.items():
        moved = odd * np.array([draw.randint(0, 4) for _ in range(axis.size)])
        spans[key] = low + moved, np.maximum(high, low + 1) + moved
    if draw.random() < 0.5:
        return Track(spans)
    rests = np.array([draw.random() < 0.3 for _ in range(axis.size)])
    return Track(spans, ~(odd & rests))


def counted(track: Track, axis: Axis, own: int) -> list[int]:
    """Points of each choice, those of each sweep once."""
    active, points = track.mask(axis.size), set()
    for step in np.flatnonzero(active).tolist():
        ends = [range(int(low[step]), int(high[step])) for low, high in track.spans.values()]
        points |= {(int(axis.group(own)[step]), *point) for point in itertools.product(*ends)}
    first = axis.starts(own)
    choice = dict(zip(axis.group(own)[first].tolist(), axis.groups[0][first].tolist(), strict=True))
    found = [0] * len(axis.starts(1))
    for sweep, *_ in points:
        found[choice[sweep]] += 1
    return found


@pytest.mark.parametrize("most_cells", [MAX_CELLS, 0])
@pytest.mark.parametrize("seed", range(4))
def test_each_point_of_a_sweep_counts_once(seed: int, most_cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether windows are taken together, or all of them are left to the model."""
    draw, left, steps, calls = random.Random(seed), 0, [0, 0], 0
    fresh, runs = unions._fresh_words, unions._in_runs

    def to_model(track: Track, axis: Axis, outer: int) -> list[Array]:
        nonlocal left
        left += len(axis.starts(1))
        return fresh(track, axis, outer)

    def in_runs(track: Track, axis: Axis) -> tuple[Track, Axis]:
        found = runs(track, axis)
        for at, known in enumerate((axis, found[1])):
            steps[at] += known.size
        return found

    monkeypatch.setattr(unions, "MAX_CELLS", most_cells)
    monkeypatch.setattr(unions, "_fresh_words", to_model)
    monkeypatch.setattr(unions, "_in_runs", in_runs)
    for _ in range(60):
        axis = drawn_axis(draw)
        track = drawn_track(draw, axis)
        for outer in (0, 1):
            found = swept_words(track, axis, outer)
            assert [words.tolist() for words in found] == [counted(track, axis, own) for own in range(outer + 1, 5)]
            calls += len(axis.starts(1))
    if most_cells:
        assert calls / 10 < left < 3 * calls / 4
        assert steps[1] < steps[0] * 0.9
    else:
        assert left == calls
        assert steps == [0, 0]


def test_one_window_that_holds_all_others_is_all_that_counts() -> None:
    """Slices of four words each, then all of them with a halo: 8 x 3 words, and not 2 x 4 x 2 more."""
    axis, _ = Axis.root().extended(np.array([1]), 1)
    axis, _ = axis.extended(np.array([3]), 2)
    track = Track({0: (np.array([0, 4, 0]), np.array([4, 8, 8])), 1: (np.array([1, 1, 0]), np.array([3, 3, 3]))})
    assert [words.tolist() for words in swept_words(track, axis, 0)] == [[24.0], [40.0]]


def test_windows_apart_are_no_box() -> None:
    """Two words, a gap of one, two words."""
    axis, _ = Axis.root().extended(np.array([1]), 1)
    axis, _ = axis.extended(np.array([2]), 2)
    track = Track({0: (np.array([0, 3]), np.array([2, 5]))})
    assert [words.tolist() for words in swept_words(track, axis, 0)] == [[4.0], [4.0]]
