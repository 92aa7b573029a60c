"""Random designs with spatial loops, and every count of them against the simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from looptree.architecture import Architecture, Array, Network
from looptree.errors import InputError, UnsupportedError
from looptree.model import evaluate_design
from looptree.simulate import simulate
from looptree.taxonomy import Branch, Chain, LoopTree, Spatial, Storage, Temporal
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from tests.model.counted_cases import modelled
from tests.model.stepwise_cases import rounding
from tests.random_designs import Generator


def random_design(generator: Generator) -> Design:
    """A random design, some of whose inner loops run at once on an array with a random network."""
    workload = generator.workload()
    architecture = generator.architecture()
    levels = tuple(
        replace(level, network=Network(generator.chance(50), generator.chance(85), generator.chance(50)))
        for level in architecture.levels
    )
    array = Array({"x": 64, "y": 64})
    tree = generator.mapping(workload)
    tree = LoopTree(spread(generator, tree.root))
    return bind(workload, Architecture("random", levels, replace(architecture.compute, array=array)), tree)


def spread(generator: Generator, chain: Chain) -> Chain:
    """The same chain; some loops in the branches of single layers run at once."""
    if isinstance(chain.end, Branch):
        return replace(
            chain, end=replace(chain.end, chains=tuple(spread(generator, child) for child in chain.end.chains))
        )
    inner: list[Storage | Temporal] = []
    for node in chain.inner:
        if isinstance(node, Temporal) and generator.chance(60):
            inner.append(Spatial(node.ranks, node.tile, generator.pick(["x", "y"])))
        else:
            inner.append(node)
    return Chain(tuple(inner), chain.end)


def compared(generator: Generator, draw: Callable[[Generator], Design] = random_design) -> str:
    """What a random design has, after every count of it was found equal; or why there is none."""
    drawn = draw(generator)
    shared = any(chain.spatial for chain in drawn.chains if chain.kind != "compute")
    spatial = any(chain.spatial for chain in drawn.chains)
    try:
        found = modelled(drawn)
    except InputError as problem:
        return "unsupported" if isinstance(problem, UnsupportedError) else "refused"
    counts = simulate(drawn)
    evaluation = evaluate_design(drawn)
    simulated = {key: getattr(counts, key) for key in found if key != "transfers"}
    simulated["transfers"] = {key: moved for key, moved in counts.transfers.items() if any(moved)}
    assert found == simulated
    busy = {
        (level, tensor): traffic.busy_words
        for level, per_tensor in evaluation.transfers.items()
        for tensor, traffic in per_tensor.items()
        if traffic.busy_words is not None
    }
    assert busy == {key: counts.busy_words[key] for key in busy}
    for group, cycles in zip(evaluation.groups, counts.stepwise_cycles, strict=True):
        if group.stepwise is not None:
            assert group.stepwise.cycles == cycles
            assert cycles >= group.latency_cycles - rounding(drawn)
    assert not (evaluation.latency.refused and "gaps" not in evaluation.latency.refused)
    return "cores" if shared else "spatial" if spatial else "plain"
