"""Loop orders that are mirror images of each other: what a square convolution does to rows, it does to columns.

A *mirror* of a segment exchanges ranks of its layers, in pairs of equal extents, such that every access of a layer
reads the same dimensions of the same tensor in another order. So it maps every operation to one of the same layer, and
every word to one of the same tensor, and a design to one with its loops over the exchanged ranks: at each step both run
as many operations of each layer, on images of the same words. What is counted of words and operations is the same, and
so is what an array does at a time if its extents along exchanged ranks are equal. So of two orders of loops that a
mirror maps to each other one is enough, with all tile shapes and all places of the tensors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from looptree.search.asked.loops import Rank, sinks_of
from looptree.workload import Access, Affine, Einsum, Workload

MOST_RANKS = 8  # of a layer that may be exchanged: there are 764 ways to do that

Dimensions = tuple[int, ...]
"""To which dimension of a tensor a mirror maps each one."""
Mirror = Mapping[tuple[str, str], str]
"""The rank that each rank of a sink becomes, for those that are exchanged."""


@dataclass(frozen=True, slots=True)
class Swap:
    """What a mirror does to one layer: a rank to each rank that it moves, and the dimensions of its tensors."""

    ranks: Mapping[str, str]
    dimensions: Mapping[str, Dimensions]


def mirrors(part: Workload, spatial: Mapping[str, int]) -> list[Mirror]:
    """The mirrors of a segment that exchange ranks of its sinks.

    Args:
        spatial: extents of the array by the names of ranks.

    >>> from looptree.workload.load import load_workload
    >>> pair = load_workload("conv_conv", channels=16, resolution=16)
    >>> [sorted((rank, to) for (_, rank), to in mirror.items()) for mirror in mirrors(pair, {"m": 8, "c": 4})]
    [[('p', 'q'), ('q', 'p'), ('r', 's'), ('s', 'r')]]
    >>> mirrors(pair, {"p": 4})
    []
    """
    sinks = sinks_of(part)
    ways = {einsum.name: _swaps(part, einsum, spatial) for einsum in part.einsums}
    others = [einsum.name for einsum in reversed(part.einsums) if einsum.name not in sinks]
    found: list[Mirror] = []
    for chosen in itertools.product(*(ways[sink] for sink in sinks)):
        moved = {(s, rank): to for s, swap in zip(sinks, chosen, strict=True) for rank, to in swap.ranks.items()}
        turned = _together({}, chosen)
        if moved and turned is not None and _followed(others, ways, turned):
            found.append(moved)
    return found


def distinct(orders: Sequence[tuple[Rank, ...]], known: Sequence[Mirror]) -> Iterator[int]:
    """Numbers of the orders of loops that no mirror maps to an earlier one.

    An order that is left out has an equal one before it, and the first of these is not left out.
    """
    first = {order: number for number, order in enumerate(orders)}
    for number, order in enumerate(orders):
        images = (
            tuple(tuple((sink, moved.get((sink, name), name)) for sink, name in rank) for rank in order)
            for moved in known
        )
        if all(first.get(image, number) >= number for image in images):
            yield number


def _followed(layers: Sequence[str], ways: Mapping[str, Sequence[Swap]], turned: Mapping[str, Dimensions]) -> bool:
    """Whether these layers can be exchanged as well, given what happens to some tensors."""
    if not layers:
        return True
    first, *rest = layers
    following = (_together(turned, [swap]) for swap in ways[first])
    return any(more is not None and _followed(rest, ways, more) for more in following)


def _together(turned: Mapping[str, Dimensions], swaps: Sequence[Swap]) -> Mapping[str, Dimensions] | None:
    """What happens to tensors with some more layers; `None` if these do not agree."""
    found = dict(turned)
    for swap in swaps:
        if any(found.setdefault(tensor, to) != to for tensor, to in swap.dimensions.items()):
            return None
    return found


def _swaps(part: Workload, einsum: Einsum, spatial: Mapping[str, int]) -> list[Swap]:
    """The ways to exchange ranks of one layer that map each of its accesses to itself; the first exchanges none."""
    accesses = (*einsum.inputs, einsum.output)
    kind = {
        rank: (extent, spatial.get(rank, 1), [sorted(_terms(part, access, rank)) for access in accesses])
        for rank, extent in einsum.ranks.items()
    }
    pairs = [pair for pair in itertools.combinations(einsum.ranks, 2) if kind[pair[0]] == kind[pair[1]]]
    chosen = _matchings(pairs if len({rank for pair in pairs for rank in pair}) <= MOST_RANKS else [])
    swaps = [{**dict(some), **{b: a for a, b in some}} for some in chosen]
    found = []
    for ranks in swaps:
        dimensions: dict[str, Dimensions] = {}
        for access in accesses:
            to = _turned(part, access, ranks)
            if to is None or dimensions.setdefault(access.tensor, to) != to:
                break
        else:
            found.append(Swap(ranks, dimensions))
    return found


def _terms(part: Workload, access: Access, rank: str) -> Iterator[tuple[int, int, int, int]]:
    """What a rank does in the dimensions of a tensor that it moves."""
    for form, extent in zip(access.projection, part.tensors[access.tensor].shape, strict=True):
        for name, factor in form.terms:
            if name == rank:
                yield factor, form.constant, len(form.terms), extent


def _matchings(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """All sets of pairs that have no rank in common, none of them first."""
    if not pairs:
        yield ()
        return
    (one, other), *rest = pairs
    yield from _matchings(rest)
    for some in _matchings([pair for pair in rest if not {one, other} & set(pair)]):
        yield ((one, other), *some)


def _turned(part: Workload, access: Access, ranks: Mapping[str, str]) -> Dimensions | None:
    """To which dimension an exchange of ranks maps each one; `None` if it does not map the access to itself."""
    forms, shape = access.projection, part.tensors[access.tensor].shape
    found: list[int] = []
    for form, extent in zip(forms, shape, strict=True):
        image = _image(form, ranks)
        alike = (
            at
            for at, other in enumerate(forms)
            if at not in found and shape[at] == extent and _image(other, {}) == image
        )
        first = next(alike, None)
        if first is None:
            return None
        found.append(first)
    return tuple(found)


def _image(form: Affine, ranks: Mapping[str, str]) -> tuple[frozenset[tuple[str, int]], int]:
    """A projection with ranks exchanged, its terms in no order."""
    return frozenset((ranks.get(rank, rank), factor) for rank, factor in form.terms), form.constant
