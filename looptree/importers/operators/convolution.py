"""Convolutions in one to three dimensions: grouped, depthwise, dilated, padded, transposed, quantised.

`Y[n, m, p, q] = X[n, c, stride*p + dilation*r - padding, ...] * W[m, c, r, s]`; groups are a loop `g` in front of the
channels of one group. Biases, scales and zero points are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.nest import Index, Read
from looptree.importers.operators.window import elements, positions, scattering_windows, windows

_WEIGHT = {"QLinearConv": 3}
"""Where the weights stand among the inputs, if not second."""

Loops = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Channels:
    """The loops over channels: of all inputs and outputs, and those of one group as the weights index them."""

    loops: dict[str, int]
    inputs: Loops
    outputs: Loops
    own_inputs: Loops
    own_outputs: Loops

    @classmethod
    def of(cls, groups: int, outputs: int, inputs: int) -> _Channels:
        if groups > 1 and outputs == inputs == 1:
            return cls({"m": groups}, ("m",), ("m",), (), ())
        return cls({"g": groups, "m": outputs, "c": inputs}, ("g", "c"), ("g", "m"), ("c",), ("m",))


def convolution(builder: Builder, node: Node) -> None:
    """`Conv`, `ConvInteger`, `QLinearConv`; the weights are `[outputs, inputs of a group, ...]`."""
    weight = node.given(_WEIGHT.get(node.kind, 1))
    given, kernel, made = _shapes(builder, node, weight)
    groups = _groups(node, given[1], kernel[0])
    channels = _Channels.of(groups, kernel[0] // groups, kernel[1])
    where, what = positions(len(kernel) - 2, node), elements(len(kernel) - 2, node)
    slides = [
        w.index(p, r) for w, p, r in zip(windows(node, given[2:], made[2:], kernel[2:]), where, what, strict=True)
    ]
    _emit(
        builder,
        node,
        loops=_loops(
            made[0], channels, dict(zip(where, made[2:], strict=True)), dict(zip(what, kernel[2:], strict=True))
        ),
        read=(("n",), channels.inputs, *slides),
        weight=(weight, (channels.outputs, channels.own_inputs, *((r,) for r in what))),
        written=(("n",), channels.outputs, *((p,) for p in where)),
    )


def transposed_convolution(builder: Builder, node: Node) -> None:
    """`ConvTranspose` writes `Y[n, m, stride*p + dilation*r - padding]`; weights are `[inputs, outputs of a group]`."""
    weight = node.given(1)
    given, kernel, made = _shapes(builder, node, weight)
    groups = _groups(node, given[1], kernel[0])
    channels = _Channels.of(groups, kernel[1], kernel[0] // groups)
    where, what = positions(len(kernel) - 2, node), elements(len(kernel) - 2, node)
    slides = scattering_windows(node, given[2:], made[2:], kernel[2:])
    _emit(
        builder,
        node,
        loops=_loops(
            made[0], channels, dict(zip(where, given[2:], strict=True)), dict(zip(what, kernel[2:], strict=True))
        ),
        read=(("n",), channels.inputs, *((p,) for p in where)),
        weight=(weight, (channels.inputs, channels.own_outputs, *((r,) for r in what))),
        written=(("n",), channels.outputs, *(w.index(p, r) for w, p, r in zip(slides, where, what, strict=True))),
    )


def _emit(
    builder: Builder,
    node: Node,
    *,
    loops: dict[str, int],
    read: Sequence[Index],
    weight: tuple[str, Sequence[Index]],
    written: Sequence[Index],
) -> None:
    reads = [
        Read(builder.view(node.given(0), node), tuple(read)),
        Read(builder.view(weight[0], node), tuple(weight[1])),
    ]
    builder.emit(node, node.made(0), loops, reads, written, "mac", summed=("c", "t", "r", "s"))


def _shapes(builder: Builder, node: Node, weight: str) -> tuple[tuple[int, ...], ...]:
    """Shapes of input, weights and output, which have to have as many dimensions."""
    shapes = tuple(builder.type(value).shape for value in (node.given(0), weight, node.made(0)))
    if len({len(shape) for shape in shapes}) > 1 or len(shapes[0]) < 3:
        raise node.error(f"expected input, weights and output of 3 to 5 dimensions, found {[list(s) for s in shapes]}")
    if node.integers("kernel_shape", shapes[1][2:]) != shapes[1][2:]:
        raise node.error(
            f"expected a kernel as in the weights {list(shapes[1])}, found {node.integers('kernel_shape')}"
        )
    return shapes


def _groups(node: Node, inputs: int, weights: int) -> int:
    groups = node.integer("group", 1)
    if groups < 1 or inputs % groups or weights % groups:
        raise node.error(f"expected groups that divide {inputs} input channels and {weights}, found {groups}")
    return groups


def _loops(batch: int, channels: _Channels, where: dict[str, int], what: dict[str, int]) -> dict[str, int]:
    """All loops: batch, output channels, positions, input channels, elements of the kernel."""
    front = {name: extent for name, extent in channels.loops.items() if name != "c"}
    back = {name: extent for name, extent in channels.loops.items() if name == "c"}
    return {"n": batch} | front | where | back | what
