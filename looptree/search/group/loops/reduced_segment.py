"""One reduced segment, with tables that bound those of the whole one: see `looptree.search.group.loops.reduced`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from looptree.model.box import Key
from looptree.search.asked.loops import Loop, Positions
from looptree.search.asked.restrictions import Restrictions
from looptree.search.group.loops.inferred import Hearing, Reading
from looptree.search.group.loops.loop_tables import LoopTables
from looptree.search.group.loops.meeting import Meeting, Meetings, put
from looptree.search.group.loops.tables import Bases, LoopTable, bases_of
from looptree.search.group.loops.whole import left
from looptree.search.group.loops.windows import EVERY, FIRST, NOTHING, Source, Window, size

Forgotten = tuple[frozenset[str], ...]
"""Per loop, the intermediates that each of its steps starts anew."""


@dataclass(frozen=True, eq=False, slots=True)
class Reduced:
    """Tables that bound a loop order from below, and what no loop changes of them."""

    tables: tuple[LoopTable, ...]
    bases: Bases


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """A loop order in a reduced segment.

    Attributes:
        loops, positions: of the order. starting: what each loop starts anew, as far as that counts.
        tables: of the reduced segment as it is. exact: tensors that are made step by step as in the segment, or where
            the segment makes more. met: where the loops meet in the segment.
    """

    loops: tuple[Loop, ...]
    positions: Positions
    starting: Forgotten
    tables: tuple[LoopTable, ...]
    exact: frozenset[str]
    met: Meeting

    def lost(self, table: int) -> Forgotten:
        """What the loops of a table start anew."""
        return tuple(self.starting[position] for position in self.positions[table])


class Segment:
    """One reduced segment.

    Args:
        known: where the loops of the whole segment meet. restrictions: what its loops may be.
        hearing: readings that count.

    Attributes:
        readings: of each tensor, in the order in which needs are inferred.
    """

    def __init__(self, known: Meetings, restrictions: Restrictions, hearing: Hearing) -> None:
        self.full = known
        self.part = known.part
        self.hearing = hearing
        profiler = known.profiler.where(hearing)
        self.known = Meetings(profiler, known.tensors, known.layers)
        self.loops = LoopTables(profiler, known.tensors, known.layers, restrictions, bounding=True)
        self.made = [e.output.tensor for e in reversed(self.part.einsums)]
        self.readings: dict[str, list[Reading]] = {}
        for einsum in reversed(self.part.einsums):
            for number, access in enumerate(einsum.inputs):
                self.readings.setdefault(access.tensor, []).append((einsum.name, number))
        self._bounded: dict[tuple[object, ...], LoopTable] = {}

    def heard(self, tensor: str) -> list[Reading]:
        """Readings of a tensor that count."""
        return [reading for reading in self.readings.get(tensor, []) if reading not in self.hearing.ignored]

    def feeds(self, tensor: str, met: Meeting, exact: frozenset[str], *, all_: bool = False) -> frozenset[str]:
        """What the readers that count, or all of them, make, as far as the steps at which they do are not known."""
        listed = self.readings.get(tensor, []) if all_ else self.heard(tensor)
        rows = {self.full.layers.index(name) for name, _ in listed}
        return frozenset(self._made(row) for row in rows & met.layers) - exact

    def standing(self, loops: Sequence[Loop], positions: Positions, forgotten: Forgotten, met: Meeting) -> Standing:
        """A loop order in this segment.

        Which tensors are exact depends on what starts anew, and that on which are: both are found in turns.
        """
        found, exact = None, frozenset[str]()
        for _ in range(len(self.made)):
            starting = self._starting(forgotten, met, exact)
            tables = self._tables(loops, positions, starting)
            known = Standing(tuple(loops), positions, starting, tables, exact, met)
            exact = self._exact(known)
            if not known.exact <= exact:
                break
            found = known
            if known.exact == exact:
                break
        assert found is not None, "nothing is known to be exact at first"
        return found

    def _tables(self, loops: Sequence[Loop], positions: Positions, starting: Forgotten) -> tuple[LoopTable, ...]:
        return self.loops.tables(loops, positions, starting)

    def crossing(self, own: Standing) -> set[int]:
        """Rows of the tensors at which the loops still meet."""
        return self.known.crossing(own.tables)

    def _starting(self, forgotten: Forgotten, met: Meeting, exact: frozenset[str]) -> Forgotten:
        """What a loop starts anew, as far as all between that and where steps are known starts anew, too."""
        found = []
        for names in forgotten:
            anew: set[str] = set()
            for tensor in self.made:
                if tensor in names and self.feeds(tensor, met, exact) <= anew:
                    anew.add(tensor)
            found.append(frozenset(anew))
        return tuple(found)

    def _exact(self, known: Standing) -> frozenset[str]:
        """Intermediates of which the segment makes at each step what the reduced one does, or more.

        Where it makes more at each step of a loop, what is upstream has to start anew there, too: what stays on chip
        might be there already.
        """
        found, every = frozenset[str](), frozenset(range(len(known.tables)))
        sure: dict[str, frozenset[int]] = {}
        for tensor in self.made:
            made = self.feeds(tensor, known.met, frozenset(), all_=True)
            still = frozenset(n for n in every if not all(tensor in names for names in known.lost(n)))
            above = every.intersection(*(sure[output] for output in made))
            sure[tensor] = above if self._told(tensor) else above & still
            if tensor in self.readings and made <= found and still <= above and self._led(tensor, known):
                found |= {tensor}
        return found

    def _told(self, tensor: str) -> bool:
        """Whether all readings of a tensor count, at whatever steps."""
        return tensor not in self.hearing.common and self.hearing.ignored.isdisjoint(self.readings.get(tensor, ()))

    def _led(self, tensor: str, known: Standing) -> bool:
        """Whether what one reading asks for along the loops comes before what all others ask for there.

        Along loops that start the tensor anew that does not matter.
        """
        listed = self.readings[tensor]
        if self._told(tensor):
            return True
        leading = {at for at, reading in enumerate(listed) if reading not in self.hearing.ignored}
        for number, table in enumerate(known.tables):
            if not all(tensor in names for names in known.lost(number)):
                leading &= table.compared[tensor].leading
                if tensor in self.hearing.common:
                    leading &= table.compared[tensor].inside
        return bool(leading)

    def bounded(self, own: Standing, full: Sequence[LoopTable]) -> Reduced:
        """What a loop order takes at least.

        Args:
            full: the tables of the whole segment.
        """
        windows = {row: self._window(row, own, full) for row in own.met.tensors}
        found = []
        for number, (table, whole) in enumerate(zip(own.tables, full, strict=True)):
            sources = frozenset((row, window.sources[number]) for row, window in windows.items())
            key = (id(table), id(whole), own.lost(number), own.exact, own.met, sources)
            if key not in self._bounded:
                self._bounded[key] = self._lowered(number, own, whole, dict(sources))
            found.append(self._bounded[key])
        bases = bases_of(self.known.profiler, self.full.tensors, self.full.layers, own.tables)
        words, cycles = bases.windows.copy(), bases.cycles.copy()
        for row, window in windows.items():
            words[row] = window.words
        for row in own.met.layers:
            counted = [table for at, table in enumerate(own.tables) if self._counted(row, own, at)]
            ranks = frozenset[Key]().union(*(table.ranks[row] for table in counted))
            cycles[row] = self.known.profiler.fewest_cycles(self.full.layers[row], ranks)
            if len(counted) < len(own.tables) and self.full.layers[row] not in self.full.complete:
                cycles[row] = 0.0
        reads = self.full.reads_where(bases.reads, own.met)
        return Reduced(tuple(found), replace(bases, cycles=cycles, windows=words, reads=reads))

    def _counted(self, row: int, own: Standing, table: int) -> bool:
        """Whether a layer does at least what the reduced segment says at each step of the loops of a table."""
        made = self._made(row)
        return made in own.exact or all(made in names for names in own.lost(table))

    def _window(self, row: int, own: Standing, full: Sequence[LoopTable]) -> Window:
        """The largest of the products that are no larger than the window of a tensor in any place."""
        found = [Window(0.0, tuple(Source(NOTHING, table, self.full) for table in full)), *self._windows(row, own)]
        begun = self.full.begun(full)
        if row in begun:
            found.append(Window(begun[row], tuple(Source(FIRST, table, self.full) for table in full)))
        return max(found, key=lambda window: size(window, row))

    def _windows(self, row: int, own: Standing) -> list[Window]:
        """The products of this segment: at the first step, and at all steps of loops of which these are known."""
        begun, every = self.known.begun(own.tables), self._every(row, own)
        found = [] if row not in begun else [self._product(row, own, begun[row], [False] * len(every))]
        needs = [table.needs[self.full.tensors[row]] for table in own.tables]
        moved = [table.dimensions[row] for table in own.tables]
        narrowed = [m if known else n.narrowed for m, n, known in zip(moved, needs, every, strict=True)]
        if sum(map(len, narrowed)) == len(frozenset[Key]().union(*narrowed)):
            driven = (m if known else n.begun[0] for m, n, known in zip(moved, needs, every, strict=True))
            found.append(self._product(row, own, self._left(row, tuple(driven)), every))
        return found

    def _every(self, row: int, own: Standing) -> list[bool]:
        """Of which tables it is known what is needed of a tensor at each step."""
        feeds = self.feeds(self.full.tensors[row], own.met, own.exact)
        return [all(feeds <= names for names in own.lost(number)) for number in range(len(own.tables))]

    def _left(self, row: int, driven: tuple[frozenset[Key], ...]) -> float:
        """Words of a tensor along what no loop changes; 0 if two of them change the same."""
        return left(self.known.profiler.whole.asked[self.full.tensors[row]][-1], driven) or 0.0

    def _product(self, row: int, own: Standing, words: float, every: Sequence[bool]) -> Window:
        steps = [EVERY if known else FIRST for known in every]
        sources = (Source(step, table, self.known) for step, table in zip(steps, own.tables, strict=True))
        return Window(words, tuple(sources))

    def _lowered(self, number: int, known: Standing, whole: LoopTable, sources: Mapping[int, Source]) -> LoopTable:
        """A table of a loop order, with bounds where it does not say what the segment takes at least.

        Args:
            number: of the table. whole: that of the segment. sources: of windows.
        """
        table, lost, met = known.tables[number], known.lost(number), known.met
        fresh, held = [entries.copy() for entries in table.fresh], [entries.copy() for entries in table.held]
        for row, source in sources.items():
            feeds = self.feeds(self.full.tensors[row], met, known.exact)
            for own in range(len(fresh)):
                if own and not all(feeds <= names for names in lost[:own]):
                    fresh[own][row] = fresh[own - 1][row]
                held[own][row] = source.held(row, own)
        works = sorted(met.layers)
        still = [row for row in works if not self._counted(row, known, number)]
        return replace(
            table,
            fresh=tuple(fresh),
            held=tuple(held),
            forgets=tuple((less != more).any(axis=1) for less, more in itertools.pairwise(fresh)),
            cycles=put(table.cycles, still, 1.0),
            points=put(table.points, works, 1.0),
            steps=put(table.steps, still if self.full.profiler.fills else (), 1.0),
            ranks=tuple(frozenset() if row in met.layers else ranks for row, ranks in enumerate(table.ranks)),
            uneven=whole.uneven,
            covering=whole.covering,
            alike=whole.alike,
            needs=whole.needs,
            reads=whole.reads,
            read=whole.read,
        )

    def _made(self, row: int) -> str:
        return self.part.einsum(self.full.layers[row]).output.tensor
