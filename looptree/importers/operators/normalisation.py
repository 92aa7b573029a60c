"""Softmax and normalisation: a statistic of everything that is normalised together, then its application.

`Y_stat[p] = X[p,k]` sums up, `Y[p,k] = X[p,k] * Y_stat[p]` applies it. A statistic (maximum and sum, mean and variance)
counts as one word. Shifts that are constants are biases and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looptree.importers.builder import Builder
from looptree.importers.elements import Element
from looptree.importers.graph import Node
from looptree.importers.kinds import snake
from looptree.importers.nest import Index, Read
from looptree.importers.operators.elementwise import aligned, loop_names
from looptree.importers.view import View
from looptree.workload.affine import Affine


def softmax(builder: Builder, node: Node) -> None:
    """`Softmax`, `LogSoftmax`, `Hardmax`: over one axis, before operator set 13 over all from an axis on."""
    shape = builder.type(node.given(0)).shape
    axis = _axis(node, shape, -1 if node.version >= 13 else 1)
    _over_axes(builder, node, range(axis, axis + 1 if node.version >= 13 else len(shape)), snake(node.kind))


def lp_normalisation(builder: Builder, node: Node) -> None:
    """`LpNormalization`: divided by the norm of a row."""
    _over_axes(builder, node, [_axis(node, builder.type(node.given(0)).shape, -1)], "lp_norm")


def mean_variance(builder: Builder, node: Node) -> None:
    """`MeanVarianceNormalization`: over batch and positions, or the given axes."""
    shape = builder.type(node.given(0)).shape
    axes = node.integers("axes", (0, 2, 3))
    if any(not -len(shape) <= axis < len(shape) for axis in axes):
        raise node.error(f"expected axes of {len(shape)} dimensions, found {list(axes)}")
    _over_axes(builder, node, sorted({axis % len(shape) for axis in axes}), "mean_variance")


def layer_norm(builder: Builder, node: Node) -> None:
    """`LayerNormalization`, `RMSNormalization`: over all dimensions from an axis on, with a scale for these."""
    shape = builder.type(node.given(0)).shape
    axis = _axis(node, shape, -1)
    gone = list(range(axis, len(shape)))
    names = loop_names([builder.view(node.given(0), node)], shape)
    extra = [Read(view, aligned(view, names)) for view in (builder.view(v, node) for v in _scales(builder, node))]
    stat = _over_axes(builder, node, gone, "layer_norm" if node.kind.startswith("Layer") else "rms_norm", extra)
    for position in (1, 2):
        if node.made(position):  # mean and deviation, which are the statistic
            wide = View(stat.tensor, (*stat.dimensions, *(() for _ in gone)), stat.forms, stat.shape)
            builder.show(node.made(position), wide, node)


def instance_norm(builder: Builder, node: Node) -> None:
    """`InstanceNormalization`: over the positions of each channel, with a scale per channel."""
    shape = builder.type(node.given(0)).shape
    if len(shape) < 3:
        raise node.error(f"expected batch, channels and positions, found {list(shape)}")
    names = loop_names([builder.view(node.given(0), node)], shape)
    scales = [Read(builder.view(v, node), ((names[1],),)) for v in _scales(builder, node)]
    _over_axes(builder, node, list(range(2, len(shape))), "instance_norm", scales)


def group_norm(builder: Builder, node: Node) -> None:
    """`GroupNormalization`: over channels and positions of a group, with a scale per channel or per group."""
    view = builder.view(node.given(0), node)
    shape = builder.type(node.given(0)).shape
    groups = node.integer("num_groups")
    if len(shape) < 2 or groups < 1 or shape[1] % groups:
        raise node.error(f"expected groups that divide the channels of {list(shape)}, found {groups}")
    names = loop_names([view], shape)
    channels = ("g", names[1]) if "g" not in names else ("groups", names[1])
    loops = {names[0]: shape[0], channels[0]: groups, channels[1]: shape[1] // groups}
    loops |= dict(zip(names[2:], shape[2:], strict=True))
    index: list[tuple[str, ...]] = [(names[0],), channels, *((name,) for name in names[2:])]
    scales = []
    for value in _scales(builder, node):
        own = channels if builder.type(value).size == shape[1] else channels[:1]
        scales.append(Read(builder.view(value, node), (own,)))
    kept = [(names[0],), channels[:1]]
    _apply(builder, node, view, loops, index, kept, [channels[1], *names[2:]], "group_norm", scales)


def local_response(builder: Builder, node: Node) -> None:
    """`LRN`: divided by the squares of the neighbouring channels. `S[c] = X[c + r - (size-1)//2]`."""
    view = builder.view(node.given(0), node)
    shape = builder.type(node.given(0)).shape
    size = node.integer("size")
    if len(shape) < 2 or not 1 <= size <= 2**20:
        raise node.error(f"expected channels and a size of at least 1, found {list(shape)} and {size}")
    names = loop_names([view], shape)
    loops = dict(zip(names, shape, strict=True))
    index: list[tuple[str, ...]] = [(name,) for name in names]
    around = Affine(((names[1], 1), ("around", 1)), -((size - 1) // 2))
    read = Read(view, (index[0], around, *index[2:]))
    stat = builder.part(
        node,
        "stat",
        loops | {"around": size},
        [read],
        index,
        "lrn_stat",
        element=_element(builder, node),
        summed=["around"],
    )
    reads = [Read(view, tuple(index)), Read(stat, tuple(index))]
    builder.emit(node, node.made(0), loops, reads, index, "lrn")


def quantised_dynamically(builder: Builder, node: Node) -> None:
    """`DynamicQuantizeLinear`: scale and zero point from the extremes of everything, then the quantised elements."""
    stat = _over_axes(builder, node, list(range(len(builder.type(node.given(0)).shape))), "quantize")
    for position in (1, 2):
        if node.made(position):
            builder.show(node.made(position), View(stat.tensor, (), stat.forms, stat.shape), node)


def _over_axes(builder: Builder, node: Node, gone: Sequence[int], operation: str, scales: Sequence[Read] = ()) -> View:
    """Statistic and application where the statistic has the dimensions that are not `gone`."""
    view = builder.view(node.given(0), node)
    shape = builder.type(node.given(0)).shape
    names = loop_names([view], shape)
    index: list[tuple[str, ...]] = [(name,) for name in names]
    kept = [entry for axis, entry in enumerate(index) if axis not in gone]
    loops = dict(zip(names, shape, strict=True))
    summed = [names[axis] for axis in gone if axis < len(names)]
    return _apply(builder, node, view, loops, index, kept, summed, operation, scales)


def _apply(
    builder: Builder,
    node: Node,
    view: View,
    loops: Mapping[str, int],
    index: Sequence[tuple[str, ...]],
    kept: Sequence[tuple[str, ...]],
    summed: Sequence[str],
    operation: str,
    scales: Sequence[Read],
) -> View:
    read = Read(view, tuple(index))
    element = _element(builder, node)
    stat = builder.part(node, "stat", loops, [read], kept, f"{operation}_stat", element=element, summed=summed)
    written: list[Index] = list(index)
    builder.emit(node, node.made(0), loops, [read, Read(stat, tuple(kept)), *scales], written, operation)
    return stat


def _scales(builder: Builder, node: Node) -> list[str]:
    """The scale, and a shift that is no constant."""
    scale, shift = node.given(1), node.given(2)
    found = [scale] if scale and not builder.is_scalar(scale) else []
    return [*found, shift] if shift and not builder.is_constant(shift) else found


def _element(builder: Builder, node: Node) -> Element:
    return builder.element(node.given(0))


def _axis(node: Node, shape: Sequence[int], default: int) -> int:
    axis = node.integer("axis", default)
    if not -len(shape) <= axis < max(1, len(shape)):
        raise node.error(f"expected an axis of {len(shape)} dimensions, found {axis}")
    return axis % len(shape) if shape else 0
