"""The compute units that a layer has: all of them, or the share of its branch of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from looptree.architecture import Architecture, Array
from looptree.model.inferred import Inferred
from looptree.taxonomy.design import BoundChain, Design


class Units(NamedTuple):
    """Units at work for a layer.

    Attributes:
        spatial: operations done at once along each rank.
        fill_drain: cycles that every step takes longer to fill and to drain the array.
    """

    spatial: Mapping[str, int]
    fill_drain: int


def with_units_for_any_tile(design: Design) -> Design:
    """The design with as many units as any tile needs, so that an iteration of a leaf takes one cycle."""
    extents: dict[str, int] = {}
    for einsum in design.workload.einsums:
        for rank, extent in einsum.ranks.items():
            extents[rank] = max(extent, extents.get(rank, 1))
    compute = replace(design.architecture.compute, spatial=extents)
    return replace(design, architecture=replace(design.architecture, compute=compute))


def shared_units(architecture: Architecture, axis: str, share: int) -> Units:
    """So much of what lies along an axis, and all of everything else."""
    compute = architecture.compute
    spatial = {**compute.spatial, axis: share} if axis in compute.spatial else compute.spatial
    array = compute.array
    if array is not None and axis in array.axes:
        array = Array({**array.axes, axis: share}, array.systolic)
    return Units(spatial, array.fill_drain_cycles if array is not None else 0)


def units_of(design: Design, inferred: Inferred, chain: BoundChain) -> Units:
    """What a layer computes with."""
    if inferred.shares:
        for part in design.path(chain):
            if part.id in inferred.shares:
                return shared_units(design.architecture, *inferred.shares[part.id])
    compute = design.architecture.compute
    return Units(compute.spatial, compute.fill_drain_cycles)
