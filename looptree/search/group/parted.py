"""Tensors that several layers of a group use, stored inside the branch of each of them.

Such a tensor may have a storage node inside the branch of every layer that reads or makes it, below own loops of each,
instead of one above all branches. Off chip it stands anyway: it comes from there, or it leaves the group, or it is
spilled. Each reader fetches it for itself, and the layer that makes it writes it out in pieces. What it takes and moves
in one branch does not depend on the others, so a group with such nodes is a group in which each of these layers uses a
tensor of its own, which is only ever stored inside its branch. A mapping has no tensor both above the branches and
inside one of them. Layers that then have no tensor in common are no group, as elsewhere.

Where the layer that makes such a tensor is in the group, too, it still makes what its readers need: what each layer
does is inferred as in the group as it is. Each word is computed once, as of any tensor that is off chip as well.

The loops above the branch are those of the group as it is: which ranks of several sinks they tile together may depend
on what these share.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from looptree.search.asked.loops import merged
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


def sets_within(part: Workload, tensors: Collection[str]) -> Iterator[frozenset[str]]:
    """All sets of some tensors without which the layers of a group still hang together, small ones first.

    Without one of its tensors such a set is one as well, so each comes from a smaller one.
    """
    found = [frozenset[str]()]
    while found:
        larger = dict.fromkeys(known | {tensor} for known in found for tensor in tensors if tensor not in known)
        found = [known for known in larger if _linked(part, known)]
        yield from found


def _linked(part: Workload, but: Collection[str]) -> bool:
    """Whether all layers hang together by tensors that they share, other than some."""
    users: dict[str, list[int]] = {}
    for number, einsum in enumerate(part.einsums):
        for tensor in {*einsum.reads, einsum.output.tensor}.difference(but):
            users.setdefault(tensor, []).append(number)
    tied = [pair for numbers in users.values() for pair in itertools.pairwise(numbers)]
    return len(merged(tuple((number,) for number in range(len(part.einsums))), tied)) == 1


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
