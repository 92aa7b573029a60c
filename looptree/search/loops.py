"""The loops that may stand above the branch of a group, and their orders.

A loop comes with all its useful tile shapes, each distinct ceil(extent / n) with n of at least 2. Tile shapes for
which the loop is relevant to different tensors are kept apart, as loops of their own: so that whether a loop is
relevant is a property of the loop, not of the tile shape. A single trip is a design with one loop less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from looptree.search.profile import Rank
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop above the branch.

    Attributes:
        rank: what it tiles, a pair of sink and rank for each sink.
        tiles: tile shapes that are tried, largest first.
    """

    rank: Rank
    tiles: tuple[int, ...]


def sinks_of(part: Workload) -> tuple[str, ...]:
    """Einsums whose output no other Einsum of the segment reads."""
    return tuple(e.name for e in part.einsums if not part.consumers(e.output.tensor))


def candidate_ranks(part: Workload, sinks: Sequence[str]) -> list[Rank]:
    """Ranks that a loop above the branch may tile; of several sinks, those that all have with equal extents."""
    first = part.einsum(sinks[0])
    found: list[Rank] = []
    for rank, extent in first.ranks.items():
        if extent >= 2 and all(part.einsum(s).ranks.get(rank) == extent for s in sinks):
            found.append(tuple((s, rank) for s in sinks))
    return found


def orders(
    ranks: Sequence[Rank], clashes: Sequence[frozenset[tuple[str, str]]], count: int
) -> Iterator[tuple[Rank, ...]]:
    """Every order of `count` ranks that move different dimensions of every tensor of the sinks."""
    for order in permutations(ranks, count):
        tiled = {pair for rank in order for pair in rank}
        if not any(len(clash & tiled) > 1 for clash in clashes):
            yield order


def clashing_ranks(part: Workload, sinks: Sequence[str]) -> list[frozenset[tuple[str, str]]]:
    """Ranks of a sink that move the same dimension of a tensor, as `p` and `r` of a convolution do."""
    return [
        frozenset((name, rank) for rank in form.ranks)
        for name in sinks
        for access in (*part.einsum(name).inputs, part.einsum(name).output)
        for form in access.projection
        if len(form.terms) > 1
    ]
