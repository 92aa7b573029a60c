"""What each option of each tensor takes and moves, at many tile shapes at once: integers in float64, exact up to 2^53.

Compute sits right below the buffer: each operation reads its inputs there and reads and writes its output there, and
the first read of each output word is skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.search.group.goal.prices import LEAVING, Role
from looptree.search.group.group import Group
from looptree.search.group.loops.ledger import Columns
from looptree.search.group.loops.tables import bases_of
from looptree.search.survey.grid import Branch, Option

EXACT = float(1 << 53)


@dataclass(frozen=True, eq=False, slots=True)
class Flow:
    """What the options of one tensor take and move, of shape (options, tile shapes).

    Attributes:
        room: bytes on chip. reads, writes: words that are read and written off chip.
        fetched, stored: words that are read and written on chip, by compute too.
    """

    room: Array
    reads: Array
    writes: Array
    fetched: Array
    stored: Array


class Flows:
    """The flows of one branch at some combinations of tile shapes."""

    def __init__(self, group: Group, branch: Branch, start: int, stop: int) -> None:
        self.group = group
        self.branch = branch
        self.columns = branch.columns(start, stop)

    @cached_property
    def operations(self) -> Array:
        """Of each layer, of shape (layers, tile shapes)."""
        return exact(self.columns.work("operations"))

    @cached_property
    def _points(self) -> Array:
        """Output points that each layer writes for the first time."""
        return np.asarray(np.rint(self.operations * self.columns.work("points")))

    @cached_property
    def tensors(self) -> list[Flow]:
        """Of each tensor."""
        return [self._flow(row) for row in range(len(self.group.tensors))]

    def _flow(self, row: int) -> Flow:
        group, options = self.group, self.branch.options[row]
        entered = np.stack([_entered(self.columns, row, option) for option in options])
        words = np.stack([self.columns.kept[option.depth][row] for option in options])
        first = self.columns.first[row]
        reads, writes = np.zeros(entered.shape), np.zeros(entered.shape)
        for at, option in enumerate(options):
            role = group.roles[row]
            if role.inner and not option.spilled:
                continue
            reads[at], writes[at] = _moved(LEAVING if role.inner else role, entered[at], first)
        fetched, stored = self._accesses(group.tensors[row])
        return Flow(exact(np.ceil(words * group.width[row])), reads, writes, fetched + writes, stored + reads)

    def _accesses(self, tensor: str) -> tuple[Array, Array]:
        """Words of a tensor that compute reads and writes."""
        fetched, stored = np.zeros(self.columns.size), np.zeros(self.columns.size)
        for index, einsum in enumerate(self.group.part.einsums):
            done = self.operations[index]
            fetched = fetched + done * sum(access.tensor == tensor for access in einsum.inputs)
            if einsum.output.tensor == tensor:
                fetched, stored = fetched + done - self._points[index], stored + done
        return fetched, stored


def cycles_of(group: Group, branch: Branch, start: int, stop: int) -> Array:
    """Compute cycles of all layers, one after the other, on the array of a group, at some tile shapes."""
    pattern = branch.pattern
    tables = group.patterns.loops.tables(pattern.loops, pattern.positions, pattern.forgotten)
    cycles = bases_of(group.profiler, group.tensors, group.layers, tables).cycles
    for table, at in zip(tables, branch.picked(start, stop), strict=True):
        cycles = cycles * table.cycles[:, at]
    return exact(np.broadcast_to(cycles.sum(axis=0), (stop - start,)))


def _moved(role: Role, entered: Array, first: Array) -> tuple[Array, Array]:
    return np.maximum(entered - role.less * first, 0.0), role.drained * entered + role.made * first


def _entered(columns: Columns, row: int, option: Option) -> Array:
    """Words that enter: each step of the loops that stand still starts anew."""
    table = columns.words[row]
    for index, loop in enumerate(columns.loops):
        table = table * loop.low[f"fresh {int(index < option.still)}"][row]
    return np.asarray(table)


def exact(table: Array) -> Array:
    """The table, if its integers are exact in float64."""
    if table.size and table.max() >= EXACT:
        raise UnsupportedError(
            f"a survey counts up to 2^53 exactly, this loop order reaches {table.max():.3g}",
            hint="survey smaller layers, or use `evaluate`",
        )
    return table


def outer_sums(tables: Sequence[Array]) -> Array:
    """Sums of one row of each table, in every combination; the rows of the last table fastest.

    >>> outer_sums([np.array([[0.0], [10.0]]), np.array([[1.0], [2.0]])]).tolist()
    [[1.0], [2.0], [11.0], [12.0]]
    """
    total = tables[0]
    for table in tables[1:]:
        total = (total[:, None] + table[None]).reshape(-1, total.shape[1])
    return total
