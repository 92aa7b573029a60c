"""Fused chains under the rules of msf-CNN, whose memory and operations are formulas rather than counts of an execution.

**Operations.** In the published formula a layer of a fused block makes `(H + 2*padding - t) // s + 1` steps, where `t`
rows of its input and a step of `s` rows belong to one row of the block's output. The padding of the layer itself counts
as real rows; that of the layers behind it does not reach it. Such a count is not of one execution, since the layers of
a block make different numbers of steps. It is the count of each layer in a chain of its own: from the layer to the end
of the block, without the padding of the layers behind it. The model runs these chains.

**Memory.** A layer of a fused block has a buffer of `k * t * C` elements: the columns of its kernel, the rows of its
input that belong to one row of the block's output, and the channels of its input. Input and output of the block are in
memory as a whole, except for those of the network.

Source: Huang, Baccelli, msf-CNN (arXiv 2505.11483), published code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.model.inference import infer
from looptree.taxonomy.binding import bind
from looptree.taxonomy.points import apply_point, load_point
from looptree.workload import Workload
from looptree.workload.affine import Affine, Interval
from looptree.workload.einsum import Access, Einsum

_POINT = "msf_cnn"
_CHANNELS, _ROWS, _COLUMNS = 0, 1, 2
_ROW_RANK, _COLUMN_RANK = "p", "q"


def whole_tile_operations(workload: Workload, architecture: Architecture, groups: Sequence[Sequence[str]]) -> int:
    """Multiply-accumulates of a network whose groups of more than one layer are fused.

    Raises:
        InputError: a fused group that is not a chain of layers over images.
    """
    point = load_point(_POINT)
    total = 0
    for group in groups:
        layers = [workload.einsum(name) for name in group]
        if len(layers) == 1:
            total += layers[0].operations if layers[0].operation == "mac" else 0
            continue
        for index, layer in enumerate(layers):
            chain = Workload(layer.name, _unpadded(workload, layers[index:]), shapes=_shapes(workload, layers[index:]))
            if layer.operation == "mac":
                design = bind(chain, architecture, apply_point(point, chain, architecture))
                total += infer(design, live=False).einsums[layer.name].operations
    return total


def column_buffer_bytes(workload: Workload, groups: Sequence[Sequence[str]]) -> int:
    """The memory of the block, or of the layer alone, that needs most.

    Raises:
        InputError: a fused group that is not a chain of layers over images.
    """
    return max(_block_bytes(workload, [workload.einsum(name) for name in group]) for group in groups)


def _block_bytes(workload: Workload, layers: Sequence[Einsum]) -> int:
    first, last = layers[0].inputs[0].tensor, layers[-1].output.tensor
    whole = [tensor for tensor in (first, last) if tensor not in (*workload.inputs, *workload.outputs)]
    total = sum(workload.tensors[tensor].size_bytes for tensor in whole)
    rows = 1
    for index in reversed(range(len(layers) if len(layers) > 1 else 0)):
        layer = layers[index]
        read = layer.inputs[0]
        _check(workload, layer, layers[index - 1].output.tensor if index else read.tensor)
        rows = _reach(read.projection[_ROWS], layer, _ROW_RANK, rows)
        columns = _reach(read.projection[_COLUMNS], layer, _COLUMN_RANK, 1)
        tensor = workload.tensors[read.tensor]
        total += tensor.bytes(tensor.shape[_CHANNELS] * rows * columns)
    return total


def _reach(form: Affine, layer: Einsum, position: str, extent: int) -> int:
    """Elements of the input that some positions of the output need."""
    return form.hull({r: Interval(0, extent if r == position else layer.ranks[r]) for r in form.ranks}).size


def _check(workload: Workload, layer: Einsum, before: str) -> None:
    read = layer.inputs[0]
    joins = any(workload.producer(tensor) for tensor in layer.reads if tensor != read.tensor)
    if read.tensor != before or joins or _ROW_RANK not in layer.ranks or len(read.projection) != 3:
        raise InputError(
            f"expected layers over images that each read the one before, found {layer.name!r}",
            where=f"workload {workload.name!r}",
            hint="the rule is published for chains only; choose blocks without residual additions",
        )


def _unpadded(workload: Workload, layers: Sequence[Einsum]) -> Iterator[Einsum]:
    """The layers, the first as it is, the others without padding above and below and with fewer rows."""
    rows = 0
    for index, layer in enumerate(layers):
        read = layer.inputs[0]
        _check(workload, layer, layers[index - 1].output.tensor if index else read.tensor)
        if index:
            form = Affine(read.projection[_ROWS].terms)
            rows = (rows - _reach(form, layer, _ROW_RANK, 1)) // dict(form.terms)[_ROW_RANK] + 1
            projection = (*read.projection[:_ROWS], form, *read.projection[_ROWS + 1 :])
            inputs = (Access(read.tensor, projection), *layer.inputs[1:])
            layer = replace(layer, ranks={**layer.ranks, _ROW_RANK: rows}, inputs=inputs)
        rows = layer.ranks[_ROW_RANK]
        if rows < 1:
            raise InputError(f"no whole tile of rows fits {layer.name!r}", where=f"workload {workload.name!r}")
        yield layer


def _shapes(workload: Workload, layers: Sequence[Einsum]) -> dict[str, tuple[int, ...]]:
    """Shapes of what the layers read and write, so that what is left of the padding stays padding."""
    chain = list(_unpadded(workload, layers))
    first = chain[0].inputs[0].tensor
    written = {
        layer.output.tensor: (shape[0], layer.ranks[_ROW_RANK], *shape[2:])
        for layer in chain
        for shape in (workload.tensors[layer.output.tensor].shape,)
    }
    return {first: workload.tensors[first].shape, **written}
