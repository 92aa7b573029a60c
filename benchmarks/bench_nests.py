"""How long the best nests inside one tile take to find, with one level below the buffer and with two.

Run: python benchmarks/bench_nests.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace
from fractions import Fraction

from looptree.architecture import Architecture, Compute, Level
from looptree.model.inside.costs import energy
from looptree.model.inside.joint import Joint, Wanted
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.resolve import joint_of
from looptree.model.inside.tables import Memory
from looptree.model.operations import Operations
from looptree.model.production import all_points
from looptree.workload import Einsum, Workload
from looptree.workload.expression import parse_expression

PRODUCT = "Y[m,n] = X[m,k] * W[k,n]"
CONVOLUTION = "Y[m,p,q] = X[c,p+r,q+s] * W[m,c,r,s]"
DEPTHWISE = "Y[c,p,q] = X[c,p+r,q+s] * W[c,r,s]"
TILES = [
    (PRODUCT, {"m": 256, "n": 7, "k": 64}),
    (PRODUCT, {"m": 128, "n": 128, "k": 512}),
    (DEPTHWISE, {"c": 96, "p": 28, "q": 28, "r": 3, "s": 3}),
    (CONVOLUTION, {"m": 64, "c": 16, "p": 7, "q": 14, "r": 3, "s": 3}),
    (CONVOLUTION, {"m": 128, "c": 4, "p": 10, "q": 28, "r": 3, "s": 3}),
    (CONVOLUTION, {"m": 7, "c": 128, "p": 28, "q": 28, "r": 1, "s": 3}),
]


def hardware(
    scratchpad: int | None, registers: int, spatial: dict[str, int], dataflow: str | None = None
) -> Architecture:
    """DRAM, a buffer, a scratchpad if it has bytes, and registers."""

    def level(name: str, size: int | None, pj: Fraction) -> Level:
        return Level(name, size, read_pj_per_byte=pj, write_pj_per_byte=pj)

    outer = [level("DRAM", None, Fraction(100)), level("GLB", 1 << 18, Fraction(6))]
    middle = [level("PAD", scratchpad, Fraction(2))] if scratchpad else []
    last = level("RF", registers, Fraction(1, 4))
    return Architecture("nests", (*outer, *middle, last), Compute(spatial=spatial), dataflow=dataflow)


def tile_of(text: str, ranks: dict[str, int], architecture: Architecture) -> tuple[Leaf, Joint, dict[str, Level]]:
    """A tile of one layer, what finds its nests, and where its tensors are."""
    output, inputs, operation = parse_expression(text)
    einsum = Einsum("a", ranks, inputs, output, operation)
    workload = Workload("tile", [einsum])
    shapes = {name: tensor.shape for name, tensor in workload.tensors.items()}
    leaf = Leaf(Operations.full(einsum), {}, shapes, 0, 0)
    counts = einsum.operations, all_points(einsum, shapes[einsum.output.tensor]), leaf.begun
    joint = joint_of(workload, architecture, leaf, architecture.levels[2:], counts)
    return leaf, joint, dict.fromkeys(workload.tensors, architecture.level("GLB"))


def median_ms(text: str, ranks: dict[str, int], architecture: Architecture, repeats: int) -> tuple[float, float]:
    """Milliseconds of finding the best nests, and of their bound, with nothing known before."""
    leaf, joint, outer = tile_of(text, ranks, architecture)
    wanted = Wanted(energy)
    nests, bounds = [], []
    for _ in range(repeats):
        joint = replace(joint, memory=Memory())
        start = time.process_time()
        joint.least(leaf, outer, [wanted], wanted)
        middle = time.process_time()
        replace(joint, memory=Memory()).bounds(leaf, [outer], [wanted])
        nests.append(middle - start)
        bounds.append(time.process_time() - middle)
    return 1000 * statistics.median(nests), 1000 * statistics.median(bounds)


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    machines = {
        "one level": hardware(None, 512, {}),
        "one level, array": hardware(None, 512, {"m": 16, "c": 16, "n": 16, "k": 16}),
        "two levels": hardware(1024, 64, {}),
        "two levels, array": hardware(1024, 64, {"m": 16, "c": 16, "n": 16, "k": 16}),
        "two, output stays": hardware(1024, 64, {}, "output_stationary"),
    }
    print(f"python benchmarks/bench_nests.py {repeats}\n")
    print(f"{'nests of a tile (bound), ms of CPU':<44} {''.join(f'{name:>20}' for name in machines)}")
    for text, ranks in TILES:
        found = [median_ms(text, ranks, machine, repeats) for machine in machines.values()]
        sizes = " x ".join(f"{rank}{extent}" for rank, extent in ranks.items())
        print(f"{sizes:<44} {''.join(f'{nests:>13.1f} ({bound:>4.1f})' for nests, bound in found)}", flush=True)


if __name__ == "__main__":
    main()
