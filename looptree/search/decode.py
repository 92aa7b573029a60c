"""Designs of the search as choices of the taxonomy."""

from __future__ import annotations

from looptree.model.inside.resolve import nest_nodes
from looptree.search.design import GroupDesign
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload


def choice_of(part: Workload, design: GroupDesign, level: str, inner: str = "") -> GroupChoice:
    """The design of a segment as a choice of the taxonomy; `inner` is the level of nests inside tiles."""
    if design.pinned is not None:
        return design.pinned
    return GroupChoice(
        einsums=tuple(e.name for e in part.einsums),
        loops=tuple(
            Temporal(tuple(RankRef(rank, einsum) for einsum, rank in ranks), tile) for ranks, tile in design.loops
        ),
        retention=dict(design.retention),
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
        inside={
            layer: nest_nodes(layer, inner, nest, again=len(part.einsums) > 1 and bool(design.loops))
            for layer, nest in design.nests.items()
        },
    )
