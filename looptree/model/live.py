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
from functools import cached_property
from itertools import pairwise

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, Coupled, exact_product
from looptree.model.hull import steady
from looptree.model.sweep import fresh_box, retired_sizes, rises
from looptree.model.window import largest


def live_words(box: Box, fresh: Box, axes: Mapping[int, Axis], depth: int) -> int:
    """The most words live at any iteration, in sweeps over the loops beyond the outermost `depth`.

    Args:
        box: what is required at each iteration.
        fresh: its fresh part in the same sweeps.
        axes: the axes of the chain.
        depth: loops that stand still during a sweep (P of the model).
    """
    if box.core is not None:
        part = steady(box)
        least = live_words(part, fresh_box(part, axes, depth), axes, depth)
        most = live_words(Box(box.fixed, box.tracks), fresh, axes, depth)
        if least != most:
            raise Coupled(set(box.core.ties))
        return most
    scale = box.fixed_size()
    if not box.tracks:
        return scale
    if _slides(box, axes, depth):
        return largest(box)
    moving: list[tuple[Axis, Array, Array]] = []
    for key, axis in axes.items():
        if axis.size == 0:
            return 0
        own = axis.own(depth)
        track = box.tracks.get(key)
        if own == len(axis.depths) or axis.size == 1:
            scale *= 1 if track is None else track.largest()
        elif track is None:
            ends = np.append(axis.starts(own)[1:], axis.size) - 1
            last = np.zeros(axis.size, dtype=np.int64)
            last[ends] = 1
            moving.append((axis, axis.first(own).astype(np.int64), last))
        else:
            moving.append((axis, fresh.tracks[key].sizes(), retired_sizes(track, axis, own)))
    if not moving:
        return scale
    if len(moving) == 1:
        ((_, new, old),) = moving
        return scale * int((np.cumsum(new) - np.cumsum(old) + old).max())
    return scale * _Walk([_Tables(*entry) for entry in moving], depth).run()


def _slides(box: Box, axes: Mapping[int, Axis], depth: int) -> bool:
    """Whether of all loops of a sweep only the outermost one moves the box, and only upwards.

    Then what is asked for before an iteration and after it is asked for at that iteration, too: no more is live.
    """
    for key, track in box.tracks.items():
        axis = axes[key]
        own = axis.own(depth)
        inside = axis.depths[own:]
        if inside and track.spans and (inside != (depth + 1,) or not rises(track, axis, own)):
            return False
    return all(axis.size for axis in axes.values())


class _Tables:
    """Fresh and retired sums of one axis for every prefix of its loops, and classes of equal prefixes."""

    def __init__(self, axis: Axis, new: Array, old: Array) -> None:
        self.depths = axis.depths
        levels = len(axis.depths)
        self.new: list[Array] = []
        self.old: list[Array] = []
        self.children: list[Array] = []
        for own in range(levels):
            starts = axis.starts(own)
            self.new.append(np.add.reduceat(new, starts))
            self.old.append(np.add.reduceat(old, starts))
            self.children.append(axis.inner(own))
        self.new.append(new)
        self.old.append(old)

    @cached_property
    def classes(self) -> list[list[int]]:
        """`classes[own][group]`: groups of equal class have equal tables below."""
        known: dict[object, int] = {}
        pairs = zip(self.new[-1].tolist(), self.old[-1].tolist(), strict=True)
        found = [[known.setdefault(pair, len(known)) for pair in pairs]]
        for children in reversed(self.children):
            known = {}
            below = found[0]
            bounds = children.tolist()
            spans = [tuple(below[a:b]) for a, b in pairwise(bounds)]
            found.insert(0, [known.setdefault(span, len(known)) for span in spans])
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
        table = self.tables[index]
        return 0 if own == 0 or own == len(table.depths) else table.classes[own][group]

    def _descend(self, at: int, u: int, v: int, state: tuple[tuple[int, int], ...], position: int, index: int) -> int:
        table = self.tables[index]
        own, group = state[index]
        first, last = int(table.children[own][group]), int(table.children[own][group + 1])
        base = self._base(u, v, state, index, first, last) if position > self.depth else None
        if at + 1 == len(self.loops):
            arrived = exact_product(u, table.new[own + 1][first:last])
            return int((arrived if base is None else arrived + base).max())
        final = own + 1 == len(table.depths)
        groups: dict[int, list[int]] = {}
        for child, value in enumerate(table.classes[own + 1][first:last]):
            groups.setdefault(value, []).append(child)
        result = 0
        for members in groups.values():
            child = first + members[0]
            new_u, new_v = (u * int(table.new[own + 1][child]), v * int(table.old[own + 1][child])) if final else (u, v)
            below = self.best(at + 1, new_u, new_v, (*state[:index], (own + 1, child), *state[index + 1 :]))
            result = max(result, below if base is None else below + int(base[members].max()))
        return result

    def _base(self, u: int, v: int, state: tuple[tuple[int, int], ...], index: int, first: int, last: int) -> Array:
        """Arrived less retired before each value of the loop."""
        table = self.tables[index]
        own = state[index][0]
        for other, (decided, group) in enumerate(state):
            if other != index and decided < len(self.tables[other].depths):
                u *= int(self.tables[other].new[decided][group])
                v *= int(self.tables[other].old[decided][group])
        new, old = table.new[own + 1][first:last], table.old[own + 1][first:last]
        change = exact_product(u, new) - exact_product(v, old)
        before: Array = np.cumsum(change) - change
        return before
