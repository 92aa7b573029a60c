"""How the branches of a pipeline divide the compute units.

A branch with share x takes `cycles(x)` over the whole run, and no more with a larger share. The slowest branch takes
least with the smallest bound B for which the least shares that keep every branch within B have room together; and those
are the shares. B and the shares are found by bisection.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from looptree.errors import InputError
from looptree.model.inferred import Inferred
from looptree.model.latency import leaf_total
from looptree.model.spatial import instances_along
from looptree.model.units import shared_units
from looptree.taxonomy.design import BoundChain, Design


def shares_of(design: Design, inferred: Inferred) -> dict[int, tuple[str, int]]:
    """By id of a branch of a pipeline that divides an axis: the axis, and how much of it the branch has.

    Raises:
        InputError: a branch uses more than its share, or all together more than there is.
    """
    found: dict[int, tuple[str, int]] = {}
    for chain in design.chains:
        if chain.split is None:
            continue
        children = [design.chains[child] for child in chain.children]
        axis, shares = chain.split.axis, chain.split.shares
        if axis in design.architecture.axes:
            used = [_instances(design, inferred, child, axis) for child in children]
            shares = _checked(axis, used, shares, children, design.architecture.axes[axis])
        elif shares is None:
            extent = design.architecture.compute.spatial[axis]
            shares = balanced([_cycles(design, inferred, child, axis) for child in children], extent)
        found |= {child.id: (axis, share) for child, share in zip(children, shares, strict=True)}
    return found


def balanced(cycles: list[Callable[[int], int]], extent: int) -> tuple[int, ...]:
    """The least shares for which the slowest branch takes as little as it can.

    Args:
        cycles: of each branch with a share, never more with a larger one. extent: of all shares together.

    >>> balanced([lambda share: -(-60 // share), lambda share: -(-20 // share)], 8)
    (6, 2)
    """

    def least(branch: Callable[[int], int], bound: int) -> int:
        """The smallest share within a bound; more than there is if there is none."""
        low, high = 1, extent + 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if middle > extent or branch(middle) <= bound else (middle + 1, high)
        return low

    low, high = 0, max(branch(1) for branch in cycles)
    while low < high:
        bound = (low + high) // 2
        if sum(least(branch, bound) for branch in cycles) <= extent:
            high = bound
        else:
            low = bound + 1
    return tuple(least(branch, high) for branch in cycles)


def _leaves(design: Design, chain: BoundChain) -> list[BoundChain]:
    return [design.leaf(name) for name in chain.einsums]


def _cycles(design: Design, inferred: Inferred, branch: BoundChain, axis: str) -> Callable[[int], int]:
    """Cycles of all layers of a branch by its share of a rank."""

    @cache
    def cycles(share: int) -> int:
        units = shared_units(design.architecture, axis, share)
        return sum(leaf_total(design, inferred, leaf, units) for leaf in _leaves(design, branch))

    return cycles


def _instances(design: Design, inferred: Inferred, branch: BoundChain, axis: str) -> int:
    """How many instances the layers of a branch have along an axis, at most; one where nothing is spread."""
    counts = [
        instances_along(leaf, inferred.axes[leaf.id]).get(axis, 1)
        for leaf in _leaves(design, branch)
        if leaf.id in inferred.axes
    ]
    return max(counts, default=1)


def _checked(
    axis: str, used: list[int], shares: tuple[int, ...] | None, branches: list[BoundChain], extent: int
) -> tuple[int, ...]:
    where = f"mapping: pipeline that divides {axis}"
    for branch, count, share in zip(branches, used, shares or used, strict=True):
        if count > share:
            raise InputError(
                f"the branch of {', '.join(map(repr, branch.einsums))} has {count} instances along {axis!r}, "
                f"but its share is {share}",
                where=where,
                hint="use larger tiles in its spatial loops, or give it more",
            )
    if sum(shares or used) > extent:
        raise InputError(
            f"the branches have {' + '.join(map(str, used))} instances along {axis!r}, which is {extent}",
            where=where,
            hint="use larger tiles in their spatial loops",
        )
    return tuple(shares or used)
