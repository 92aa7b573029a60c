"""What can be wrong about the storage nodes of a mapping: where they stand, and which tensors they hold."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.taxonomy.design import BoundChain, Place
from looptree.taxonomy.tree import Branch, Chain, Storage, Temporal, where_of
from looptree.workload.workload import Workload


def check_own(architecture: Architecture, node: Storage) -> None:
    """Below a loop over the cores only what each core has for itself can hold anything."""
    if not architecture.in_core(node.level):
        raise InputError(
            f"all cores share {node.level}, and here is a spatial loop over the cores above",
            where=where_of(node, f"storage at {node.level}"),
            hint="put the node above that loop, or name a level further in",
        )


def check_held(workload: Workload, architecture: Architecture, node: Storage, tensor: str) -> None:
    """A memory level says itself which tensors it may hold."""
    level, kind = architecture.level(node.level), workload.kind(tensor)
    if not level.may_hold(tensor, kind):
        others = [x.name for x in architecture.levels if x.may_hold(tensor, kind)]
        raise InputError(
            f"{level.name} of architecture {architecture.name!r} may not hold {tensor!r} (kind: {kind})",
            where=where_of(node, f"storage at {node.level}"),
            hint=f"levels that may: {', '.join(others)}" if others else "no level may: see keeps and bypasses",
        )


def check_lifetime(node: Storage, chain: Chain, position: int, depth: int, *, pipelined: bool) -> None:
    """Tensors that take space from first to last use need branches below that take turns once."""
    kind = chain.end.kind if isinstance(chain.end, Branch) else "compute"
    if depth:
        problem, hint = "it stands below a loop", "move the node above all loops"
    elif pipelined or kind == "pipeline":
        problem, hint = "the branches of a pipeline run at once", "let them take turns (sequential)"
    elif kind == "compute":
        problem, hint = "there is no branch below it", "move it above the branch over the groups that share it"
    elif any(isinstance(inner, Temporal) for inner in chain.inner[position:]):
        problem, hint = "a loop stands between it and its branch", "move the loop into the branches"
    else:
        return
    raise InputError(
        f"{', '.join(node.tensors)} cannot have lifetime: uses, because {problem}",
        where=where_of(node, f"storage at {node.level}"),
        hint=f"{hint}, or leave out the lifetime",
    )


def check_shared(
    workload: Workload, architecture: Architecture, places: Sequence[Place], chains: Sequence[BoundChain]
) -> None:
    """Every tensor has one outermost node, above all that use it, and off chip if it enters or leaves the workload."""
    outermost: dict[str, list[Place]] = {}
    for place in places:
        if place.parent is None:
            outermost.setdefault(place.tensor, []).append(place)
    off_chip = architecture.off_chip.name
    boundary = {*workload.inputs, *workload.outputs}
    for tensor in workload.tensors:
        found = outermost.get(tensor, [])
        if not any(level.may_hold(tensor, workload.kind(tensor)) for level in architecture.levels):
            raise InputError(
                f"no memory level of architecture {architecture.name!r} may hold tensor {tensor!r} "
                f"(kind: {workload.kind(tensor)})",
                hint="see keeps, bypasses and partitions of its levels",
            )
        if not found:
            raise InputError(
                f"mapping: tensor {tensor!r} is stored nowhere", hint="name it in a storage node above its einsums"
            )
        users = _users(workload, tensor)
        outside = users - set(chains[found[0].chain].einsums)
        if len(found) > 1 or outside:
            raise InputError(
                f"mapping: no storage node of tensor {tensor!r} is shared by all of {', '.join(sorted(users))}",
                hint="its outermost storage node stands above the branch in which they part",
            )
        if tensor in boundary and found[0].level != off_chip:
            what = "an input" if tensor in workload.inputs else "an output"
            raise InputError(
                f"mapping: tensor {tensor!r} is {what} of the workload but is not stored at {off_chip}",
                hint=f"add it to a storage node of {off_chip}",
            )


def _users(workload: Workload, tensor: str) -> set[str]:
    users = {c.name for c in workload.consumers(tensor)}
    producer = workload.producer(tensor)
    return users | ({producer.name} if producer else set())
