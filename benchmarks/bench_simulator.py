"""The closed form against the simulator that runs every step: same counts, how much faster.

Run: python benchmarks/bench_simulator.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import timeit
from collections.abc import Callable
from functools import partial

from looptree.architecture import Architecture, Level
from looptree.model import evaluate_design
from looptree.simulate import simulate
from looptree.taxonomy import GroupChoice, RankRef, Temporal, plan_tree
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.workload import Einsum, Workload
from looptree.workload.expression import parse_expression

ARCHITECTURE = Architecture("two levels", (Level("DRAM"), Level("GLB")))


def layer(name: str, expression: str, **ranks: int) -> Einsum:
    """An Einsum from its expression."""
    output, inputs, operation = parse_expression(expression)
    return Einsum(name, ranks, inputs, output, operation)


def fused(layers: list[Einsum], **tiles: int) -> Design:
    """All layers in one group, features below the first loop."""
    workload = Workload("fused", layers)
    retention = {t: int(not t.startswith("W")) for t in workload.tensors}
    loops = tuple(Temporal((RankRef(rank),), tile) for rank, tile in tiles.items())
    choice = GroupChoice(tuple(e.name for e in layers), loops, retention, level="GLB")
    return bind(workload, ARCHITECTURE, plan_tree(workload, ARCHITECTURE, [choice]))


def matmuls(size: int, tile: int) -> Design:
    """Two fused matrix multiplications."""
    extents = {"m": size, "n": size, "k": size}
    names = ("fc1", "fc2")
    layers = [layer(name, f"T{i + 1}[m,n] = T{i}[m,k] * W{i}[k,n]", **extents) for i, name in enumerate(names)]
    return fused(layers, m=tile)


def convolutions(size: int, tile: int) -> Design:
    """Two fused 3x3 convolutions of 4 channels."""
    kernel = {"m": 4, "c": 4, "r": 3, "s": 3}
    layers = [
        layer("conv1", "F2[m,p,q] = F1[c,p+r,q+s] * W1[m,c,r,s]", p=size + 2, q=size + 2, **kernel),
        layer("conv2", "F3[m,p,q] = F2[c,p+r,q+s] * W2[m,c,r,s]", p=size, q=size, **kernel),
    ]
    return fused(layers, p=tile, q=tile)


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Median time of one call in milliseconds, after one to warm up."""
    timer = timeit.Timer(work)
    number = max(1, round(0.02 / max(timer.timeit(1), 1e-6)))
    return 1000 * statistics.median(timer.repeat(repeats, number)) / number


def agree(design: Design) -> bool:
    """Whether both count the same operations and the same words at every level."""
    found, counted = evaluate_design(design), simulate(design)
    moved = {
        (level, t): (m.reads_words, m.writes_words) for level, per in found.transfers.items() for t, m in per.items()
    }
    nonzero = {key: words for key, words in counted.transfers.items() if words != (0, 0)}
    operations = {name: (c.total, c.recomputed) for name, c in found.operations.items()}
    return operations == dict(counted.operations) and {k: v for k, v in moved.items() if v != (0, 0)} == nonzero


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"python benchmarks/bench_simulator.py {repeats}\n")
    print(f"{'two fused layers':<40} {'operations':>10} {'closed ms':>10} {'steps ms':>10} {'ratio':>7}")
    cases = [(f"matmuls of {n}^3, tiles of 4", matmuls(n, 4)) for n in (8, 16, 32, 64)]
    cases += [(f"3x3 convolutions of {n} x {n}, tiles of 2", convolutions(n, 2)) for n in (4, 8, 16, 32)]
    for name, design in cases:
        if not agree(design):
            raise SystemExit(f"{name}: the closed form and the simulator do not agree")
        closed = median_ms(partial(evaluate_design, design), repeats)
        steps = median_ms(partial(simulate, design), repeats)
        operations = design.workload.operations
        print(f"{name:<40} {operations:>10,} {closed:>10.2f} {steps:>10.1f} {steps / closed:>7.0f}")


if __name__ == "__main__":
    main()
