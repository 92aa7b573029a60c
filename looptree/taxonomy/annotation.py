"""The choices written on the layer graph: one set of attributes per layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from looptree.errors import InputError
from looptree.taxonomy.group import GroupChoice, group_tensors, off_chip_tensors
from looptree.workload.workload import Workload


class _Graph(Protocol):
    """What is needed of a `networkx` graph here."""

    @property
    def nodes(self) -> Any: ...

    def copy(self) -> Any: ...


Graph = TypeVar("Graph", bound=_Graph)


def annotate_graph(graph: Graph, workload: Workload, groups: Sequence[GroupChoice]) -> Graph:
    """A copy of the layer graph with the choices of its layers as node attributes.

    Each node (the name of an Einsum) gets `fusion_group` (position of its group), `tiling` (pairs of rank
    and tile, outermost first), `schedule` (the ranks alone, in loop order), `retention` (tensor -> loops above its
    on-chip node, counted along the path), `recompute_or_refetch` (tensor -> `retained` where it is kept whole,
    `recompute` or `refetch`: what happens to the part that is not retained) and `parallelism`.

    Raises:
        InputError: a layer of the graph that no group computes.
    """
    annotated: Graph = graph.copy()
    stored = off_chip_tensors(workload, groups)
    for index, choice in enumerate(groups):
        for einsum in choice.einsums:
            annotated.nodes[einsum].update(_attributes(workload, choice, einsum, stored), fusion_group=index)
    for name, attributes in annotated.nodes(data=True):
        if "fusion_group" not in attributes:
            raise InputError(f"einsum {name!r} is in no fusion group", where=f"workload {workload.name!r}")
    return annotated


def _attributes(workload: Workload, choice: GroupChoice, einsum: str, stored: set[str]) -> dict[str, Any]:
    loops = (*choice.loops, *choice.leaf_loops.get(einsum, ()))
    inside = choice.leaf_retention.get(einsum, {})
    depths = {**choice.retention, **{tensor: len(choice.loops) + depth for tensor, depth in inside.items()}}
    retention = {t: depths[t] for t in group_tensors(workload, (einsum,)) if t in depths}
    return {
        "tiling": tuple((loop.label, loop.tile) for loop in loops),
        "schedule": tuple(loop.label for loop in loops),
        "retention": retention,
        "recompute_or_refetch": {t: _fate(t, depth, stored) for t, depth in retention.items()},
        "parallelism": choice.parallelism,
    }


def _fate(tensor: str, depth: int, stored: set[str]) -> str:
    if depth == 0:
        return "retained"
    return "refetch" if tensor in stored else "recompute"
