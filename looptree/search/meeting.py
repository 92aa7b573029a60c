"""Where loops of a group meet: what a product of their tables counts there, and what it does not.

Loops over different ranks meet where they move one dimension of a tensor, or let readers of a tensor rest at different
steps: what is needed along one loop then depends on the step of another. Needs are found from the sinks upwards. So all
that is not upstream of such a place is as in the segment without the layers upstream of it, in which no loops meet:
there the product of the tables of single loops is exact. What is upstream takes at least what every design takes:
compulsory transfers, every operation of a complete layer once, on an array as full as without tiles, and no room. Both
together bound every design of the loops from below; what they leave over is counted with one table for the loops that
meet (`looptree.search.group.Group.joined`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.bounds import complete_layers, compulsory_words
from looptree.search.tables import Bases, LoopTable
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the product of some tables does not count: rows of tensors, and of layers."""

    tensors: frozenset[int]
    layers: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.tensors or self.layers)


NOWHERE = Meeting(frozenset(), frozenset())


def differing(tables: Sequence[LoopTable]) -> frozenset[str]:
    """Tensors whose readers differ in a way that is no product of tables.

    They may where readers rest at different steps of a loop. They do not if one reader covers the needs of all others
    along every loop, or if the readers differ along one loop only.
    """
    if len(tables) < 2:
        return frozenset()
    uneven = frozenset[str]().union(*(t.uneven for t in tables))
    return frozenset(
        tensor
        for tensor in uneven
        if not frozenset.intersection(*(t.covering[tensor] for t in tables))
        and sum(tensor not in t.alike for t in tables) > 1
    )


def meeting(part: Workload, tensors: Sequence[str], layers: Sequence[str], tables: Sequence[LoopTable]) -> Meeting:
    """Where the loops of some tables meet, and all that is upstream of it.

    Args:
        tensors, layers: the rows of the tables.
    """
    row_of = {tensor: row for row, tensor in enumerate(tensors)}
    rows = {row_of[tensor] for tensor in differing(tables)}
    rows |= {row for row in range(len(tensors)) if _overlap([t.dimensions[row] for t in tables])}
    found = {row for row in range(len(layers)) if _overlap([t.ranks[row] for t in tables])}
    if not rows and not found:
        return NOWHERE
    for name in reversed(layers):
        einsum, row = part.einsum(name), layers.index(name)
        if row in found or row_of.get(einsum.output.tensor) in rows:
            found.add(row)
            rows |= {row_of[tensor] for tensor in einsum.reads if tensor in row_of}
    return Meeting(frozenset(rows), frozenset(found))


def _overlap(moved: Sequence[frozenset[Key]]) -> bool:
    return sum(map(len, moved)) > len(frozenset().union(*moved))


def without(table: LoopTable, met: Meeting) -> LoopTable:
    """A table that changes nothing where loops meet, and takes no room there."""
    rows, works = sorted(met.tensors), sorted(met.layers)

    def put(entries: Array, some: Sequence[int], value: float) -> Array:
        changed = entries.copy()
        changed[some] = value
        return changed

    return replace(
        table,
        fresh=tuple(put(entries, rows, 1.0) for entries in table.fresh),
        held=tuple(put(entries, rows, 0.0) for entries in table.held),
        moves={key: put(entries, rows, True) for key, entries in table.moves.items()},
        forgets=tuple(put(entries, rows, False) for entries in table.forgets),
        operations=put(table.operations, works, 1.0),
        cycles=put(table.cycles, works, 1.0),
        points=put(table.points, works, 1.0),
        dimensions=tuple(frozenset() if row in met.tensors else d for row, d in enumerate(table.dimensions)),
        ranks=tuple(frozenset() if row in met.layers else r for row, r in enumerate(table.ranks)),
    )


def compulsory(part: Workload, tensors: Sequence[str], layers: Sequence[str], bases: Bases, met: Meeting) -> Bases:
    """What no loop changes, with what every design takes at least where loops meet."""
    words, complete = compulsory_words(part), complete_layers(part)
    moved = np.array([[float(words.get(tensor, 0))] for tensor in tensors])
    some = np.isin(np.arange(len(tensors)), sorted(met.tensors))[:, None]
    idle = np.array([[row in met.layers and name not in complete] for row, name in enumerate(layers)])
    return Bases(
        np.where(some, moved, bases.words),
        np.where(idle, 0.0, bases.operations),
        np.where(idle, 0.0, bases.cycles),
        bases.points,
    )
