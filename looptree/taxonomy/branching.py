"""What can be wrong about the branches of a mapping: their order, and how a pipeline divides the units."""

from __future__ import annotations

from looptree.architecture import Architecture
from looptree.errors import InputError, nearest
from looptree.taxonomy.tree import Branch, Split
from looptree.workload.workload import Workload


def check_split(architecture: Architecture, split: Split, branches: int, *, pipelined: bool) -> None:
    """A pipeline divides ranks or axes that there are, among no more branches than they have."""
    where = f"mapping: pipeline that divides {split.axis}"
    extents = {**architecture.compute.spatial, **architecture.axes}
    if pipelined:
        hint = "a pipeline inside a pipeline takes turns: let the outer one divide the units"
        raise InputError("it stands inside another pipeline", where=where, hint=hint)
    if split.axis not in extents:
        problem = (
            f"there is neither a rank {split.axis!r} of compute.spatial nor an axis {split.axis!r} of the array or "
            f"the cores in architecture {architecture.name!r}"
        )
        raise InputError(problem, where=where, hint=nearest(split.axis, extents))
    needed = sum(split.shares) if split.shares is not None else branches
    if needed > extents[split.axis]:
        shares = "shares of " + " + ".join(map(str, split.shares)) if split.shares else f"{branches} branches"
        raise InputError(
            f"{shares} need {needed} of {split.axis}, which is {extents[split.axis]}",
            where=where,
            hint="give the branches less, or let some take turns (sequential)",
        )


def check_order(workload: Workload, branch: Branch) -> None:
    """A branch stands after those that produce what it reads."""
    position = {name: i for i, chain in enumerate(branch.chains) for name in chain.einsums()}
    for name, index in position.items():
        for tensor in workload.einsum(name).reads:
            producer = workload.producer(tensor)
            if producer is not None and position.get(producer.name, index) > index:
                raise InputError(
                    f"mapping: {name!r} reads {tensor!r} before {producer.name!r} has produced it",
                    hint=f"put the branch of {producer.name!r} first",
                )
