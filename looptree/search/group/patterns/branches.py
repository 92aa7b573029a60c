"""Nested branches: neighbours of a group that run below loops of their own, inside its branch.

The loops of a group tile its sinks. Layers further up cannot be tiled along what their readers need as a whole: the
width of a layer in the middle, say. In a nested branch they can: its loops tile the sinks of the layers inside, and
what only these layers use may be stored below such a loop.

Nothing in a nested branch outlives one of its runs (`reload`): a tensor that is stored there enters, or is computed,
anew at every iteration of the loops of the group. So the counts are products again. Along the loops of the group every
step starts anew; along a loop of the branch its layers are a segment by themselves, since what is asked of their sinks
along it is the same at every step. This takes for granted that

- no loop of the branch moves a dimension, or a rank of a layer, that another loop moves;
- what the layers make for each other no other layer reads, and it does not leave the group;
- all that the sinks of the branch can make is asked for, so that the segment by itself asks for as much;
- tiles of the branch leave out no points between them, which what is stored above the branch has as well;
- no dimension that a sink of the branch makes joins several of its ranks.

Loops of which one of these does not hold are in no nested branch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.model.box import Coupled, Key
from looptree.search.asked.loops import Loop, Rank, candidate_ranks, clashing_ranks, orders, sinks_of
from looptree.search.asked.segment import segment
from looptree.search.asked.space import Space
from looptree.search.group.loops.loop_tables import LoopTables
from looptree.search.group.loops.passes import kinds_of
from looptree.search.group.loops.profile import Profiler
from looptree.search.group.loops.tables import LoopTable
from looptree.workload import Workload

READERS = frozenset(range(64))
"""Positions of all readers of a tensor."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Layers that may have a branch of their own.

    Attributes:
        layers: those. order: all layers of the group, so that those stand next to each other.
    """

    layers: tuple[str, ...]
    order: tuple[str, ...]


def neighbours(part: Workload) -> Iterator[Neighbours]:
    """All sets of layers of a group that may have a branch of their own, small ones first.

    They are convex, hang together by tensors that they make for each other, and no other layer needs these.
    """
    names = [e.name for e in part.einsums]
    after = _descendants(part)
    for layers in _linked(part):
        inside = set(layers)
        later = frozenset[str]().union(*(after[name] for name in layers)) - inside
        outside = [name for name in names if name not in inside and name not in later]
        if not any(after[name] & inside for name in later) and _by_themselves(part, inside):
            yield Neighbours(layers, (*outside, *layers, *(name for name in names if name in later)))


def _linked(part: Workload) -> Iterator[tuple[str, ...]]:
    """Some layers, not all, that hang together by tensors which they make for each other, small sets first.

    Without one of its layers such a set still hangs together, so each comes from a smaller one.
    """
    number = {e.name: i for i, e in enumerate(part.einsums)}
    near: dict[str, set[str]] = {name: set() for name in number}
    for einsum in part.einsums:
        for reader in part.consumers(einsum.output.tensor):
            near[einsum.name].add(reader.name)
            near[reader.name].add(einsum.name)
    sets = {frozenset((name,)) for name in number}
    for _ in range(2, len(number)):
        sets = {layers | {other} for layers in sets for name in layers for other in near[name] - layers}
        places = sorted(sorted(number[name] for name in layers) for layers in sets)
        yield from (tuple(part.einsums[at].name for at in listed) for listed in places)


def _by_themselves(part: Workload, layers: Collection[str]) -> bool:
    """Whether no other layer needs what some layers make for each other."""
    for name in layers:
        tensor = part.einsum(name).output.tensor
        readers = {c.name for c in part.consumers(tensor)}
        if not readers.isdisjoint(layers) and (not readers <= set(layers) or tensor in part.outputs):
            return False
    return True


def _descendants(part: Workload) -> Mapping[str, frozenset[str]]:
    """The layers that depend on each layer."""
    found: dict[str, frozenset[str]] = {}
    for einsum in reversed(part.einsums):
        readers = [c.name for c in part.consumers(einsum.output.tensor)]
        found[einsum.name] = frozenset(readers).union(*(found[name] for name in readers))
    return found


class NestedBranch:
    """Some layers of a group below loops of their own.

    Args:
        part: the group. chosen: the layers. profiler: of the group. tensors, layers: the rows of its tables.
        held: tensors that may be stored inside a branch.

    Attributes:
        rows: of the tensors that may be stored in it: only its layers use them.
    """

    def __init__(
        self,
        part: Workload,
        chosen: Neighbours,
        profiler: Profiler,
        tensors: Sequence[str],
        layers: Sequence[str],
        space: Space,
        held: Collection[str],
    ) -> None:
        self.chosen = chosen
        self.alone = segment(part, chosen.layers)
        self.space = space
        self.of_group = profiler
        self.tensors = tensors
        self.layers = layers
        self.sinks = sinks_of(self.alone)
        self.profiler = Profiler(self.alone, self.sinks, profiler.spatial, fills=profiler.fills)
        self.rows = frozenset(
            row
            for row, tensor in enumerate(tensors)
            if tensor in held and tensor in self.alone.tensors and _users(part, tensor) <= set(chosen.layers)
        )
        self._loops: dict[Rank, list[Loop]] = {}
        self._tables: dict[tuple[Loop, frozenset[str]], LoopTable] = {}

    @property
    def possible(self) -> bool:
        """Whether its sinks are asked for all that they can make."""
        try:
            whole, alone = self.of_group.whole, self.profiler.whole
            made = [self.alone.einsum(sink).output for sink in self.sinks]
            plain = all(len(form.terms) < 2 for output in made for form in output.projection)
            return plain and all(whole.extents(output.tensor) == alone.extents(output.tensor) for output in made)
        except (UnsupportedError, Coupled, KeyError):
            return False

    def orders(self) -> Iterator[tuple[Rank, ...]]:
        """Every order of its loops, fewer loops first."""
        ranks, clashes = candidate_ranks(self.alone, self.sinks), clashing_ranks(self.alone, self.sinks)
        for count in range(1, self.space.nested + 1):
            for order in orders(ranks, clashes, count):
                if self.space.restrictions.ordered(order):
                    yield order

    def loops(self, rank: Rank) -> list[Loop]:
        """The useful tile shapes of a rank, apart where the loops are relevant to different tensors."""
        if rank not in self._loops:
            self._loops[rank] = self._find(rank)
        return self._loops[rank]

    def _find(self, rank: Rank) -> list[Loop]:
        tiles = self.space.restrictions.tilings(self.alone, (rank,))
        if not tiles:
            return []
        try:
            run = self.profiler.run((rank,), tiles, (frozenset(),))
        except (UnsupportedError, Coupled):
            return []
        factors = [*run.tensors.values(), *run.writes.values()]
        whole = np.logical_and.reduce([f.fresh[0] == f.held[0] for f in factors])
        kinds = [[column for column in columns if whole[column]] for columns in kinds_of(run)]
        return [
            Loop((rank,), tuple(tiles[column] for column in columns), self.chosen.layers)
            for columns in kinds
            if columns
        ]

    def table(self, loop: Loop, forgotten: frozenset[str]) -> LoopTable:
        """What a loop of the branch contributes to all tensors and layers of the group.

        Raises:
            InseparableError: as `LoopTable.of`.
        """
        key = (loop, forgotten & set(self.alone.intermediates))
        if key not in self._tables:
            self._tables[key] = self._table(*key)
        return self._tables[key]

    def _table(self, loop: Loop, forgotten: frozenset[str]) -> LoopTable:
        run = self.profiler.run(loop.ranks, loop.tiles, (forgotten,))
        whole = self.profiler.whole
        names = [t for t in self.tensors if t in whole.tensors or t in whole.writes]
        works = [name for name in self.layers if name in self.chosen.layers]
        found = LoopTable.of(run, self.profiler, names, works)
        inside = [row for row in range(len(names)) if self.tensors.index(names[row]) in self.rows]
        at = np.array([self.tensors.index(names[row]) for row in inside], dtype=np.int64)
        own = {names[row] for row in inside}
        done = np.array([self.layers.index(name) for name in works], dtype=np.int64)

        def of_tensors(known: Array, other: float) -> Array:
            return _among(known[inside], at, len(self.tensors), other)

        def of_layers(known: Array, other: float) -> Array:
            return _among(known, done, len(self.layers), other)

        dimensions, ranks = [frozenset[Key]()] * len(self.tensors), [frozenset[Key]()] * len(self.layers)
        for row, position in zip(inside, at.tolist(), strict=True):
            dimensions[position] = found.dimensions[row]
        for row, position in enumerate(done.tolist()):
            ranks[position] = found.ranks[row]
        return replace(
            found,
            fresh=tuple(of_tensors(known, 1.0) for known in found.fresh),
            held=tuple(of_tensors(known, 1.0) for known in found.held),
            moves={key: of_tensors(known, False) for key, known in found.moves.items()},
            forgets=tuple(of_tensors(known, False) for known in found.forgets),
            operations=of_layers(found.operations, 1.0),
            cycles=of_layers(found.cycles, 1.0),
            points=of_layers(self._points(found, loop, works), 1.0),
            steps=of_layers(found.steps, 1.0) if len(found.steps) else np.zeros((0, found.columns)),
            dimensions=tuple(dimensions),
            ranks=tuple(ranks),
            uneven=found.uneven & own,
            covering=dict.fromkeys(self.tensors, READERS) | {t: c for t, c in found.covering.items() if t in own},
            alike=frozenset(self.tensors) - (own & (found.covering.keys() - found.alike)),
            needs={},
        )

    def _points(self, found: LoopTable, loop: Loop, works: Sequence[str]) -> Array:
        """Output points per operation: those of the sinks are counted before the branch begins."""
        points = found.points.copy()
        for row, name in enumerate(works):
            if name in self.sinks:
                einsum = self.alone.einsum(name)
                outer = name in self.of_group.sinks
                ranks = {rank for sink, rank in loop.ranks[0] if sink == name and rank in einsum.output.ranks}
                once = 1.0 if outer else float(np.prod([einsum.ranks[rank] for rank in ranks]))
                points[row] = once / np.maximum(found.operations[row], 1.0)
        return points


class NestedTables(LoopTables):
    """The tables of the loops of a group, and of those of a nested branch.

    Args:
        known: those of the group.
    """

    def __init__(self, known: LoopTables, branch: NestedBranch) -> None:
        super().__init__(known.profiler, known.tensors, known.layers, known.restrictions)
        self.known = known
        self.branch = branch

    def of(self, ranks: tuple[Rank, ...]) -> list[Loop]:
        """The useful tile shapes of some ranks of the group."""
        return self.known.of(ranks)

    def table(self, loop: Loop, forgotten: tuple[frozenset[str], ...]) -> LoopTable:
        """The table of a loop of either."""
        return self.branch.table(loop, forgotten[0]) if loop.layers else self.known.table(loop, forgotten)


def _users(part: Workload, tensor: str) -> set[str]:
    return {e.name for e in part.einsums if tensor in (*e.reads, e.output.tensor)}


def _among(known: Array, rows: Array, count: int, other: float) -> Array:
    """A table with more rows, in which those that are not known have one value."""
    found = np.full((count, *known.shape[1:]), other, dtype=known.dtype)
    found[rows] = known
    return found
