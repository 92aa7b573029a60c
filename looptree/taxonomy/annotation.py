"""The choices written on the layer graph: one set of attributes per layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from looptree.errors import InputError, nearest
from looptree.graph import annotate
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import Temporal

LayerGraph = Any
"""A `networkx.DiGraph` as `looptree.graph.layer_graph` makes it; only that package imports networkx."""


def annotate_graph(graph: LayerGraph, groups: Sequence[GroupChoice]) -> LayerGraph:
    """A copy of a layer graph with the choices of its layers as node attributes.

    Each node gets `fusion_group` (position of its group), `tiling` (pairs of rank and tile, outermost first),
    `schedule` (the ranks alone, in loop order), `retention` (tensor -> loops above its on-chip node, counted
    along the path), `recompute_or_refetch` (tensor -> `retained` where it is kept whole, else `recompute` or
    `refetch`: how data comes back that was not retained) and `parallelism`.

    Args:
        graph: what `looptree.graph.layer_graph` makes of the workload.
        groups: the fusion groups of a plan.

    Raises:
        InputError: a layer that no group or no node of the graph has.
    """
    for einsum in (einsum for choice in groups for einsum in choice.einsums):
        if einsum not in graph:
            raise InputError(f"there is no einsum {einsum!r} in the layer graph", hint=nearest(einsum, graph))
    values = {
        einsum: _attributes(graph, choice, einsum) | {"fusion_group": index}
        for index, choice in enumerate(groups)
        for einsum in choice.einsums
    }
    for name in graph:
        if name not in values:
            raise InputError(f"einsum {name!r} is in no fusion group", where=f"workload {graph.name!r}")
    return annotate(graph, values)


def _attributes(graph: LayerGraph, choice: GroupChoice, einsum: str) -> dict[str, Any]:
    loops, depths = _path(choice, einsum)
    made_here = {graph.nodes[producer]["output"]: producer for producer in (einsum, *graph.predecessors(einsum))}
    node = graph.nodes[einsum]
    retention = {t: depths[t] for t in (*made_here, *node["inputs"], *node["weights"]) if t in depths}
    return {
        "tiling": tuple((loop.label, loop.tile) for loop in loops),
        "schedule": tuple(loop.label for loop in loops),
        "retention": retention,
        "recompute_or_refetch": {
            tensor: _fate(graph, choice, tensor, depth, made_here.get(tensor)) for tensor, depth in retention.items()
        },
        "parallelism": choice.parallelism,
    }


def _path(choice: GroupChoice, einsum: str) -> tuple[tuple[Temporal, ...], dict[str, int]]:
    """The loops around a layer, and how many of them stand above the node of each tensor."""
    part = next((part for part in choice.nested if einsum in part.einsums), None)
    own, inside = choice.leaf_loops.get(einsum, ()), choice.leaf_retention.get(einsum, {})
    if part is not None:
        own, inside = _path(part, einsum)
    depths = {**choice.retention, **{tensor: len(choice.loops) + depth for tensor, depth in inside.items()}}
    return (*choice.loops, *own), depths


def _fate(graph: LayerGraph, choice: GroupChoice, tensor: str, depth: int, producer: str | None) -> str:
    """How the part of a tensor comes back that is not retained; what stands off chip is read again."""
    if depth == 0:
        return "retained"
    if producer is None or producer not in choice.einsums or tensor in choice.spilled:
        return "refetch"
    crosses = graph.nodes[producer]["leaves"] or any(c not in choice.einsums for c in graph.successors(producer))
    return "refetch" if crosses else "recompute"
