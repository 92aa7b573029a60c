"""Live occupancy: the fewest words an ideal allocator needs.

A point is live from the first iteration of a sweep that asks for it to the last. So what is live at
an iteration is what has arrived so far less what was retired before:

    live(i) = sum over i' <= i of fresh(i')  -  sum over i' < i of retired(i')

Both are products over axes, and iterations are visited in lexicographic order, so the sums
telescope loop by loop and the maximum is found by walking the loops once. `u` and `v` carry the
products of fresh and retired sizes of the axes that are already decided; values of a loop whose
tables below are equal are visited once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import SAFE, Box
from looptree.model.sweep import retired_sizes


def live_words(box: Box, fresh: Box, axes: Mapping[int, Axis], depth: int) -> int:
    """The most words live at any iteration, in sweeps over the loops beyond the outermost `depth`.

    Args:
        box: what is required at each iteration.
        fresh: its fresh part in the same sweeps.
        axes: the axes of the chain.
        depth: loops that stand still during a sweep (P of the model).
    """
    scale = box.fixed_size()
    walkers: list[_Tables] = []
    for key, axis in axes.items():
        if axis.size == 0:
            return 0
        own = axis.own(depth)
        track = box.tracks.get(key)
        if own == len(axis.depths):
            if track is not None:
                scale *= int(np.max(track.sizes()))
            continue
        if axis.size == 1:
            scale *= 1 if track is None else int(np.max(track.sizes()))
            continue
        if track is None:
            ones = np.ones(axis.size, dtype=np.int64)
            new = axis.first(own) * ones
            old = np.zeros(axis.size, dtype=np.int64)
            ends = np.append(axis.starts(own)[1:], axis.size) - 1
            old[ends] = 1
        else:
            new = _column(fresh.tracks[key].sizes(), axis.size)
            old = _column(retired_sizes(track, axis, own), axis.size)
        walkers.append(_Tables(axis, new, old))
    if not walkers:
        return scale
    return scale * _Walk(walkers, depth).run()


def _column(sizes: Array, size: int) -> Array:
    return np.broadcast_to(sizes, (size,))


class _Tables:
    """Fresh and retired sums of one axis for every prefix of its loops, and classes of equal prefixes."""

    def __init__(self, axis: Axis, new: Array, old: Array) -> None:
        self.depths = axis.depths
        levels = len(axis.depths)
        self.new: list[Array] = []
        self.old: list[Array] = []
        self.children: list[Array] = []
        for own in range(levels + 1):
            starts = axis.starts(own)
            self.new.append(np.add.reduceat(new, starts) if own < levels else new)
            self.old.append(np.add.reduceat(old, starts) if own < levels else old)
            if own < levels:
                inner = axis.starts(own + 1)
                self.children.append(np.append(np.searchsorted(inner, starts), len(inner)))
        self.classes = self._classes(levels)

    def _classes(self, levels: int) -> list[Array]:
        """`classes[own][group]`: groups of equal class have equal tables below."""
        pairs = np.stack([self.new[levels], self.old[levels]])
        _, ids = np.unique(pairs, axis=1, return_inverse=True)
        found = [ids.reshape(-1)]
        for own in range(levels - 1, -1, -1):
            known: dict[bytes, int] = {}
            children = self.children[own]
            below = found[0]
            row = [
                known.setdefault(below[children[g] : children[g + 1]].tobytes(), len(known))
                for g in range(len(children) - 1)
            ]
            found.insert(0, np.array(row))
        return found


class _Walk:
    def __init__(self, tables: list[_Tables], depth: int) -> None:
        self.tables = tables
        self.depth = depth
        loops = sorted((position, index) for index, t in enumerate(tables) for position in t.depths)
        self.loops = loops
        self.memo: dict[tuple[object, ...], int] = {}

    def run(self) -> int:
        return self.best(0, 1, 1, tuple((0, 0) for _ in self.tables))

    def best(self, at: int, u: int, v: int, state: tuple[tuple[int, int], ...]) -> int:
        """The largest live size from loop `at` inwards; `state` holds (own loops decided, group) per axis."""
        if at == len(self.loops) or u == 0:
            return u
        position, index = self.loops[at]
        key = (at, u, v, *(self._class(i, s) for i, s in enumerate(state)))
        if key not in self.memo:
            self.memo[key] = self._descend(at, u, v, state, position, index)
        return self.memo[key]

    def _class(self, index: int, state: tuple[int, int]) -> int:
        own, group = state
        return int(self.tables[index].classes[own][group])

    def _descend(
        self, at: int, u: int, v: int, state: tuple[tuple[int, int], ...], position: int, index: int
    ) -> int:
        table = self.tables[index]
        own, group = state[index]
        children = table.children[own]
        first, last = int(children[group]), int(children[group + 1])
        base = self._base(u, v, state, index, first, last) if position > self.depth else None
        classes = table.classes[own + 1][first:last]
        final = own + 1 == len(table.depths)
        result = 0
        for value in np.unique(classes):
            members = np.flatnonzero(classes == value)
            child = first + int(members[0])
            new_u, new_v = (u * int(table.new[own + 1][child]), v * int(table.old[own + 1][child])) if final else (u, v)
            below = self.best(at + 1, new_u, new_v, (*state[:index], (own + 1, child), *state[index + 1 :]))
            here = below if base is None else below + int(base[members].max())
            result = max(result, here)
        return result

    def _base(
        self, u: int, v: int, state: tuple[tuple[int, int], ...], index: int, first: int, last: int
    ) -> Array:
        """Arrived less retired before each value of the loop."""
        table = self.tables[index]
        own = state[index][0]
        for other, (decided, group) in enumerate(state):
            if other != index and decided < len(self.tables[other].depths):
                u *= int(self.tables[other].new[decided][group])
                v *= int(self.tables[other].old[decided][group])
        new, old = table.new[own + 1][first:last], table.old[own + 1][first:last]
        bound = float(max(u, v)) * (float(new.sum()) + float(old.sum()) + 1)
        if bound >= SAFE:
            new, old = new.astype(object), old.astype(object)
        before = np.zeros(last - first, dtype=new.dtype)
        before[1:] = np.cumsum(u * new - v * old)[:-1]
        return before


