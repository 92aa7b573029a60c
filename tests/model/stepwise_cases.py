"""Random designs whose steps are timed, and their cycles against the simulation."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from looptree.architecture import Architecture, Array, Compute, Level, Ports
from looptree.errors import UnsupportedError
from looptree.model import evaluate_design
from looptree.simulate import simulate
from looptree.taxonomy import Branch, Chain, LoopTree, Storage
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from tests.random_designs import Generator


def limited(generator: Generator, name: str) -> Level:
    """A level with one bandwidth, one for each side, ports, or nothing that limits it."""
    rates = [Fraction(1, 2), Fraction(3), Fraction(8), Fraction(64, 3)]
    way = generator.pick(["none", "both", "both", "each", "ports"])
    if way == "both":
        return Level(name, bandwidth_bytes_per_cycle=generator.pick(rates))
    if way == "each":
        reads, writes = generator.pick(rates), generator.pick(rates)
        return Level(name, read_bandwidth_bytes_per_cycle=reads, write_bandwidth_bytes_per_cycle=writes)
    if way == "ports":
        return Level(name, word_bits=generator.pick([8, 24]), ports=Ports(generator.pick([0, 2]), 1, 1))
    return Level(name)


def random_design(generator: Generator) -> Design:
    workload = generator.workload()
    architecture = generator.architecture()
    levels = tuple(limited(generator, level.name) for level in architecture.levels)
    array = Array({"x": 3, "y": 2}, systolic=True) if generator.chance(30) else None
    compute = Compute(spatial=architecture.compute.spatial, array=array)
    tree = LoopTree(reloading(generator, generator.mapping(workload).root))
    return bind(workload, Architecture("random", levels, compute), tree)


def reloading(generator: Generator, chain: Chain) -> Chain:
    """The same chain; some of its storage nodes load anew at every visit of their branch."""
    inner = tuple(
        replace(node, overlap="reload") if isinstance(node, Storage) and generator.chance(20) else node
        for node in chain.inner
    )
    end = chain.end
    if isinstance(end, Branch):
        end = replace(end, chains=tuple(reloading(generator, child) for child in end.chains))
    return Chain(inner, end)


def compared(design: Design) -> str:
    """Whether the model times the design; its cycles, of every group, are those of the simulation."""
    try:
        evaluation = evaluate_design(design)
    except UnsupportedError:
        return "unsupported"
    counts = simulate(design)
    words = {
        (level, tensor): (traffic.reads_words, traffic.writes_words)
        for level, per_tensor in evaluation.transfers.items()
        for tensor, traffic in per_tensor.items()
    }
    assert words == {key: moved for key, moved in counts.transfers.items() if key in words}
    assert evaluation.latency.compute == counts.total_compute_cycles
    for group, cycles in zip(evaluation.groups, counts.stepwise_cycles, strict=True):
        if group.stepwise is not None:
            assert group.stepwise.cycles == cycles
            assert cycles >= group.latency_cycles - rounding(design)
    return "refused" if evaluation.latency.refused else "timed"


def rounding(design: Design) -> Fraction:
    """The overlapped latency counts whole bytes of every tensor."""
    slowest = min((limit.rate for level in design.architecture.levels for limit in level.limits), default=Fraction(1))
    return 2 * len(design.workload.tensors) / slowest
