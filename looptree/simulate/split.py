"""How the branches of a pipeline divide the compute units: every way is tried."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from looptree.simulate.inference import Run
from looptree.taxonomy.design import BoundChain

Shares = dict[str, tuple[str, int]]
"""Per Einsum whose branch has a share: along which axis, and how much."""


def shares(run: Run, cycles: Callable[[str, Shares], int]) -> Shares:
    """What every Einsum has of the axis that its pipeline divides.

    Args:
        run: the design with all its operations.
        cycles: of an Einsum over the whole run, given the shares.
    """
    found: Shares = {}
    for chain in run.design.chains:
        if chain.split is not None:
            branches = [run.design.chains[child].einsums for child in chain.children]
            for einsums, share in zip(branches, _divided(run, chain, branches, cycles), strict=True):
                found |= dict.fromkeys(einsums, (chain.split.axis, share))
    return found


def _divided(
    run: Run, chain: BoundChain, branches: list[tuple[str, ...]], cycles: Callable[[str, Shares], int]
) -> tuple[int, ...]:
    assert chain.split is not None, "a pipeline that divides the units"
    axis = chain.split.axis
    if chain.split.shares is not None:
        return chain.split.shares
    if axis in run.design.architecture.axes:
        return tuple(max(_instances(run, einsum, axis) for einsum in einsums) for einsums in branches)
    extent = run.design.architecture.compute.spatial[axis]
    taken = {
        (position, share): sum(cycles(einsum, {einsum: (axis, share)}) for einsum in einsums)
        for position, einsums in enumerate(branches)
        for share in range(1, extent + 1)
    }
    ways = [way for way in itertools.product(range(1, extent + 1), repeat=len(branches)) if sum(way) <= extent]
    return min(ways, key=lambda way: (max(taken[pair] for pair in enumerate(way)), sum(way)))


def _instances(run: Run, einsum: str, axis: str) -> int:
    leaf = run.design.leaf(einsum)
    found = 1
    for loop in leaf.spatial:
        if loop.axis == axis:
            found *= 1 + max((index[loop.depth - 1] for index in run.activity[leaf.id]), default=0)
    return found
