"""Cores that share fused tiles: worked out by hand, and every count against the simulation on random designs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.architecture import Architecture, Array, Cores, Network
from looptree.errors import InputError
from looptree.taxonomy import Branch, Chain, LoopTree, Spatial, Storage, Temporal
from looptree.taxonomy.binding import Design, bind
from tests.model.test_model_spatial import compared
from tests.model.test_model_stepwise import limited, reloading
from tests.random_designs import Generator

CHUNK = 60
TRIES = 40


class Spreading:
    """Turns loops into spatial ones, those above branches over cores; storage nodes at levels that do not fit go."""

    def __init__(self, generator: Generator, own: tuple[str, ...]) -> None:
        self.generator = generator
        self.own = own

    def chain(self, chain: Chain, *, spread: bool = False) -> Chain:
        leaf = not isinstance(chain.end, Branch)
        inner: list[Storage | Temporal] = []
        for node in chain.inner:
            if isinstance(node, Storage):
                if spread == (node.level in self.own):
                    inner.append(node)
            elif self.generator.chance(40):
                axis = self.generator.pick(["x", "y", "core"] if leaf and spread else ["core", "core", "row"])
                spread = spread or axis in ("core", "row")
                inner.append(Spatial(node.ranks, node.tile, axis))
            else:
                inner.append(node)
        end = chain.end
        if isinstance(end, Branch):
            end = replace(end, chains=tuple(self.chain(child, spread=spread) for child in end.chains))
        return Chain(tuple(inner), end)


def random_design(generator: Generator) -> Design:
    """A random design with cores, the first of many drawn whose tensors all still have a place."""
    workload = generator.workload()
    architecture = generator.architecture()
    levels = tuple(
        replace(
            limited(generator, level.name),
            network=Network(generator.chance(50), generator.chance(85), generator.chance(50)),
        )
        for level in architecture.levels
    )
    cores = Cores({"core": 64, "row": 64}, generator.pick(["DRAM", "DRAM", "GLB"]))
    compute = replace(architecture.compute, array=Array({"x": 64, "y": 64}, systolic=generator.chance(20)))
    machine = Architecture("cores", levels, compute, cores=cores)
    own = tuple(level.name for level in levels if machine.in_core(level.name))
    for _ in range(TRIES):
        tree = Spreading(generator, own).chain(reloading(generator, generator.mapping(workload).root))
        try:
            found = bind(workload, machine, LoopTree(tree))
        except InputError:
            continue
        if any(chain.spatial for chain in found.chains if chain.kind != "compute"):
            return found
    return bind(workload, machine, generator.mapping(workload))


@pytest.mark.parametrize("chunk", range(2))
def test_random_designs_equal_the_simulation(chunk: int) -> None:
    seeds = range(chunk * CHUNK, chunk * CHUNK + CHUNK)
    outcomes = Counter(compared(Generator(random.Random(seed).randrange), random_design) for seed in seeds)
    assert outcomes["cores"] > 0.25 * CHUNK


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(2, 12))
def test_many_random_designs_equal_the_simulation(chunk: int) -> None:
    test_random_designs_equal_the_simulation(chunk)


@given(st.data())
def test_designs_that_hypothesis_draws(data: st.DataObject) -> None:
    compared(Generator(lambda n: data.draw(st.integers(0, n - 1))), random_design)
