"""Published designs applied to workloads: a point of the taxonomy becomes a mapping tree.

Assumptions made here:

* On-chip data lives at the outermost on-chip level of the architecture.
* A tensor that a group reads but does not produce is a weight where it is an input of the workload and no
  Einsum of the group reads it as its first input; otherwise it is an input.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from looptree.architecture import Architecture
from looptree.errors import InputError, nearest
from looptree.resources import find
from looptree.resources import names as resource_names
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.group_tensors import tensor_kinds
from looptree.taxonomy.point import Amount, Point, PointLoop, read_point
from looptree.taxonomy.tree import LoopTree, RankRef, Temporal
from looptree.workload.workload import Workload

_FOLDER = "points/"


def point_names() -> list[str]:
    """The names of all published designs, sorted."""
    return [name.removeprefix(_FOLDER) for name in resource_names("taxonomy") if name.startswith(_FOLDER)]


def load_point(name: str | Path) -> Point:
    """A published design by name, or a point of your own by `Path`.

    Raises:
        InputError: there is no such design, or the file is not a point.
    """
    if isinstance(name, Path):
        return read_point(name)
    if name not in point_names():
        raise InputError(f"there is no point {name!r} in the taxonomy", hint=nearest(name, point_names()))
    return read_point(find("taxonomy", _FOLDER + name))


def apply_point(
    point: Point | str,
    workload: Workload,
    architecture: Architecture,
    blocks: Sequence[tuple[str, ...]] | None = None,
    /,
    **parameters: int,
) -> LoopTree:
    """The mapping tree of a published design for a workload.

    A tile larger than its rank becomes the whole rank.

    Args:
        point: a point or the name of a published design.
        workload: what is computed.
        architecture: at least one level on chip; data is kept at the outermost of them.
        blocks: all layers in groups that take the place of those of the point; a group of one layer runs alone.
        parameters: values of the parameters of the point that differ from their defaults.

    Raises:
        InputError: an unknown point or parameter, no level on chip, or a sink without the rank of a loop.
    """
    found = load_point(point) if isinstance(point, str) else point
    values = found.values(parameters)
    if len(architecture.levels) < 2:
        raise InputError(
            "expected a memory level on chip, found one level", where=f"architecture {architecture.name!r}"
        )
    level = architecture.levels[1].name
    groups = blocks if blocks is not None else _groups(found, values, workload)
    choices = [
        _choice(found, values, workload, einsums, level, looped=_is_looped(found, index, einsums, blocks is not None))
        for index, einsums in enumerate(groups)
    ]
    return plan_tree(workload, architecture, choices)


def _is_looped(point: Point, index: int, einsums: tuple[str, ...], are_given: bool) -> bool:
    return len(einsums) > 1 if are_given else index == 0 or point.fuse != "first"


def point_choice(
    point: Point | str, workload: Workload, architecture: Architecture, einsums: Sequence[str], **parameters: int
) -> GroupChoice:
    """A published design as the choice of one fusion group of some layers, whatever it fuses otherwise.

    Raises:
        InputError: an unknown point or parameter, or a sink without the rank of a loop.
    """
    found = load_point(point) if isinstance(point, str) else point
    level = architecture.levels[1].name
    return _choice(found, found.values(parameters), workload, tuple(einsums), level, looped=True)


def _value(amount: Amount, values: dict[str, int]) -> int:
    return values[amount] if isinstance(amount, str) else amount


def _groups(point: Point, values: dict[str, int], workload: Workload) -> list[tuple[str, ...]]:
    names = tuple(einsum.name for einsum in workload.einsums)
    if point.fuse == "all":
        return [names]
    if point.fuse == "each":
        return [(name,) for name in names]
    if point.fuse == "first":
        count = _value(point.layers, values)
        return [names[:count], *((name,) for name in names[count:])]
    return _chains(workload)


def _chains(workload: Workload) -> list[tuple[str, ...]]:
    """Longest runs of layers in which each feeds only the next, and the next reads no other intermediate."""
    chain_of: dict[str, list[str]] = {}
    chains: list[list[str]] = []
    for einsum in workload.einsums:
        produced = [tensor for tensor in einsum.reads if workload.producer(tensor) is not None]
        before = workload.producer(produced[0]) if len(produced) == 1 else None
        alone = before is not None and len(workload.consumers(produced[0])) == 1 and produced[0] not in workload.outputs
        chain = chain_of[before.name] if before is not None and alone else []
        if not chain:
            chains.append(chain)
        chain.append(einsum.name)
        chain_of[einsum.name] = chain
    return [tuple(chain) for chain in chains]


def _choice(
    point: Point, values: dict[str, int], workload: Workload, einsums: tuple[str, ...], level: str, *, looped: bool
) -> GroupChoice:
    loops: list[Temporal] = []
    depth_of: dict[str, int] = {}
    for loop in point.loops if looped else ():
        temporal = _loop(point, loop, values, workload, _sinks(workload, einsums))
        loops += [temporal] if temporal else []
        depth_of |= dict.fromkeys(loop.ranks, len(loops))
    kinds = tensor_kinds(workload, einsums)
    below = {tensor: point.retention[kind] for tensor, kind in kinds.items() if kind in point.retention}
    retention = {tensor: 0 if rank is None else depth_of.get(rank, 0) for tensor, rank in below.items()}
    return GroupChoice(
        einsums,
        tuple(loops),
        retention,
        drop=frozenset(tensor for tensor in retention if kinds[tensor] in point.drop),
        spilled=frozenset(t for t, kind in kinds.items() if kind == "intermediate" and point.refetch),
        parallelism=point.parallelism,
        level=level,
    )


def _loop(
    point: Point, loop: PointLoop, values: dict[str, int], workload: Workload, sinks: Sequence[str]
) -> Temporal | None:
    """The loop over the sinks of a group; `None` where it is optional and a sink has no such rank."""
    ranks: list[str] = []
    for sink in sinks:
        extents = workload.einsum(sink).ranks
        rank = next((rank for rank in loop.ranks if rank in extents), None)
        if rank is None and loop.optional:
            return None
        if rank is None:
            raise InputError(
                f"the sink {sink!r} has no rank {' or '.join(loop.ranks)}",
                where=f"point {point.name!r}",
                hint=f"it has {', '.join(extents)}; apply the point to the layers that have this rank",
            )
        ranks.append(rank)
    extent = min(workload.einsum(sink).ranks[rank] for sink, rank in zip(sinks, ranks, strict=True))
    amount = _value(loop.amount, values)
    tile = -(-extent // min(amount, extent)) if loop.in_parts else min(amount, extent)
    if len(set(ranks)) == 1:
        return Temporal((RankRef(ranks[0]),), tile)
    return Temporal(tuple(RankRef(rank, sink) for sink, rank in zip(sinks, ranks, strict=True)), tile)


def _sinks(workload: Workload, einsums: Sequence[str]) -> list[str]:
    read = {tensor for name in einsums for tensor in workload.einsum(name).reads}
    return [name for name in einsums if workload.einsum(name).output.tensor not in read]
