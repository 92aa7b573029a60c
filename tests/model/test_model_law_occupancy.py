"""Laws of occupancy: live words against windows, and what fits."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from looptree.model import evaluate
from looptree.model.inference import infer
from looptree.simulate.budget import Budget
from looptree.simulate.inference import infer as simulated
from looptree.simulate.sweeps import windows
from looptree.simulate.tables import Tables
from looptree.taxonomy.design import Design, Place
from tests.model.law_cases import random_designs


def comes_back(design: Design, place: Place) -> bool:
    """Whether a window asks for points that an earlier one had and one in between had not, step by step."""
    steps = simulated(design, Tables(design.workload, Budget(5_000_000)))
    chain = design.chains[place.chain]
    required = steps.needs(chain, place.tensor, steps.consumers(chain, place.tensor))
    seen: set[tuple[int, ...]] = set()
    left: set[tuple[int, ...]] = set()
    for box in windows(required, place.depth).values():
        if box is not None:
            points = set(product(*(range(*interval) for interval in box)))
            if points & left:
                return True
            seen |= points
            left = seen - points
    return False


@pytest.mark.parametrize("first", [0, 500])
def test_live_is_at_most_the_window(first: int) -> None:
    """An ideal allocator needs no more than fixed tiles do, except where windows come back to what they left.

    One tap of a transposed convolution, or one column of a matrix whose result is flattened, may be the window
    while all of them stay, because each is asked for again before its sweep is over.
    """
    exceptions = 0
    for seed, design, _ in random_designs(first, first + 500):
        places = infer(design).places
        for place in design.places:
            counts = places[place.id]
            assert counts.window <= design.workload.tensors[place.tensor].size, (seed, place)
            if counts.live > counts.window:
                assert comes_back(design, place), (seed, place)
                exceptions += 1
    assert exceptions < 10


@pytest.mark.parametrize("allocation", ["window", "live"])
def test_what_fits_is_judged_as_the_architecture_allocates(allocation: str) -> None:
    """A capacity of exactly the demand fits, one byte less does not."""
    for seed, design, found in random_designs(850, 1000):
        demand = found.occupancy["GLB"]
        counted = demand.live_bytes if allocation == "live" else demand.window_bytes
        for capacity, fits in ((counted, True), (counted - 1, False)):
            if capacity > 0:
                on = replace(design.architecture.with_capacity("GLB", capacity), allocation=allocation)
                after = evaluate(design.workload, on, design.tree, stepwise=False)
                assert after.occupancy["GLB"].fits is fits, seed
                assert after.transfers == found.transfers, seed
