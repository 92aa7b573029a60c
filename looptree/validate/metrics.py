"""The numbers of an evaluation that publications give, by name.

Assumptions made here:

* On chip means the outermost level below the off-chip one.
* A weight is an input of the workload that no layer reads as its first operand; every other tensor is a feature map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache

from looptree.errors import InputError, UnsupportedError
from looptree.model import Evaluation, evaluate
from looptree.model.groups import groups_of
from looptree.model.inference import infer
from looptree.model.inside import with_nests
from looptree.model.latency import chain_cycles
from looptree.taxonomy.binding import bind
from looptree.validate.case import UNITS, Measure
from looptree.validate.ramp import ramped_cycles
from looptree.validate.row_tiles import column_buffer_bytes, whole_tile_operations
from looptree.validate.settings import Designed
from looptree.validate.waiting import waiting_bytes
from looptree.workload import Workload
from looptree.workload.einsum import Einsum

_SETS = ("intermediates", "feature_maps_but_outputs")


def measured(design: Designed, measure: Measure) -> Fraction:
    """The number of the model, in the unit of the measure.

    Raises:
        InputError: `of` names what the workload does not have.
    """
    return METRICS[measure.metric](design, measure.of) / UNITS[measure.unit]


@cache
def evaluation_of(design: Designed) -> Evaluation:
    """The evaluation of a design, made once."""
    return evaluate(design.workload, design.architecture, design.tree)


def _multiply_accumulates(design: Designed, _of: str) -> Fraction:
    return Fraction(sum(_counts(design)))


def _whole_tiles(design: Designed, _of: str) -> Fraction:
    groups = [group.einsums for group in evaluation_of(design).groups]
    return Fraction(whole_tile_operations(design.workload, design.architecture, groups))


def _extra(design: Designed, _of: str) -> Fraction:
    return Fraction(_counts(design)[1])


def _factor(design: Designed, _of: str) -> Fraction:
    once, extra = _counts(design)
    return Fraction(once + extra, once)


def _counts(design: Designed) -> tuple[int, int]:
    """Multiply-accumulates done once, and those done again."""
    operations = evaluation_of(design).operations
    counts = [operations[einsum.name] for einsum in design.workload.einsums if einsum.operation == "mac"]
    extra = sum(count.recomputed for count in counts)
    return sum(count.total for count in counts) - extra, extra


def _off_chip_reads(design: Designed, _of: str) -> Fraction:
    evaluation = evaluation_of(design)
    return Fraction(sum(moved.reads_bytes for moved in evaluation.transfers[evaluation.off_chip].values()))


def _off_chip_writes(design: Designed, _of: str) -> Fraction:
    evaluation = evaluation_of(design)
    return Fraction(sum(moved.writes_bytes for moved in evaluation.transfers[evaluation.off_chip].values()))


def _off_chip(design: Designed, _of: str) -> Fraction:
    return Fraction(evaluation_of(design).offchip_bytes)


def _off_chip_feature_maps(design: Designed, _of: str) -> Fraction:
    evaluation, weights = evaluation_of(design), _weights(design.workload)
    moved = evaluation.transfers[evaluation.off_chip].items()
    return Fraction(sum(t.reads_bytes + t.writes_bytes for name, t in moved if name not in weights))


def _off_chip_of_convolutions(design: Designed, _of: str) -> Fraction:
    """Groups with multiply-accumulates, weights not counted; each group reads its weights once."""
    workload, weights = design.workload, _weights(design.workload)
    total = 0
    for group in evaluation_of(design).groups:
        einsums = [workload.einsum(name) for name in group.einsums]
        if any(einsum.operation == "mac" for einsum in einsums):
            read = {tensor for einsum in einsums for tensor in einsum.reads}
            total += group.offchip_reads_bytes + group.offchip_writes_bytes
            total -= sum(workload.tensors[tensor].size_bytes for tensor in read & weights)
    return Fraction(total)


def _window(design: Designed, of: str) -> Fraction:
    return Fraction(sum(window for window, _ in _held(design, of)))


def _live(design: Designed, of: str) -> Fraction:
    return Fraction(sum(live for _, live in _held(design, of)))


def _held(design: Designed, of: str) -> list[tuple[int, int]]:
    held = evaluation_of(design).occupancy[_level(design)].per_tensor
    return [held[tensor] for tensor in _tensors(design.workload, of) if tensor in held]


def _waiting(design: Designed, of: str) -> Fraction:
    tensors = _tensors(design.workload, of)
    return waiting_bytes(design.workload, design.architecture, design.tree, tensors)


def _group_feature_maps(design: Designed, of: str) -> Fraction:
    sizes = _sizes_of_groups(design)
    if of not in sizes:
        raise InputError(f"no group starts with layer {of!r}", where=f"workload {design.workload.name!r}")
    return Fraction(sizes[of])


def _largest_group(design: Designed, _of: str) -> Fraction:
    return Fraction(max(_sizes_of_groups(design).values()))


def _largest_group_inside(design: Designed, _of: str) -> Fraction:
    """Inputs and outputs of the whole network are not counted."""
    return Fraction(max(_sizes_of_groups(design, inside=True).values()))


def _peak_in_place(design: Designed, _of: str) -> Fraction:
    """The layer that needs most: what it reads and writes, and the whole output of its fused group.

    A depthwise layer writes over what it reads.
    """
    workload, evaluation = design.workload, evaluation_of(design)
    held = {tensor: window for tensor, (window, _) in evaluation.occupancy[_level(design)].per_tensor.items()}
    weights = _weights(workload)
    largest = 0
    for group in evaluation.groups:
        output = workload.einsum(group.einsums[-1]).output.tensor if len(group.einsums) > 1 else ""
        for name in group.einsums:
            einsum = workload.einsum(name)
            read = {tensor: held[tensor] for tensor in einsum.reads if tensor not in weights}
            written = held[einsum.output.tensor]
            own = max(written, *read.values()) if _is_depthwise(einsum) else written + sum(read.values())
            largest = max(largest, own + (held[output] if output and output != einsum.output.tensor else 0))
    return Fraction(largest)


def _is_depthwise(einsum: Einsum) -> bool:
    """Each channel of the output depends on the same channel of the input only."""
    shapes = einsum.inputs[0].projection, einsum.output.projection
    is_weighted = einsum.operation == "mac" and len(einsum.inputs) > 1
    return is_weighted and all(len(shape) > 2 for shape in shapes) and shapes[0][0] == shapes[1][0]


def _sizes_of_groups(design: Designed, *, inside: bool = False) -> dict[str, int]:
    """Window bytes of feature maps by the first layer of each group; what is left out is on chip as a whole."""
    workload, evaluation = design.workload, evaluation_of(design)
    left_out = _weights(workload) | (set(workload.inputs) | set(workload.outputs) if inside else set())
    found = {}
    for group in evaluation.groups:
        touched = {
            t for name in group.einsums for t in (*workload.einsum(name).reads, workload.einsum(name).output.tensor)
        }
        stored = sum(workload.tensors[tensor].size_bytes for tensor in touched & left_out)
        found[group.einsums[0]] = group.occupancy[_level(design)][0] - stored
    return found


def _column_buffers(design: Designed, _of: str) -> Fraction:
    groups = [group.einsums for group in evaluation_of(design).groups]
    return Fraction(column_buffer_bytes(design.workload, groups))


def _compute_cycles(design: Designed, _of: str) -> Fraction:
    return Fraction(evaluation_of(design).latency.compute)


def _compute_cycles_of_convolutions(design: Designed, _of: str) -> Fraction:
    """Groups with multiply-accumulates."""
    bound = with_nests(bind(design.workload, design.architecture, design.tree))
    inferred = infer(bound, live=False)
    groups = [
        group
        for group in groups_of(bound, bound.root)
        if any(design.workload.einsum(name).operation == "mac" for name in group.einsums)
    ]
    return Fraction(sum(chain_cycles(bound, inferred, group) for group in groups))


def _overlapped_cycles(design: Designed, _of: str) -> Fraction:
    return evaluation_of(design).latency.overlapped


def _stepwise_cycles(design: Designed, _of: str) -> Fraction:
    latency = evaluation_of(design).latency
    if latency.stepwise is None:
        raise UnsupportedError(latency.refused)
    return latency.stepwise.cycles


def _ramped_cycles(design: Designed, of: str) -> Fraction:
    return ramped_cycles(evaluation_of(design), of.split(", "))


def _active_units(design: Designed, _of: str) -> Fraction:
    """Of the layer that uses most."""
    return Fraction(max(layer.units for layer in evaluation_of(design).latency.layers.values()))


def _energy(design: Designed, of: str) -> Fraction:
    energy = evaluation_of(design).energy
    if not of:
        return energy.total
    if of not in energy.per_component:
        known = ", ".join(energy.per_component)
        raise InputError(f"there is no component {of!r}", where="energy", hint=f"known: {known}")
    return sum(energy.per_component[of].values(), Fraction(0))


METRICS: dict[str, Callable[[Designed, str], Fraction]] = {
    "multiply_accumulates": _multiply_accumulates,
    "whole_tile_multiply_accumulates": _whole_tiles,
    "extra_multiply_accumulates": _extra,
    "multiply_accumulates_factor": _factor,
    "offchip_reads_bytes": _off_chip_reads,
    "offchip_writes_bytes": _off_chip_writes,
    "offchip_bytes": _off_chip,
    "offchip_feature_map_bytes": _off_chip_feature_maps,
    "offchip_feature_map_bytes_of_convolutions": _off_chip_of_convolutions,
    "window_bytes": _window,
    "live_bytes": _live,
    "waiting_bytes": _waiting,
    "group_feature_map_bytes": _group_feature_maps,
    "largest_group_feature_map_bytes": _largest_group,
    "largest_group_inside_bytes": _largest_group_inside,
    "column_buffer_bytes": _column_buffers,
    "peak_in_place_bytes": _peak_in_place,
    "compute_cycles": _compute_cycles,
    "compute_cycles_of_convolutions": _compute_cycles_of_convolutions,
    "overlapped_cycles": _overlapped_cycles,
    "stepwise_cycles": _stepwise_cycles,
    "ramped_cycles": _ramped_cycles,
    "active_units": _active_units,
    "energy_pj": _energy,
}
"""What each number is, is explained in `validation/README.md`."""


def _level(design: Designed) -> str:
    return design.architecture.levels[1].name


def _tensors(workload: Workload, of: str) -> Iterable[str]:
    weights = _weights(workload)
    kept = [tensor for tensor in workload.tensors if tensor not in weights]
    if not of:
        return workload.tensors
    if of in _SETS:
        inputs = set(workload.inputs) if of == _SETS[0] else set()
        return [tensor for tensor in kept if tensor not in workload.outputs and tensor not in inputs]
    named = of.split(", ")
    for tensor in named:
        if tensor not in workload.tensors:
            raise InputError(f"there is no tensor {tensor!r}", where=f"workload {workload.name!r}")
    return named


def _weights(workload: Workload) -> set[str]:
    return set(workload.inputs) - {einsum.inputs[0].tensor for einsum in workload.einsums}
