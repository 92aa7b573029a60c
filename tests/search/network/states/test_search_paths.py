"""Shortest paths through states, against all paths of small graphs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from looptree.search.network.states.paths import Paths

LAYERS = 4


def steps_of(draw: np.random.Generator) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """Some sets of layers in order of how many, and some steps from one to one that holds it, sorted by target."""
    every = sorted(range(1 << LAYERS), key=lambda ideal: (ideal.bit_count(), ideal))
    ideals = tuple(ideal for ideal in every if ideal in (0, every[-1]) or draw.random() < 0.7)
    pairs = itertools.combinations(range(len(ideals)), 2)
    listed = [(a, b) for a, b in pairs if ideals[a] & ~ideals[b] == 0 and draw.random() < 0.6]
    return ideals, sorted(listed, key=lambda pair: pair[1])


def all_paths(steps: list[tuple[int, int]], last: int) -> list[list[int]]:
    """Every path from the first state to the last, as numbers of steps."""
    found: list[list[int]] = []
    open_: list[tuple[list[int], int]] = [([], 0)]
    while open_:
        path, state = open_.pop()
        found += [path] if state == last else []
        open_ += [([*path, i], b) for i, (a, b) in enumerate(steps) if a == state]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_shortest_path_with_each_step_is_the_least_of_all_paths_with_it(seed: int) -> None:
    draw = np.random.default_rng(seed)
    ideals, steps = steps_of(draw)
    source, target = np.array(steps).T
    paths = Paths(source, target, np.arange(len(steps)), ideals, 0)
    cost = draw.integers(1, 20, len(steps)).astype(float)
    cost[draw.random(len(steps)) < 0.1] = math.inf
    every = all_paths(steps, len(ideals) - 1)
    least = [min((cost[path].sum() for path in every if i in path), default=math.inf) for i in range(len(steps))]
    assert paths.through(cost).tolist() == least
    assert paths.shortest(cost)[0] == min((cost[path].sum() for path in every), default=math.inf)
