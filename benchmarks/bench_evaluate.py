"""How long one evaluation takes, and that it does not grow with the number of iterations.

Run: python benchmarks/bench_evaluate.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import timeit
from collections.abc import Callable, Mapping
from functools import partial

from looptree import resources
from looptree.architecture import architecture_from_node, read_architecture
from looptree.documents import parse_document
from looptree.model import evaluate
from looptree.taxonomy import GroupChoice, LoopTree, RankRef, Temporal, plan_tree
from looptree.taxonomy.group_tensors import group_tensors
from looptree.taxonomy.reader import mapping_from_node
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


THREE_LEVELS = """
levels:
  - {name: DRAM, read_bandwidth_bytes_per_cycle: 8, write_bandwidth_bytes_per_cycle: 8}
  - {name: GLB, word_bits: 128, read_ports: 1, write_ports: 1, network: {multicast: true, reduce: true}}
  - {name: RF}
compute: {array: {x: 16, y: 16, systolic: true}}
"""

NEST = """
mapping:
  - storage: {level: DRAM, tensors: [T0, W1, W2, T2]}
  - storage: {level: GLB, tensors: [W1, W2]}
  - temporal: {rank: m, tile: 32}
  - storage: {level: GLB, tensors: [T0, T1, T2]}
  - sequential:
    - [%s {storage: {level: RF, tensors: [T0, W1, T1]}}, {compute: {einsum: fc1}}]
    - [%s {storage: {level: RF, tensors: [T1, W2, T2]}}, {compute: {einsum: fc2}}]
"""


ON_CORES = "  - spatial: {rank: m, tile: 8, axis: core}\n  - storage: {level: GLB, tensors: [W1, W2, T0, T1, T2]}\n"


def three_level_nest(axes: Mapping[str, str] | None, *, cores: bool = False) -> LoopTree:
    """Two fused matmuls with registers, and tiles of 16 x 16 in turns or, with an axis for each rank, at once.

    With `cores`, each tile of rows is shared by four of them.
    """
    chains = []
    for einsum in ("fc1", "fc2"):
        loops = [f"{{temporal: {{rank: {einsum}.{rank}, tile: 16}}}}" for rank in ("n", "k")]
        spatial = [f"{{spatial: {{rank: {einsum}.{r}, tile: 1, axis: {axis}}}}}" for r, axis in (axes or {}).items()]
        chains.append("".join(f"{node}, " for node in (*loops, *spatial)))
    text = NEST % tuple(chains)
    if cores:
        one = "  - storage: {level: GLB, tensors: [T0, T1, T2]}\n"
        text = text.replace("  - storage: {level: GLB, tensors: [W1, W2]}\n", "").replace(one, ON_CORES)
    return mapping_from_node(parse_document(text))


def richer_hardware(repeats: int) -> None:
    """Print what levels, steps and instances cost: two fused matmuls of 128 x 128 x 128."""
    workload, machine = matmuls(2), architecture_from_node(parse_document(THREE_LEVELS))
    nest, spread = three_level_nest(None), three_level_nest({"n": "x", "k": "y"})
    four = architecture_from_node(parse_document(THREE_LEVELS + "cores: {core: 4, below: DRAM}\n"))
    on_cores = three_level_nest({"n": "x", "k": "y"}, cores=True)
    rows = [
        ("two levels, no bandwidths", ARCHITECTURE, fused(workload, ("m", 32)), False),
        ("two levels, and step by step", ARCHITECTURE, fused(workload, ("m", 32)), True),
        ("three levels with ports, loops inside", machine, nest, False),
        ("three levels with ports, and step by step", machine, nest, True),
        ("three levels, 16 x 16 instances", machine, spread, False),
        ("three levels, 16 x 16 instances, step by step", machine, spread, True),
        ("four cores of 16 x 16 instances", four, on_cores, False),
        ("four cores, and step by step", four, on_cores, True),
    ]
    print(f"\n{'two fused matmuls':<45} {'median ms':>10}")
    for name, architecture, tree, steps in rows:
        work = partial(evaluate, workload, architecture, tree, stepwise=steps)
        print(f"{name:<45} {median_ms(work, repeats):>10.2f}")


def main() -> None:
    """Print all tables."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    print(f"python benchmarks/bench_evaluate.py {repeats}\n")
    print(f"{'evaluate':<45} {'median ms':>10}")
    for name, workload, tree in cases():
        print(
            f"{name:<45} {median_ms(partial(evaluate, workload, ARCHITECTURE, tree, stepwise=False), repeats):>10.2f}"
        )
    print(f"\n{'two fused convolutions of 1024 x 1024':<34} {'iterations':>10} {'median ms':>10}")
    workload = two_convolutions(1024)
    for tile in (64, 32, 16, 8, 4, 2, 1):
        tree = fused(workload, ("p", tile), ("q", tile))
        time = median_ms(partial(evaluate, workload, ARCHITECTURE, tree, stepwise=False), repeats)
        print(f"{f'tiles of {tile} x {tile}':<34} {(1024 // tile) ** 2:>10,} {time:>10.2f}")
    richer_hardware(repeats)


if __name__ == "__main__":
    main()
