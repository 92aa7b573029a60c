"""How long one evaluation takes, and that it does not grow with the number of iterations.

Run: python benchmarks/bench_evaluate.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import timeit
from collections.abc import Callable
from functools import partial

from looptree import resources
from looptree.architecture import read_architecture
from looptree.model import evaluate
from looptree.taxonomy import GroupChoice, LoopTree, RankRef, Temporal, plan_tree
from looptree.taxonomy.group import group_tensors
from looptree.workload import Einsum, Workload
from looptree.workload.expression import parse_expression
from looptree.workload.load import load_workload

ARCHITECTURE = read_architecture(resources.find("architectures", "reference_cost"))


def layer(name: str, expression: str, ranks: dict[str, int]) -> Einsum:
    """An Einsum from its expression."""
    output, inputs, operation = parse_expression(expression)
    return Einsum(name, ranks, inputs, output, operation)


def matmuls(count: int) -> Workload:
    """A chain of 128 x 128 x 128 matrix multiplications."""
    ranks = {"m": 128, "n": 128, "k": 128}
    return Workload(
        "matmuls", [layer(f"fc{i}", f"T{i}[m,n] = T{i - 1}[m,k] * W{i}[k,n]", ranks) for i in range(1, count + 1)]
    )


def two_convolutions(size: int) -> Workload:
    """Two 3x3 convolutions of 16 channels whose result is `size` x `size`."""
    expression = "F{0}[m,p,q] = F{1}[c,p+r,q+s] * W{0}[m,c,r,s]"
    kernel = {"m": 16, "c": 16, "r": 3, "s": 3}
    return Workload(
        "two_convolutions",
        [
            layer("conv1", expression.format(2, 1), {"p": size + 2, "q": size + 2} | kernel),
            layer("conv2", expression.format(3, 2), {"p": size, "q": size} | kernel),
        ],
    )


def fused(workload: Workload, *tiles: tuple[str, int]) -> LoopTree:
    """Everything in one group: weights whole, features below the first loop."""
    names = tuple(e.name for e in workload.einsums)
    retention = {t: int(not t.startswith("W")) for t in workload.tensors}
    loops = tuple(Temporal((RankRef(rank),), tile) for rank, tile in tiles)
    return plan_tree(workload, ARCHITECTURE, [GroupChoice(names, loops, retention, level="GLB")])


def layer_by_layer(workload: Workload) -> LoopTree:
    """Every layer alone, its tensors whole on chip."""
    groups = [
        GroupChoice((e.name,), retention=dict.fromkeys(group_tensors(workload, (e.name,)), 0), level="GLB")
        for e in workload.einsums
    ]
    return plan_tree(workload, ARCHITECTURE, groups)


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Median time of one call in milliseconds, after one to warm up."""
    timer = timeit.Timer(work)
    number = max(1, round(0.02 / max(timer.timeit(1), 1e-6)))
    return 1000 * statistics.median(timer.repeat(repeats, number)) / number


def cases() -> list[tuple[str, Workload, LoopTree]]:
    """What is evaluated."""
    found = []
    for count in (2, 4, 8, 16):
        workload = matmuls(count)
        found.append((f"{count} fused matmuls of 128 x 128 x 128", workload, fused(workload, ("m", 32))))
    network = load_workload("resnet50")
    found.append((f"ResNet-50 layer by layer ({len(network.einsums)} layers)", network, layer_by_layer(network)))
    workload = two_convolutions(64)
    found.append(("two fused 3x3 convolutions, p and q tiled", workload, fused(workload, ("p", 4), ("q", 8))))
    return found


def main() -> None:
    """Print both tables."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    print(f"python benchmarks/bench_evaluate.py {repeats}\n")
    print(f"{'evaluate':<45} {'median ms':>10}")
    for name, workload, tree in cases():
        print(f"{name:<45} {median_ms(partial(evaluate, workload, ARCHITECTURE, tree), repeats):>10.2f}")
    print(f"\n{'two fused convolutions of 1024 x 1024':<34} {'iterations':>10} {'median ms':>10}")
    workload = two_convolutions(1024)
    for tile in (64, 32, 16, 8, 4, 2, 1):
        tree = fused(workload, ("p", tile), ("q", tile))
        time = median_ms(partial(evaluate, workload, ARCHITECTURE, tree), repeats)
        print(f"{f'tiles of {tile} x {tile}':<34} {(1024 // tile) ** 2:>10,} {time:>10.2f}")


if __name__ == "__main__":
    main()
