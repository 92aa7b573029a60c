"""The loops that may stand above the branch of a group, and their orders.

A loop comes with all its useful tile shapes, each distinct ceil(extent / n) with n of at least 2. Tile shapes for
which the loop is relevant to different tensors are kept apart, as loops of their own: so that whether a loop is
relevant is a property of the loop, not of the tile shape. A single trip is a design with one loop less.

Loops that move the same dimension are *joined*: they have one table, with every combination of their tile shapes. A
rank may be tiled twice if another loop stands in between. Right below each other, two loops over one rank are one with
the smaller tile shape, which holds as much and forgets nothing in between.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looptree.workload import Workload

Rank = tuple[tuple[str, str], ...]
"""A loop's ranks: pairs of sink and rank."""
Tiles = tuple[int, ...]
"""A tile shape for each of some loops."""
Positions = tuple[tuple[int, ...], ...]
"""Of the loops of each table, where they stand among all loops, counted from 0."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop above the branch, or some joined ones, outermost first.

    Attributes:
        ranks: what each tiles, a pair of sink and rank for each sink.
        tiles: tile shapes that are tried, one for each loop, largest first.
        layers: those below it, if it stands above a nested branch.
    """

    ranks: tuple[Rank, ...]
    tiles: tuple[Tiles, ...]
    layers: tuple[str, ...] = ()


def sinks_of(part: Workload) -> tuple[str, ...]:
    """Einsums whose output no other Einsum of the segment reads."""
    return tuple(e.name for e in part.einsums if not part.consumers(e.output.tensor))


def candidate_ranks(part: Workload, sinks: Sequence[str]) -> list[Rank]:
    """Ranks that a loop above the branch may tile; of several sinks, one of each, of about the same extent.

    They have one name, or they move something that the sinks share alike: see `moving_alike`. The largest extent is
    less than twice the smallest: they differ where some of a sink is not needed, and is trimmed. A sink with fewer
    steps rests at the last ones.
    """
    tiled = [part.einsum(sink).ranks for sink in sinks]
    named = [(name,) * len(sinks) for name in tiled[0] if all(name in ranks for ranks in tiled)]
    found: list[Rank] = []
    for names in dict.fromkeys([*named, *moving_alike(part, sinks)]):
        extents = [ranks[name] for ranks, name in zip(tiled, names, strict=True)]
        if 2 <= max(extents) < 2 * min(extents):
            found.append(tuple(zip(sinks, names, strict=True)))
    return found


def moving_alike(part: Workload, sinks: Sequence[str]) -> list[tuple[str, ...]]:
    """Ranks, one of each of several sinks, that move a dimension of what the sinks share by as much at each step.

    The ranks of a layer that makes what a sink reads follow those of the sink. Of more than two sinks the first may
    share one tensor with the second, and the second another one with the third.

    >>> from looptree.documents import parse_document
    >>> from looptree.workload.load import workload_of
    >>> heads = workload_of(parse_document('''
    ... einsums:
    ...   - {name: key, expression: "K[m,n] = X[m,k] * WK[k,n]", ranks: {m: 4, n: 4, k: 4}}
    ...   - {name: value, expression: "V[i,o] = X[i,j] * WV[j,o]", ranks: {i: 4, o: 4, j: 4}}
    ... '''))
    >>> moving_alike(heads, ("key", "value"))
    [('m', 'i'), ('k', 'j')]
    """
    if len(sinks) < 2:
        return []
    pairs = [(at, rank) for at, sink in enumerate(sinks) for rank in part.einsum(sink).ranks]
    first: dict[tuple[str, int, Fraction], int] = {}
    tied = [
        (first.setdefault(moved, number), number)
        for number, (at, rank) in enumerate(pairs)
        for moved in _moved_by(part, sinks[at], rank)
    ]
    found: list[tuple[str, ...]] = []
    for numbers in merged(tuple((number,) for number in range(len(pairs))), tied):
        alike = [pairs[number] for number in numbers]
        found += itertools.product(*([rank for at, rank in alike if at == sink] for sink in range(len(sinks))))
    return found


def _moved_by(part: Workload, sink: str, rank: str) -> set[tuple[str, int, Fraction]]:
    """Dimensions of tensors that a rank of a sink moves, and by how much each of its steps does.

    Taps of a kernel are left out: while they are tiled, the rows that they move along are needed nearly as a whole.
    """
    found: set[tuple[str, int, Fraction]] = set()
    for einsum in reversed(part.einsums):
        following = {
            (name, step / factor)
            for dimension, form in enumerate(einsum.output.projection)
            for tensor, moved, step in found
            if (tensor, moved) == (einsum.output.tensor, dimension)
            for name, factor in form.terms
        }
        steps = {(rank, Fraction(1))} if einsum.name == sink else following
        found |= {
            (access.tensor, dimension, step * dict(form.terms)[name])
            for access in einsum.inputs
            for dimension, form in enumerate(access.projection)
            for name, step in steps
            if name in form.ranks and (len(form.terms) == 1 or name in einsum.output.ranks)
        }
    return found


def orders(
    ranks: Sequence[Rank],
    clashes: Sequence[frozenset[tuple[str, str]]],
    count: int,
    joined: int = 0,
    twice: Collection[Rank] = (),
) -> Iterator[tuple[Rank, ...]]:
    """Every order of `count` loops, none of which tiles a rank of a sink that another one tiles with other ranks.

    Args:
        joined: most loops of an order in which some move the same dimension of a tensor of the sinks.
        twice: ranks that such an order may tile twice, though not by two loops right below each other.
    """
    mixed = {pair for pair in itertools.permutations(ranks, 2) if set(pair[0]) & set(pair[1])}
    for order in itertools.product(ranks, repeat=count) if twice else itertools.permutations(ranks, count):
        near = any(one == other for one, other in itertools.pairwise(order))
        often = any(order.count(rank) > (2 if rank in twice else 1) for rank in order)
        if near or often or mixed.intersection(itertools.combinations(order, 2)):
            continue
        if count <= joined or len(joined_positions(order, clashes)) == count:
            yield order


def joined_positions(order: Sequence[Rank], clashes: Sequence[frozenset[tuple[str, str]]]) -> Positions:
    """The positions of an order, those of loops that move the same dimension together.

    >>> p, q, r = ((("conv", name),) for name in "pqr")
    >>> joined_positions([p, q, r], [frozenset({("conv", "p"), ("conv", "r")})])
    ((0, 2), (1,))
    """
    tied = [
        (one, other)
        for one, other in itertools.combinations(range(len(order)), 2)
        if order[one] == order[other] or any(clash & set(order[one]) and clash & set(order[other]) for clash in clashes)
    ]
    return merged(tuple((position,) for position in range(len(order))), tied)


def merged(positions: Positions, tied: Sequence[tuple[int, int]]) -> Positions:
    """Positions of loops, with those of some pairs together."""
    found = [set(own) for own in positions]
    for pair in tied:
        touched = [own for own in found if own & set(pair)]
        found = [own for own in found if not own & set(pair)] + [set().union(*touched)]
    return tuple(sorted(tuple(sorted(own)) for own in found))


def clashing_ranks(part: Workload, sinks: Sequence[str]) -> list[frozenset[tuple[str, str]]]:
    """Ranks of a sink that move the same dimension of a tensor, as `p` and `r` of a convolution do."""
    return [
        frozenset((name, rank) for rank in form.ranks)
        for name in sinks
        for access in (*part.einsum(name).inputs, part.einsum(name).output)
        for form in access.projection
        if len(form.terms) > 1
    ]
