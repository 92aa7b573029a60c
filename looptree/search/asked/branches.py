"""Branches of a network that are alike: to exchange two of them changes nothing but names.

Layers, tensors and ranks have colours by what they are (`looptree.search.asked.canonical`). Those that share theirs
with others fall into parts that touch each other only through what is the only one of its colour. Where no two members
of a part have one colour, each touches one member of any colour that it touches in there, and all else as the members
of its colour in other parts do. So parts of the same colours may be exchanged, each member for that of its colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from looptree.search.asked.canonical import Structure, colours_of

Member = tuple[int, int]
"""A layer (0), tensor (1) or rank (2), and its number."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Names of the members of a branch, those of equal colours of two branches at equal places."""

    layers: tuple[str, ...]
    tensors: tuple[str, ...] = ()
    ranks: tuple[str, ...] = ()


def branches_of(structure: Structure, names: Sequence[Sequence[str]], but: frozenset[str]) -> list[list[Branch]]:
    """Branches that may be exchanged with one another.

    Args:
        names: of the layers, tensors and ranks of a structure. but: layers that stay in their place.

    >>> layers = (7, ((1, 0), (2, 1)), (0,)), (8, ((1, 1), (2, 2)), (0,)), (8, ((1, 1), (2, 3)), (0,))
    >>> names = ("stem", "left", "right"), ("X", "T", "L", "R"), ("m",)
    >>> [[branch.layers for branch in each] for each in branches_of((layers, (5, 5, 5, 5), 1), names, frozenset())]
    [[('left',), ('right',)]]
    """
    colours = colours_of(structure)
    counts = [Counter(each) for each in colours]
    found: dict[tuple[Member, ...], list[Branch]] = {}
    for part in _parts(structure, [[counts[k][c] > 1 for c in each] for k, each in enumerate(colours)]):
        part.sort(key=lambda member: (member[0], colours[member[0]][member[1]]))
        key = tuple((kind, colours[kind][number]) for kind, number in part)
        own = [tuple(names[kind][number] for k, number in part if k == kind) for kind in range(3)]
        if own[0] and len(set(key)) == len(key) and but.isdisjoint(own[0]):
            found.setdefault(key, []).append(Branch(*own))
    return [each for each in found.values() if len(each) > 1]


def _parts(structure: Structure, shared: Sequence[Sequence[bool]]) -> list[list[Member]]:
    """What has its colour in common with others, in parts that touch each other."""
    above: dict[Member, Member] = {}

    def root(member: Member) -> Member:
        while above.setdefault(member, member) != member:
            member = above[member]
        return member

    for number, (_, touched, ranks) in enumerate(structure[0]):
        if shared[0][number]:
            for member in ((0, number), *((1, tensor) for _, tensor in touched), *((2, rank) for rank in ranks)):
                if shared[member[0]][member[1]]:
                    above[root(member)] = root((0, number))
    found: dict[Member, list[Member]] = {}
    for member in list(above):
        found.setdefault(root(member), []).append(member)
    return list(found.values())
