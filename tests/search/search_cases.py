"""Small random networks and architectures for the tests of the search."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from fractions import Fraction

from looptree.architecture import Architecture, Compute, Level
from looptree.workload import Einsum, Workload
from looptree.workload.expression import parse_expression

OBJECTIVES = ("energy", "offchip", "latency", "operations")
KINDS = ("chain", "padded", "plane", "skip", "branches", "matmul", "pool", "odd bits")
"""Kinds of networks whose layers read all of what is before them; `loose` ones leave out rows at the end, and
in `shared` ones several layers read the image, or the same weights."""


def architecture(
    capacity_bytes: int | None = None,
    *,
    seed: int = 0,
    buffer_bandwidth: int | None = None,
    spatial: Mapping[str, int] | None = None,
) -> Architecture:
    """DRAM, a buffer of that capacity, and an array whose extents the seed draws (none for seed 0)."""
    draw = random.Random(seed)
    drawn = {rank: draw.choice([1, 2, 3, 4]) for rank in ("p", "q", "m", "c", "n", "k")} if seed else {}
    bandwidth = None if buffer_bandwidth is None else Fraction(buffer_bandwidth)
    levels = (
        Level("DRAM", None, Fraction(2), Fraction(100), Fraction(110)),
        Level("GLB", capacity_bytes, bandwidth, Fraction(2), Fraction(3)),
    )
    return Architecture("drawn", levels, Compute("MAC", Fraction(1), spatial=drawn if spatial is None else spatial))


def einsum(name: str, expression: str, ranks: dict[str, int]) -> Einsum:
    """A layer from its expression."""
    output, inputs, operation = parse_expression(expression)
    return Einsum(name, ranks, inputs, output, operation)


def network(kind: str, seed: int, *, layers: int = 3) -> Workload:
    """A network of some layers, all of which read what is before them."""
    draw = random.Random(f"{kind} {seed}")
    if kind == "matmul":
        return _matmuls(draw, layers)
    drawing = _Drawing(draw, kind)
    for index in range(1, layers + 1):
        drawing.layer(index)
    return drawing.workload()


class _Drawing:
    """Draws convolutions, pooling and sums over tensors `[channel, row]` or `[channel, row, column]`."""

    def __init__(self, draw: random.Random, kind: str) -> None:
        self.draw = draw
        self.kind = kind
        extents = (draw.choice([3, 4]), draw.choice([2, 3])) if kind == "plane" else (draw.choice([4, 5, 6, 7]),)
        self.shapes = {"T0": (draw.choice([1, 2, 3]), *extents)}
        self.einsums: list[Einsum] = []
        self.weights: dict[tuple[int, ...], str] = {}

    def layer(self, index: int) -> None:
        """One more layer; most of them read the newest tensor."""
        newest, output = f"T{index - 1}", f"T{index}"
        wandering = {"branches": 0.5, "skip": 0.2, "shared": 0.5}.get(self.kind, 0.0)
        known = ["T0"] if self.kind == "shared" else list(self.shapes)
        source = self.draw.choice(known) if self.draw.random() < wandering else newest
        alike = [t for t, shape in self.shapes.items() if t != source and shape == self.shapes[source]]
        if alike and self.kind in ("skip", "branches", "shared") and self.draw.random() < 0.6:
            self._add(index, output, source, self.draw.choice(alike))
        else:
            self._window(index, output, source)

    def _add(self, index: int, output: str, one: str, other: str) -> None:
        ranks = dict(zip("mpq", self.shapes[one], strict=False))
        at = ",".join(ranks)
        self._emit(index, output, f"{output}[{at}] = {one}[{at}] + {other}[{at}]", ranks, self.shapes[one])

    def _window(self, index: int, output: str, source: str) -> None:
        """A convolution, depthwise or not, or pooling."""
        channels, *extents = self.shapes[source]
        pooling = self.kind == "pool" and self.draw.random() < 0.5
        depthwise = pooling or self.draw.random() < 0.25
        width = channels if depthwise else self.draw.choice([1, 2, 2, 3])
        ranks, forms, outs = {"m": width}, [], []
        for rank, tap, extent in zip("pq", "rs", extents, strict=False):
            kernel, stride, padding = self._taps(extent)
            out = (extent + 2 * padding - kernel) // stride + 1
            ranks[rank] = out
            outs.append(out)
            if kernel > 1:
                ranks[tap] = kernel
            forms.append(f"{stride}*{rank}" + (f"+{tap}" if kernel > 1 else "") + (f"-{padding}" if padding else ""))
        taps = [tap for tap in "rs" if tap in ranks]
        if not depthwise:
            ranks["c"] = channels
        indices = ",".join(["m", *([] if depthwise else ["c"]), *taps])
        weights = "" if pooling else f" * {self._weights(index, ranks, indices)}[{indices}]"
        at, read = ",".join(["m", *"pq"[: len(extents)]]), ",".join(["m" if depthwise else "c", *forms])
        self._emit(index, output, f"{output}[{at}] = {source}[{read}]{weights}", ranks, (width, *outs))

    def _weights(self, index: int, ranks: dict[str, int], indices: str) -> str:
        """Weights of its own, or those of another layer of the same shape."""
        if self.kind != "shared":
            return f"W{index}"
        shape = tuple(ranks[rank] for rank in indices.split(","))
        return self.weights.setdefault(shape, f"W{index}")

    def _taps(self, extent: int) -> tuple[int, int, int]:
        """Kernel, stride and padding."""
        if self.kind == "padded" or (self.kind in ("skip", "branches") and self.draw.random() < 0.7):
            return 3, 1, 1
        kernel = min(extent, self.draw.choice([1, 2, 3]))
        stride = self.draw.choice([1, 2, 3]) if self.kind == "pool" else self.draw.choice([1, 1, 2])
        if self.kind != "loose" and (extent - kernel) % stride:
            stride = 1
        return kernel, stride, 0

    def _emit(self, index: int, output: str, text: str, ranks: dict[str, int], shape: tuple[int, ...]) -> None:
        self.einsums.append(einsum(f"layer{index}", text, ranks))
        self.shapes[output] = shape

    def workload(self) -> Workload:
        """What was drawn."""
        used = {t for e in self.einsums for t in (*e.reads, e.output.tensor)}
        bits = {t: self.draw.choice([3, 4, 8, 12]) for t in sorted(used)} if self.kind == "odd bits" else {}
        shapes = {t: shape for t, shape in self.shapes.items() if t in used}
        return Workload("drawn", self.einsums, shapes=shapes, bits=bits)


def fan(branches: int, length: int, seed: int, *, stem: bool = True) -> Workload:
    """Equal branches of so many matrix products of one tensor, which another product makes (or none), and their sum."""
    draw = random.Random(f"fan {branches} {length} {seed}")
    rows, widths = draw.choice([2, 3, 4]), [draw.choice([1, 2, 3]) for _ in range(length + 1)]
    einsums = []

    def product(name: str, read: str, width: int, columns: int) -> None:
        text = f"{name}[m,n] = {read}[m,k] * W{name}[k,n]"
        einsums.append(einsum(f"layer{name}", text, {"m": rows, "n": columns, "k": width}))

    if stem:
        product("T", "X", draw.choice([1, 2, 3]), widths[0])
    for branch in "ABCDEFGH"[:branches]:
        for at, (width, columns) in enumerate(itertools.pairwise(widths)):
            product(f"{branch}{at}", f"{branch}{at - 1}" if at else "T", width, columns)
    last = [f"{branch}{length - 1}[m,n]" for branch in "ABCDEFGH"[:branches]]
    draw.shuffle(last)
    einsums.append(einsum("sum", f"Y[m,n] = {' + '.join(last)}", {"m": rows, "n": widths[-1]}))
    return Workload("fan", einsums)


def _matmuls(draw: random.Random, layers: int) -> Workload:
    rows = draw.choice([3, 4, 5])
    width = draw.choice([1, 2])
    einsums = []
    for index in range(1, layers + 1):
        columns = draw.choice([1, 2, 4])
        text = f"T{index}[m,n] = T{index - 1}[m,k] * W{index}[k,n]"
        einsums.append(einsum(f"layer{index}", text, {"m": rows, "n": columns, "k": width}))
        width = columns
    return Workload("drawn", einsums)
