"""The groups of a plan as data: what a picture of the layer graph and the panel of a group need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from looptree.graph import layer_graph
from looptree.graph.layout import Point, lay_out
from looptree.model.result import plain
from looptree.report.html.shown import ShownGroup, ShownPlan
from looptree.report.html.steps import GroupSteps
from looptree.taxonomy.drawing import draw_loop_nests, storage_notes
from looptree.taxonomy.tree import Branch, Chain, Compute, Spatial, Storage


def plan_data(shown: ShownPlan) -> dict[str, Any]:
    """Picture and groups of a plan."""
    steps = GroupSteps(shown.design)
    nests = draw_loop_nests(shown.design, [group.chain for group in shown.groups])
    architecture = shown.design.architecture
    return {
        "title": shown.title,
        "levels": [level.name for level in architecture.levels],
        "capacity": {level.name: level.total_bytes for level in architecture.levels},
        "allocation": architecture.allocation,
        "graph": graph_data(shown),
        "groups": [
            group_data(shown, group) | {"nest": nest, "steps": steps.of(group.chain)}
            for group, nest in zip(shown.groups, nests, strict=True)
        ],
    }


def graph_data(shown: ShownPlan) -> dict[str, Any]:
    """Frames and lines of the layer graph; an edge says which tensor it is and whether that goes off chip."""
    graph = layer_graph(shown.design.workload)
    picture = lay_out([group.result.einsums for group in shown.groups], list(graph.edges))
    outermost = {place.tensor: place.level for place in shown.design.places if place.parent is None}
    off_chip = shown.design.architecture.off_chip.name
    home = {name: index for index, group in enumerate(shown.groups) for name in group.result.einsums}
    return {
        "width": picture.width,
        "height": picture.height,
        "nodes": [
            {"name": name, "group": home[name], "x": frame.x, "y": frame.y, "operation": graph.nodes[name]["operation"]}
            for name, frame in picture.nodes.items()
        ],
        "frames": [[frame.x, frame.y, frame.width, frame.height] for frame in picture.groups],
        "edges": [
            {
                "from": route.source,
                "to": route.target,
                "tensor": graph.edges[route.source, route.target]["tensor"],
                "bytes": graph.edges[route.source, route.target]["bytes"],
                "off": outermost[graph.edges[route.source, route.target]["tensor"]] == off_chip,
                "points": _rounded(route.points),
            }
            for route in picture.routes
        ],
    }


def _rounded(points: Sequence[Point]) -> list[list[float]]:
    return [[round(x, 1), round(y, 1)] for x, y in points]


def group_data(shown: ShownPlan, group: ShownGroup) -> dict[str, Any]:
    """Numbers and tree of one group."""
    result = group.result
    live = shown.design.architecture.allocation == "live"
    return {
        "layers": list(result.einsums),
        "choices": list(group.choices),
        "operations": result.operations,
        "recomputed": result.recomputed,
        "reads": result.offchip_reads_bytes,
        "writes": result.offchip_writes_bytes,
        "occupancy": {name: sizes[live] for name, sizes in result.occupancy.items()},
        "energy": energy_data(result.energy.per_component),
        "busy": {name: plain(cycles) for name, cycles in result.busy_cycles.items()},
        "latency": plain(result.latency_cycles),
        "bottleneck": result.bottleneck,
        "tree": tree_data(group.tree),
    }


def energy_data(per_component: Mapping[str, Mapping[str, Fraction]]) -> dict[str, float | int]:
    """pJ by component, all actions together."""
    return {name: plain(sum(actions.values(), Fraction(0))) for name, actions in per_component.items()}


def tree_data(chain: Chain) -> dict[str, Any]:
    """The tree as nested nodes, each with its kind, its text and what is inside."""
    node = _end(chain.end)
    for inner in reversed(chain.inner):
        if isinstance(inner, Storage):
            node = {
                "kind": "storage",
                "level": inner.level,
                "tensors": list(inner.tensors),
                "notes": storage_notes(inner),
                "inside": [node],
            }
        else:
            node = {
                "kind": "loop",
                "ranks": [str(rank) for rank in inner.ranks],
                "tile": inner.tile,
                "axis": inner.axis if isinstance(inner, Spatial) else None,
                "inside": [node],
            }
    return node


def _end(end: Branch | Compute) -> dict[str, Any]:
    if isinstance(end, Branch):
        return {"kind": end.kind, "inside": [tree_data(chain) for chain in end.chains]}
    return {"kind": "compute", "einsum": end.einsum, "inside": []}
