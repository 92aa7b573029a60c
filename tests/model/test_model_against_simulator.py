"""The closed form equals the simulator, integer for integer, on random designs.

Plain seeds cover thousands of designs; hypothesis draws from the same generator and shrinks what
fails. Workloads have one to four layers (windows with stride, dilation and padding, channel mixing, matrix
multiplications, skip connections, slices, upsampling, tensors read twice), mappings every kind of
node at every place, imperfect tiles throughout. Groups with tensors that stay on chip between them are drawn
apart, with up to six layers.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.model.occupancy import lifetime
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from tests.model.counted_cases import compare
from tests.random_designs import Generator
from tests.some import some

CHUNK = 100


def design_of(generator: Generator) -> Design:
    """A random workload, architecture and mapping, bound."""
    workload = generator.workload()
    return bind(workload, generator.architecture(), generator.mapping(workload))


@pytest.mark.parametrize("chunk", range(5))
def test_random_designs(chunk: int) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        design = design_of(Generator(random.Random(seed).randrange))
        outcomes[compare(design)] += 1
    # what the closed form declines (mostly pipelines whose several sinks idle in turn) stays rare
    assert outcomes["equal"] >= 0.88 * CHUNK


def groups_of(generator: Generator) -> Design:
    """Two to four groups of up to six layers, with tensors that stay on chip between them."""
    workload = generator.workload()
    return bind(workload, generator.architecture(), generator.grouped(workload))


LAYERS_OF_GROUPS = (2, 3, 3, 4, 4, 5, 6)


@pytest.mark.parametrize("chunk", range(2))
def test_random_groups(chunk: int) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        design = groups_of(Generator(random.Random(seed).randrange, LAYERS_OF_GROUPS))
        outcomes[compare(design)] += 1
        branches = len(design.root.children)
        outcomes["stays for a while"] += any(
            place.while_used and len(lifetime(design, place)) < branches for place in design.places
        )
    assert outcomes["equal"] >= 0.9 * CHUNK
    assert outcomes["stays for a while"] >= 0.8 * CHUNK


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some([*range(2, 4), *range(100, 130)], 8))
def test_more_random_groups(chunk: int) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        compare(groups_of(Generator(random.Random(seed).randrange, LAYERS_OF_GROUPS)))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some([*range(5, 10), *range(100, 130)], 8))
def test_more_random_designs(chunk: int) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        compare(design_of(Generator(random.Random(seed).randrange)))


@given(st.data())
def test_drawn_designs(data: st.DataObject) -> None:
    def below(stop: int) -> int:
        return data.draw(st.integers(0, stop - 1)) if stop > 1 else 0

    compare(design_of(Generator(below)))
