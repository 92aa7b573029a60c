"""Memory that fusion groups take on chip, as publications on microcontrollers count it.

Assumptions made here:

* A weight is an input of the workload that no layer reads as its first operand; weights are in flash, not in memory.
* Memory is that of the windows at one level.
"""

from __future__ import annotations

from looptree.model import Evaluation
from looptree.workload import Workload
from looptree.workload.einsum import Einsum


def weights_of(workload: Workload) -> set[str]:
    """The tensors that are weights.

    >>> from looptree.workload.load import load_workload
    >>> sorted(weights_of(load_workload("conv_conv")))
    ['W_conv1', 'W_conv2']
    """
    return set(workload.inputs) - {einsum.inputs[0].tensor for einsum in workload.einsums}


def group_sizes(workload: Workload, evaluation: Evaluation, level: str, *, inside: bool = False) -> dict[str, int]:
    """Bytes of the windows of all feature maps of each group, by its first layer.

    Args:
        workload, evaluation: the design.
        level: on which the windows are.
        inside: leave out inputs and outputs of the workload, which are on chip as a whole.
    """
    left_out = weights_of(workload) | (set(workload.inputs) | set(workload.outputs) if inside else set())
    found = {}
    for group in evaluation.groups:
        touched = {
            t for name in group.einsums for t in (*workload.einsum(name).reads, workload.einsum(name).output.tensor)
        }
        stored = sum(workload.tensors[tensor].size_bytes for tensor in touched & left_out)
        found[group.einsums[0]] = group.occupancy[level][0] - stored
    return found


def peak_in_place(workload: Workload, evaluation: Evaluation, level: str) -> int:
    """Bytes of the layer that needs most: what it reads and writes, and the whole output of its fused group.

    A depthwise layer writes over what it reads.
    """
    held = {tensor: window for tensor, (window, _) in evaluation.occupancy[level].per_tensor.items()}
    weights = weights_of(workload)
    largest = 0
    for group in evaluation.groups:
        output = workload.einsum(group.einsums[-1]).output.tensor if len(group.einsums) > 1 else ""
        for name in group.einsums:
            einsum = workload.einsum(name)
            read = {tensor: held[tensor] for tensor in einsum.reads if tensor not in weights}
            written = held[einsum.output.tensor]
            own = max(written, *read.values()) if _is_depthwise(einsum) else written + sum(read.values())
            largest = max(largest, own + (held[output] if output and output != einsum.output.tensor else 0))
    return largest


def _is_depthwise(einsum: Einsum) -> bool:
    """Each channel of the output depends on the same channel of the input only."""
    shapes = einsum.inputs[0].projection, einsum.output.projection
    is_weighted = einsum.operation == "mac" and len(einsum.inputs) > 1
    return is_weighted and all(len(shape) > 2 for shape in shapes) and shapes[0][0] == shapes[1][0]
