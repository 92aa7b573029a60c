"""What the nests of a layer bring in at least at one memory level, whatever is cut further out.

Nests that keep the same tensors differ in how many words of each enter. Those that no other one beats in all of these
numbers are a front: whatever a word costs, no nest takes less than the best one of the front.

The front of a whole layer also bounds nests inside a part of it. Loops further out and those of a nest are one nest:
loops over ranks that only the outer ones cut stand outermost, and of two loops over one rank the outer one is left out.
With equal tiles inside, no tensor enters more often then, each of them for itself. Every tile shape and order counts,
also where the array would be less full, since the loops further out may cut so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.leaf import Leaf
from looptree.model.inside.pinned import Pinned
from looptree.model.inside.tables import Memory, Tables
from looptree.model.inside.ways import Room


@dataclass(frozen=True, eq=False, slots=True)
class Front:
    """Nests at one level that keep the same tensors.

    Attributes:
        kept: those tensors. entered: words of each that enter, of shape (tensors, nests).
    """

    kept: tuple[str, ...]
    entered: Array


def fronts(leaf: Leaf, room: Room, must: frozenset[str], memory: Memory) -> list[Front]:
    """The fronts of a layer, one for each set of tensors that may be kept and of which something fits.

    Args:
        must: tensors that have to be kept.
    """
    tables = Tables(leaf, room, {}, Pinned(must), gaps=True, memory=memory)
    found = []
    for kept in tables.kept():
        words = np.zeros((len(kept), 0))
        for block in tables.ways(kept).blocks(np.arange(1)):
            moved = {tensor: tables.moved(tensor, block.ways) for tensor in kept}
            for options in tables.options_of(block, tables.orders(kept, None, block.ways)):
                rows = [np.where(moved[t], options.entered[t], tables.outer[t][0]) for t in kept]
                words = unbeaten(np.concatenate([words, np.stack(rows) if rows else np.zeros((0, 1))], axis=1))
        if words.shape[1]:
            found.append(Front(kept, words))
    return found


def unbeaten(columns: Array) -> Array:
    """The columns that no other one matches or beats in every row.

    >>> unbeaten(np.array([[1, 3, 2, 3, 1], [3, 1, 2, 2, 3]])).tolist()
    [[1, 2, 3], [3, 2, 1]]
    """
    left = columns[:, np.lexsort(columns[::-1])] if len(columns) else columns[:, :1]
    found: Sequence[Array] = []
    while left.shape[1]:
        found = [*found, left[:, :1]]
        left = left[:, (left < left[:, :1]).any(axis=0)]
    return np.concatenate(found, axis=1) if found else columns
