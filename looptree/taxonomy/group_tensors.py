"""The tensors of a fusion group, and what each of them is to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from looptree.workload.workload import Workload


def group_tensors(workload: Workload, einsums: Iterable[str]) -> tuple[str, ...]:
    """The tensors that the Einsums read or write, each once, in the order of their accesses."""
    found: dict[str, None] = {}
    for name in einsums:
        einsum = workload.einsum(name)
        for access in einsum.inputs:
            found[access.tensor] = None
        found[einsum.output.tensor] = None
    return tuple(found)


def tensor_kinds(workload: Workload, einsums: Sequence[str]) -> dict[str, str]:
    """What each tensor is to a group: `input`, `weight` (no layer's first input), `intermediate` or `output`."""
    produced = {workload.einsum(name).output.tensor for name in einsums}
    first = {workload.einsum(name).inputs[0].tensor for name in einsums}
    kinds: dict[str, str] = {}
    for tensor in group_tensors(workload, einsums):
        if tensor not in produced:
            kinds[tensor] = "weight" if tensor in workload.inputs and tensor not in first else "input"
        else:
            inside = all(consumer.name in einsums for consumer in workload.consumers(tensor))
            kinds[tensor] = "intermediate" if inside and tensor not in workload.outputs else "output"
    return kinds
