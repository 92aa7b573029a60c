"""Segments in which single layers have a tensor of their own instead of one that several use.

See `looptree.search.group.parted` for what they are good for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from looptree.workload import Einsum, Workload


@dataclass(frozen=True, eq=False, slots=True)
class Parting:
    """A group with some of its tensors stored inside the branches of the layers that use them.

    Attributes:
        part: the segment, in which each reader has a tensor of its own. tied: the same, in which readers of what is
            made in the group read it as it is: it says what each layer does.
        origin: tensors that are only stored inside branches, with the tensor of the group that each of them is.
        users: of those that are made in the group, the tensor and the one layer that uses it so.
    """

    part: Workload
    tied: Workload
    origin: Mapping[str, str]
    users: Mapping[str, tuple[str, str]]


def parting(part: Workload, tensors: Collection[str]) -> Parting:
    """The group with these tensors stored inside the branches of the layers that use them."""
    made = {e.output.tensor: e.name for e in part.einsums if e.output.tensor in tensors}
    inputs = {tensor: tensor for tensor in tensors if tensor not in made}
    origin = {tensor: tensor for tensor in made}
    einsums = [_reading(e, inputs | {tensor: f"made {tensor}" for tensor in made}, origin) for e in part.einsums]
    users = {tensor: (tensor, name) for tensor, name in made.items()}
    users |= {name: (origin[name], e.name) for e in einsums for name in e.reads if origin.get(name) in made}
    return Parting(
        _with(part, einsums, origin),
        _with(part, [_reading(e, inputs, {}) for e in part.einsums], origin),
        origin,
        users,
    )


def _with(part: Workload, einsums: Collection[Einsum], origin: Mapping[str, str]) -> Workload:
    """A segment with other layers."""
    names = {access.tensor for e in einsums for access in (*e.inputs, e.output)}
    known = {name: part.tensors[origin.get(name, name)] for name in names}
    return Workload(
        part.name,
        einsums,
        shapes={name: tensor.shape for name, tensor in known.items()},
        bits={name: tensor.bits for name, tensor in known.items()},
        outputs=part.declared_outputs,
        read_later=part.read_later,
    )


def _reading(einsum: Einsum, names: Mapping[str, str], origin: dict[str, str]) -> Einsum:
    """A layer that reads tensors of its own instead of some, with names from these; `origin` gets them."""
    own = {tensor: f"{names[tensor]} of {einsum.name}" for tensor in einsum.reads if tensor in names}
    origin |= {name: tensor for tensor, name in own.items()}
    inputs = tuple(replace(access, tensor=own.get(access.tensor, access.tensor)) for access in einsum.inputs)
    return replace(einsum, inputs=inputs) if own else einsum
