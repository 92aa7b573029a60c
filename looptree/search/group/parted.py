"""Tensors that several layers of a group read, stored inside the branch of each of them.

Such a tensor, if it comes from off chip, may have a storage node inside the branch of every layer that reads it, below
own loops of each, instead of one above all branches. It is then fetched for each of them. What it takes and moves in
one branch does not depend on the others, so a group with such nodes is a group in which each of these layers reads a
tensor of its own, which is only ever stored inside its branch. A mapping has no tensor both above the branches and
inside one of them. Layers that then have no tensor in common are no group, as elsewhere.

The loops above the branch are those of the group as it is: which ranks of several sinks they tile together may depend
on what these share.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import replace

from looptree.search.asked.loops import merged
from looptree.search.group.group import Group
from looptree.workload import Einsum, Workload


def parted_groups(group: Group) -> list[Group]:
    """The group with some of its inputs stored inside the branches of their readers, for each such set of inputs."""
    if not group.fused or not group.space.leaf_loops or group.inside is not None or not group.possible:
        return []
    inputs = [
        tensor
        for tensor, rule in zip(group.tensors, group.rules, strict=True)
        if tensor in group.part.inputs
        and len(group.users[tensor]) > 1
        and not rule.given
        and tensor not in group.apart | group.direct
    ]
    sets = itertools.chain.from_iterable(itertools.combinations(inputs, n + 1) for n in range(len(inputs)))
    return [
        group.parted(part, origin) for part, origin in (_parted(group.part, some) for some in sets) if _linked(part)
    ]


def _linked(part: Workload) -> bool:
    """Whether all layers hang together by tensors that they share."""
    users: dict[str, list[int]] = {}
    for number, einsum in enumerate(part.einsums):
        for tensor in (*einsum.reads, einsum.output.tensor):
            users.setdefault(tensor, []).append(number)
    tied = [pair for numbers in users.values() for pair in itertools.pairwise(numbers)]
    return len(merged(tuple((number,) for number in range(len(part.einsums))), tied)) == 1


def _parted(part: Workload, tensors: Collection[str]) -> tuple[Workload, dict[str, str]]:
    """The segment with a tensor for each reader of some inputs, and which input each of them is."""
    origin: dict[str, str] = {}
    einsums = [_reading(einsum, tensors, origin) for einsum in part.einsums]
    names = {access.tensor for e in einsums for access in (*e.inputs, e.output)}
    known = {name: part.tensors[origin.get(name, name)] for name in names}
    parted = Workload(
        part.name,
        einsums,
        shapes={name: tensor.shape for name, tensor in known.items()},
        bits={name: tensor.bits for name, tensor in known.items()},
        outputs=part.declared_outputs,
        read_later=part.read_later,
    )
    return parted, origin


def _reading(einsum: Einsum, tensors: Collection[str], origin: dict[str, str]) -> Einsum:
    """A layer that reads tensors of its own instead of some; `origin` gets their names."""
    own = {tensor: f"{tensor} of {einsum.name}" for tensor in einsum.reads if tensor in tensors}
    origin |= {name: tensor for tensor, name in own.items()}
    inputs = tuple(replace(access, tensor=own.get(access.tensor, access.tensor)) for access in einsum.inputs)
    return replace(einsum, inputs=inputs) if own else einsum
