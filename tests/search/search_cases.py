"""Small random networks and architectures for the tests of the search."""

from __future__ import annotations

import random
from fractions import Fraction

from looptree.architecture import Architecture, Compute, Level
from looptree.workload import Einsum, Workload
from looptree.workload.expression import parse_expression

OBJECTIVES = ("energy", "offchip", "latency")
KINDS = ("chain", "skip", "matmul")


def architecture(
    capacity_bytes: int | None, *, seed: int = 0, buffer_bandwidth: int | None = None, pj: int = 100
) -> Architecture:
    """DRAM, a buffer of that capacity, and an array whose extents the seed draws."""
    draw = random.Random(seed)
    spatial = {rank: draw.choice([1, 2, 3, 4]) for rank in ("p", "m", "c", "n", "k")} if seed else {}
    bandwidth = None if buffer_bandwidth is None else Fraction(buffer_bandwidth)
    levels = (
        Level("DRAM", None, Fraction(2), Fraction(pj), Fraction(pj + 10)),
        Level("GLB", capacity_bytes, bandwidth, Fraction(2), Fraction(3)),
    )
    return Architecture("drawn", levels, Compute("MAC", Fraction(1), spatial=spatial))


def network(kind: str, seed: int, *, layers: int = 3, extent: int = 7) -> Workload:
    """A chain of 1-D convolutions, the same with skip connections, or a chain of matrix multiplications."""
    draw = random.Random(f"{kind} {seed}")
    return _matmuls(draw, layers) if kind == "matmul" else _convolutions(draw, layers, extent, skips=kind == "skip")


def _convolutions(draw: random.Random, layers: int, extent: int, *, skips: bool) -> Workload:
    extents = {"T0": extent}
    channels = {"T0": draw.choice([1, 1, 2])}
    einsums: list[Einsum] = []
    newest = "T0"
    for index in range(1, layers + 1):
        output = f"T{index}"
        alike = [t for t in extents if t != newest and (extents[t], channels[t]) == (extents[newest], channels[newest])]
        if skips and alike and draw.random() < 0.6:
            other = draw.choice(alike)
            text = f"{output}[m,p] = {newest}[m,p] + {other}[m,p]"
            ranks = {"m": channels[newest], "p": extents[newest]}
        else:
            padded = skips and draw.random() < 0.7
            kernel = 3 if padded else draw.choice([1, 2, 3])
            stride = 1 if padded else draw.choice([1, 1, 2])
            outputs = (extents[newest] + 2 * padded - kernel) // stride + 1
            if outputs < 1:
                break
            width = channels[newest] if padded else draw.choice([1, 1, 1, 2])
            ranks = {"m": width, "p": outputs, "c": channels[newest], "r": kernel}
            form = f"{stride}*p+r" + ("-1" if padded else "")
            text = f"{output}[m,p] = {newest}[c,{form}] * W{index}[m,c,r]"
        written, inputs, operation = parse_expression(text)
        einsums.append(Einsum(f"layer{index}", ranks, inputs, written, operation))
        extents[output], channels[output] = ranks["p"], ranks["m"]
        newest = output
    shapes = {t: (channels[t], extents[t]) for t in extents}
    return Workload("drawn", einsums, shapes=shapes)


def _matmuls(draw: random.Random, layers: int) -> Workload:
    rows = draw.choice([4, 5])
    width = draw.choice([1, 2])
    einsums = []
    for index in range(1, layers + 1):
        columns = draw.choice([1, 2, 4])
        written, inputs, operation = parse_expression(f"T{index}[m,n] = T{index - 1}[m,k] * W{index}[k,n]")
        einsums.append(Einsum(f"layer{index}", {"m": rows, "n": columns, "k": width}, inputs, written, operation))
        width = columns
    return Workload("drawn", einsums)
