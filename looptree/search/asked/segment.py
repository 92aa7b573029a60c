"""A run of layers as a workload of its own, and its shape: equal shapes are searched once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import Inner, RankRef, Storage, Temporal
from looptree.workload import Affine, Einsum, Workload


def segment(workload: Workload, names: Sequence[str]) -> Workload:
    """The named Einsums alone; what others read of their outputs is declared as output, and as read later."""
    inside = set(names)
    einsums = [e for e in workload.einsums if e.name in inside]
    outputs = leaving(workload, einsums)
    tensors = {a.tensor for e in einsums for a in (*e.inputs, e.output)}
    return Workload(
        "+".join(names),
        einsums,
        shapes={t: workload.tensors[t].shape for t in tensors},
        bits={t: workload.tensors[t].bits for t in tensors},
        outputs=outputs,
        read_later=[t for t in outputs if read_later(workload, t, inside)],
    )


def leaving(workload: Workload, einsums: Sequence[Einsum]) -> list[str]:
    """Outputs of some Einsums that others read, or that are outputs of the workload."""
    inside, made = {e.name for e in einsums}, [e.output.tensor for e in einsums]
    outputs = set(workload.outputs)
    return [t for t in made if t in outputs or any(c.name not in inside for c in workload.consumers(t))]


def read_later(workload: Workload, tensor: str, inside: Collection[str]) -> bool:
    """Whether layers other than some read a tensor."""
    return tensor in workload.read_later or any(c.name not in inside for c in workload.consumers(tensor))


@dataclass(frozen=True, slots=True)
class Shape:
    """A segment with the names taken out.

    Attributes:
        key: equal for segments that differ in names only.
        einsums: names of the Einsums, in the order of the key. tensors, ranks: likewise.
    """

    key: tuple[Any, ...]
    einsums: tuple[str, ...]
    tensors: tuple[str, ...]
    ranks: tuple[str, ...]


def shape_of(part: Workload, named: Collection[str] = ()) -> Shape:
    """The shape of a segment; `named` are ranks whose names matter, because the array has extents for them.

    That of layers in another order is another one; see `looptree.search.asked.shapes` for groups of a network.
    """
    number: dict[str, int] = {}
    rank: dict[str, int] = {}
    layers = []
    for e in part.einsums:
        ranks = tuple((rank.setdefault(r, len(rank)), r if r in named else "", extent) for r, extent in e.ranks.items())
        accesses = tuple(
            (number.setdefault(a.tensor, len(number)), tuple(_numbered(form, rank) for form in a.projection))
            for a in (*e.inputs, e.output)
        )
        layers.append((ranks, accesses, e.operation))
    ragged = part.ragged & set(part.read_later)
    tensors = tuple((part.tensors[t].shape, part.tensors[t].bits, t in part.outputs, t in ragged) for t in number)
    return Shape((tuple(layers), tensors), tuple(e.name for e in part.einsums), tuple(number), tuple(rank))


def _numbered(form: Affine, rank: Mapping[str, int]) -> tuple[object, ...]:
    return tuple((rank[name], factor) for name, factor in form.terms), form.constant


def renamed(choice: GroupChoice, old: Shape, new: Shape) -> GroupChoice:
    """The same choice for another segment of the same shape."""
    einsums = dict(zip(old.einsums, new.einsums, strict=True))
    tensors = dict(zip(old.tensors, new.tensors, strict=True))
    ranks = dict(zip(old.ranks, new.ranks, strict=True))
    return GroupChoice(
        einsums=tuple(einsums[name] for name in choice.einsums),
        loops=_loops(choice.loops, einsums, ranks),
        retention={tensors[t]: depth for t, depth in choice.retention.items()},
        drop=frozenset(tensors[t] for t in choice.drop),
        spilled=frozenset(tensors[t] for t in choice.spilled),
        leaf_loops={einsums[e]: _loops(loops, einsums, ranks) for e, loops in choice.leaf_loops.items()},
        leaf_retention={
            einsums[e]: {tensors[t]: depth for t, depth in depths.items()}
            for e, depths in choice.leaf_retention.items()
        },
        parallelism=choice.parallelism,
        level=choice.level,
        reload=frozenset(tensors[t] for t in choice.reload),
        inside={einsums[e]: _nodes(nodes, einsums, ranks, tensors) for e, nodes in choice.inside.items()},
        nested=tuple(renamed(part, old, new) for part in choice.nested),
    )


def _nodes(
    nodes: Sequence[Inner], einsums: Mapping[str, str], ranks: Mapping[str, str], tensors: Mapping[str, str]
) -> tuple[Inner, ...]:
    """Nodes of a nest."""
    found: list[Inner] = []
    for node in nodes:
        if isinstance(node, Storage):
            found.append(replace(node, tensors=tuple(tensors[t] for t in node.tensors)))
        else:
            found += _loops([node], einsums, ranks)
    return tuple(found)


def _loops(loops: Sequence[Temporal], einsums: Mapping[str, str], ranks: Mapping[str, str]) -> tuple[Temporal, ...]:
    return tuple(
        Temporal(tuple(RankRef(ranks[r.rank], einsums.get(r.einsum or "")) for r in loop.ranks), loop.tile)
        for loop in loops
    )
