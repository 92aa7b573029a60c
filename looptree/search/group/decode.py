"""Designs of the search as choices of the taxonomy.

A tensor of which everything that is read and written lies outside takes no place, so that a design says nothing about
it; without a node, though, its operands would come from off chip one by one, or go there.
"""

from __future__ import annotations

from collections.abc import Sequence

from looptree.model.inside.resolve import nodes_of
from looptree.search.asked.loops import Rank
from looptree.search.group.design import GroupDesign
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload


def choice_of(part: Workload, design: GroupDesign, level: str, inner: Sequence[str] = ()) -> GroupChoice:
    """The design of a segment as a choice of the taxonomy; `inner` are the levels of nests inside tiles."""
    if design.pinned is not None:
        return design.pinned
    nested = design.nested
    return GroupChoice(
        einsums=tuple(e.name for e in part.einsums) if nested is None else nested.chosen.order,
        loops=_loops(design.loops),
        retention={**dict.fromkeys(_untouched(part), 0), **design.retention},
        drop=design.dropped,
        spilled=design.spilled,
        leaf_loops={
            layer: tuple(Temporal((RankRef(rank, layer),), tile) for rank, tile in way.loops)
            for layer, way in design.streaming.items()
            if way.loops
        },
        leaf_retention={
            layer: {tensor: share.loops for tensor, share in way.tensors.items()}
            for layer, way in design.streaming.items()
        },
        parallelism="pipeline" if design.pipeline else "sequential",
        level=level,
        reload=frozenset(t for way in design.streaming.values() for t, share in way.tensors.items() if not share.moves),
        inside={
            layer: nodes_of(layer, inner, nests, again=len(part.einsums) > 1 and bool(design.loops))
            for layer, nests in design.nests.items()
        },
        nested=()
        if nested is None
        else (GroupChoice(nested.chosen.layers, _loops(nested.loops), nested.retention, level=level),),
    )


def _loops(loops: Sequence[tuple[Rank, int]]) -> tuple[Temporal, ...]:
    return tuple(Temporal(tuple(RankRef(rank, einsum) for einsum, rank in ranks), tile) for ranks, tile in loops)


def _untouched(part: Workload) -> list[str]:
    """Tensors of which a segment reads and writes nothing: all its coordinates lie outside."""
    touched: set[str] = set()
    found: dict[str, None] = {}
    for einsum in part.einsums:
        for access in (*einsum.inputs, einsum.output):
            extents = part.tensors[access.tensor].shape
            inside = [
                form.hull(einsum.box).clip(extent) for form, extent in zip(access.projection, extents, strict=True)
            ]
            found[access.tensor] = None
            touched |= {access.tensor} if all(inside) else set()
    return [tensor for tensor in found if tensor not in touched]
