"""Numbers for layers, tensors and ranks by what they are: groups that are equal up to the order of layers get one key.

Layers, tensors and ranks have colours, and what has one colour is told apart by the colours of what it touches, until
nothing more is (colour refinement). Of layers that are still alike any one comes first, and the colours are refined
again. Factors of a product and summands of a sum have no order.

A key is the whole structure with these numbers, so equal keys always belong to equal groups. Where alike layers are not
interchangeable (in graphs in which all layers have as many neighbours of each kind), two keys of equal groups may
differ: then both are searched, and nothing else is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Touched = tuple[tuple[int, int], ...]
"""How a layer accesses each tensor, and the tensor's number; the tensor that it writes comes last."""

Structure = tuple[tuple[tuple[int, Touched, tuple[int, ...]], ...], tuple[int, ...], int]
"""What each layer is, with the tensors and ranks that it has, each layer behind those that it reads; what each tensor
is; and how many ranks there are."""


@dataclass(frozen=True, slots=True)
class Labelling:
    """New numbers for the parts of a structure.

    Attributes:
        key: the structure with these numbers. layers, tensors, ranks: old numbers in the new order.
        rigid: whether no two parts are alike.
    """

    key: Structure
    layers: tuple[int, ...]
    tensors: tuple[int, ...]
    ranks: tuple[int, ...]
    rigid: bool


def labelled(structure: Structure, *, ordered: bool = False) -> Labelling:
    """The numbers of the parts of a structure by what they are.

    Args:
        ordered: whether the order of the layers counts.

    Two layers, 7 reads tensor 0 and 8 what 7 writes; the same with one more reader, first before and then after it:

    >>> first, second, third = (7, ((1, 0), (2, 1)), (0,)), (8, ((1, 1), (2, 2)), (0,)), (9, ((1, 1), (2, 3)), (0,))
    >>> one = labelled(((first, second, third), (5, 5, 5, 5), 1))
    >>> third, second = (9, ((1, 1), (2, 2)), (0,)), (8, ((1, 1), (2, 3)), (0,))
    >>> other = labelled(((first, third, second), (5, 5, 5, 5), 1))
    >>> one.key == other.key, one.layers, other.layers, one.rigid
    (True, (0, 1, 2), (0, 2, 1), True)
    """
    colours = _Colours(structure, ordered)
    rigid = True
    while (alike := colours.alike()) is not None:
        rigid = False
        colours.first(*alike)
        colours.refine()
    layers, tensors, ranks = (tuple(sorted(range(len(each)), key=each.__getitem__)) for each in colours.of)
    return Labelling(_renumbered(structure, colours.of, layers, tensors), layers, tensors, ranks, rigid)


def colours_of(structure: Structure) -> list[list[int]]:
    """Numbers of layers, tensors and ranks, equal for those that are alike."""
    return _Colours(structure, ordered=False).of


class _Colours:
    """Colours of layers, tensors and ranks (`of`), from 0 upwards, that do not depend on their numbers."""

    def __init__(self, structure: Structure, ordered: bool) -> None:
        self._layers, tensors, ranks = structure
        self._users: list[list[tuple[int, int]]] = [[] for _ in tensors]
        self._places: list[list[tuple[int, int]]] = [[] for _ in range(ranks)]
        made: dict[int, int] = {}
        what = []
        for i, (kind, touched, own) in enumerate(self._layers):
            depth = max((made.get(tensor, 0) for _, tensor in touched[:-1]), default=0)
            made[touched[-1][1]] = depth + 1
            what.append((i if ordered else depth, kind))
            for access, tensor in touched:
                self._users[tensor].append((access, i))
            for place, rank in enumerate(own):
                self._places[rank].append((place, i))
        self.of = [_ranked(what), _ranked(tensors), [0] * ranks]
        self.refine()

    def refine(self) -> None:
        """Tell apart what touches things of different colours, until nothing more is."""
        counts = [0, 0, 0]
        while counts != (counts := [len(set(each)) for each in self.of]):
            layers, tensors, ranks = self.of
            if counts[0] < len(layers):
                layers = _ranked(
                    [
                        (colour, _sorted((access, tensors[t]) for access, t in touched), tuple(ranks[r] for r in own))
                        for colour, (_, touched, own) in zip(layers, self._layers, strict=True)
                    ]
                )
            self.of = [
                layers,
                self._told_apart(tensors, layers, self._users),
                self._told_apart(ranks, layers, self._places),
            ]

    @staticmethod
    def _told_apart(colours: list[int], layers: list[int], users: list[list[tuple[int, int]]]) -> list[int]:
        """Tensors or ranks with the layers that have them."""
        return _ranked(
            [(c, _sorted((how, layers[i]) for how, i in own)) for c, own in zip(colours, users, strict=True)]
        )

    def alike(self) -> tuple[int, int] | None:
        """The first of some layers (0), else tensors (1), that have one colour; `None` if there are none."""
        for kind, colours in enumerate(self.of):
            if len(set(colours)) < len(colours):
                return kind, colours.index(min(colour for colour in colours if colours.count(colour) > 1))
        return None

    def first(self, kind: int, number: int) -> None:
        """Tell one layer or tensor apart from the others of its colour, and before them."""
        self.of[kind] = _ranked([2 * colour + (i != number) for i, colour in enumerate(self.of[kind])])


def _sorted(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(pairs))


def _ranked(values: Sequence[Any]) -> list[int]:
    """The place of each value among those that there are."""
    place = {value: at for at, value in enumerate(sorted(set(values)))}
    return [place[value] for value in values]


def _renumbered(
    structure: Structure, new: Sequence[Sequence[int]], layers: Sequence[int], tensors: Sequence[int]
) -> Structure:
    """A structure with new numbers of its parts, its layers and tensors in that order."""
    listed, kinds, ranks = structure
    _, tensor, rank = new
    found = []
    for i in layers:
        kind, touched, own = listed[i]
        *inputs, output = ((access, tensor[t]) for access, t in touched)
        found.append((kind, (*sorted(inputs), output), tuple(rank[r] for r in own)))
    return tuple(found), tuple(kinds[t] for t in tensors), ranks
