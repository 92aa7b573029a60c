"""What ships, as tables: networks, architectures, published designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType

from looptree.architecture import Architecture
from looptree.graph import layer_graph
from looptree.report.table import listing
from looptree.report.text import counted
from looptree.taxonomy.point import Point
from looptree.units import format_count, format_size
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Network:
    """A shipped network or segment.

    Attributes:
        workload: its layers. source: where its shapes are from.
        settings: the parameters that can be replaced, with their values as written.
    """

    workload: Workload
    source: str
    settings: Mapping[str, str]


def network_table(networks: Mapping[str, Network]) -> RenderableType:
    """Name, source, parameters, layers, operations and weights, by name."""
    entries = [
        (
            [
                name,
                f"{len(network.workload.einsums):,}",
                format_count(network.workload.operations),
                format_count(weights(network.workload)),
            ],
            [network.source, _settings(network.settings)],
        )
        for name, network in networks.items()
    ]
    return listing("Networks and segments", ["network"], ["layers", "operations", "parameters"], entries)


def network_dict(network: Network) -> dict[str, Any]:
    """The same of one network, as plain data."""
    return {
        "source": network.source,
        "settings": dict(network.settings),
        "layers": len(network.workload.einsums),
        "operations": network.workload.operations,
        "parameters": weights(network.workload),
    }


def weights(workload: Workload) -> int:
    """Elements of all weights."""
    names = {name for _, found in layer_graph(workload).nodes(data="weights") for name in found}
    return sum(workload.tensors[name].size for name in names)


def architecture_table(architectures: Mapping[str, tuple[Architecture, str, str]]) -> RenderableType:
    """Name, description, source, memory levels and the extents of the array, by name."""
    entries = [
        ([name, _levels(architecture), _array(architecture)], [description, source])
        for name, (architecture, description, source) in architectures.items()
    ]
    return listing("Architectures", ["architecture", "memory levels, outside in", "array"], [], entries)


def architecture_dict(architecture: Architecture, description: str, source: str) -> dict[str, Any]:
    """The same of one architecture, as plain data."""
    return {
        "description": description,
        "source": source,
        "levels": [{"name": level.name, "capacity_bytes": level.total_bytes} for level in architecture.levels],
        "spatial": dict(architecture.compute.spatial),
    }


def _levels(architecture: Architecture) -> str:
    capacities = [
        level.name if level.total_bytes is None else f"{level.name} {format_size(level.total_bytes)}"
        for level in architecture.levels
    ]
    return ", ".join(capacities)


def _array(architecture: Architecture) -> str:
    """Operations at once along each rank; ranks of equal extent together."""
    ranks: dict[int, list[str]] = {}
    for rank, extent in architecture.compute.spatial.items():
        ranks.setdefault(extent, []).append(rank)
    return ", ".join(f"{'/'.join(names)} {extent}" for extent, names in ranks.items())


def point_table(points: Sequence[Point]) -> RenderableType:
    """Name, source, what is fixed and the parameters of published designs."""
    entries = [
        (
            [point.name, str(point.year)],
            [point.source, point.fixes, _settings({k: str(v) for k, v in point.parameters.items()})],
        )
        for point in points
    ]
    title = f"{counted(len(points), 'published design')} as points of the taxonomy"
    return listing(title, ["point"], ["year"], entries)


def point_dict(point: Point) -> dict[str, Any]:
    """The same of one point, as plain data."""
    return {
        "source": point.source,
        "year": point.year,
        "fixes": point.fixes,
        "assumes": point.assumes,
        "parameters": dict(point.parameters),
    }


def _settings(values: Mapping[str, str]) -> str:
    return "parameters: " + ", ".join(f"{name}={value}" for name, value in values.items()) if values else ""
