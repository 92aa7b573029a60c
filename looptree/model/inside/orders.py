"""Orders of the loops of a nest that are worth trying.

What a loop order decides is which loops that do not move a tensor stand outside the innermost one that does: each of
their steps brings the tensor in again. So of ranks that index the same tensors one is as good as the other, and a loop
is best right outside the innermost one of its kind: no tensor is brought in more often for that. What is left are the
orders of the kinds, and which rank of a kind is innermost where it shares a dimension with another rank and the tile
slides along it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby, permutations, product

from looptree.workload import Access, Einsum

Kinds = Mapping[frozenset[str], tuple[str, ...]]
"""Ranks by the tensors that they index."""


def kinds_of(einsum: Einsum, ranks: Collection[str], tensors: Collection[str]) -> Kinds:
    """Ranks by those of some tensors that they index; ranks that index none are left out.

    >>> from looptree.workload.expression import parse_expression
    >>> out, ins, operation = parse_expression("Y[m,n] = X[m,k] * W[k,n]")
    >>> fc = Einsum("fc", {"m": 4, "n": 4, "k": 4}, ins, out, operation)
    >>> {"".join(sorted(kind)): ranks for kind, ranks in kinds_of(fc, "mnk", ("W", "Y")).items()}
    {'Y': ('m',), 'WY': ('n',), 'W': ('k',)}
    """
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for rank in ranks:
        kind = frozenset(
            access.tensor
            for access in (*einsum.inputs, einsum.output)
            if access.tensor in tensors and any(rank in form.ranks for form in access.projection)
        )
        if kind:
            found[kind] = (*found.get(kind, ()), rank)
    return found


def loop_orders(einsum: Einsum, kinds: Kinds) -> Iterator[tuple[str, ...]]:
    """Orders of all ranks of some kinds, outermost first."""
    sliding = {
        rank
        for access in (*einsum.inputs, einsum.output)
        for form in access.projection
        if len(form.ranks) > 1
        for rank in form.ranks
    }
    for order in permutations(kinds):
        inside = []
        for kind in order:
            still = tuple(rank for rank in kinds[kind] if rank not in sliding)
            moving = permutations(rank for rank in kinds[kind] if rank in sliding)
            inside.append([still + ranks for ranks in moving])
        for chosen in product(*inside):
            yield tuple(rank for ranks in chosen for rank in ranks)


def seen_by(access: Access, order: Sequence[str]) -> tuple[object, ...]:
    """What a loop order is to one tensor: equal for orders in which it enters its place equally often.

    Neighbouring loops that do not index it may change places, and so may those that do unless its tile slides.

    >>> from looptree.workload.expression import parse_expression
    >>> _, (image, weights), _ = parse_expression("Y[m,p] = X[c,p+r] * W[m,c,r]")
    >>> seen_by(weights, "mcp") == seen_by(weights, "cmp"), seen_by(weights, "mpc") == seen_by(weights, "cmp")
    (True, False)
    >>> seen_by(image, "mcp") == seen_by(image, "mpc")
    False
    """
    slides = any(len(form.ranks) > 1 for form in access.projection)
    runs = groupby(order, key=lambda rank: rank in access.ranks)
    return tuple(tuple(run) if indexing and slides else frozenset(run) for indexing, run in runs)
