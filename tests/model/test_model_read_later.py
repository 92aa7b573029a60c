"""Outputs that later layers read: what would be written beyond them is not computed."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from looptree import evaluate, load_architecture
from looptree.search.asked.segment import segment
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.workload import Workload
from tests.model.counted_cases import compare
from tests.random_designs import Generator
from tests.search.search_cases import einsum
from tests.some import some


def later(seed: int) -> tuple[Generator, Workload | None]:
    """The first layers of a random network whose tensors are cut; none where nothing is written beyond an output."""
    draw = random.Random(seed)
    generator = Generator(draw.randrange, layers=(2, 3, 3))
    drawn = generator.workload()
    shapes = {t: tensor.shape for t, tensor in drawn.tensors.items()}
    for tensor in drawn.intermediates:
        shapes[tensor] = tuple(max(1, n - draw.choice([0, 1, 2])) for n in shapes[tensor])
    workload = Workload("cut", drawn.einsums, shapes=shapes)
    part = segment(workload, [e.name for e in workload.einsums[:-1]])
    return generator, part if set(part.read_later) & part.ragged - set(part.intermediates) else None


@pytest.mark.parametrize("first", some(range(0, 400, 100), 1))
def test_the_simulation_counts_the_same(first: int) -> None:
    found = Counter[str]()
    for seed in range(first, first + 100):
        generator, part = later(seed)
        if part is not None:
            found[compare(bind(part, generator.architecture(), generator.mapping(part)))] += 1
    assert found["equal"] > 15


def test_a_transposed_convolution_leaves_out_its_edges() -> None:
    """Four rows of four taps, two apart: of 16 operations the first one and the last one write outside of `Y`."""
    up = einsum("up", "Y[2*p+r-1] = X[p] * W[r]", {"p": 4, "r": 4})
    copy = einsum("copy", "Z[y] = Y[y]", {"y": 8})
    network, machine = Workload("both", [up, copy], shapes={"Y": (8,)}), load_architecture("small")
    part = segment(network, ["up"])
    alone, last = (
        evaluate(
            known, machine, plan_tree(known, machine, [GroupChoice((e.name,), level="GLB") for e in known.einsums])
        )
        for known in (part, Workload("up", [up], shapes={"Y": (8,)}))
    )
    both = plan_tree(network, machine, [GroupChoice((name,), level="GLB") for name in ("up", "copy")])
    done = [found.operations["up"].total for found in (alone, evaluate(network, machine, both), last)]
    assert done == [14, 14, 16]
