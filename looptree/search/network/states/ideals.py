"""Sets of layers that can be done first, and the groups that can come next.

Layers are numbered in the order of the workload, which is topological; sets of them are bit masks. Of sets that differ
by exchanges of equal branches one is listed (`looptree.search.network.states.alike`). An *ideal* holds
every producer of its members. A group that leads from one ideal to another is convex, and every partition into convex
groups with an acyclic quotient is a path from the empty ideal to the full one (and the other way round).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from looptree.search.asked.branches import Branch
from looptree.search.network.states.alike import NONE, Alike
from looptree.workload import Workload

WORD = 64  # bits
Words = NDArray[np.uint64]


class TooManyError(Exception):
    """The graph is too wide to list what was asked for."""


@dataclass(frozen=True)
class Layers:
    """A layer graph as bit masks.

    Attributes:
        names: of the layers. before, after: producers and consumers of each layer. beside: layers that share a tensor
            with each. alike: branches that may be exchanged.
    """

    names: tuple[str, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    beside: tuple[int, ...]
    alike: Alike = NONE

    @classmethod
    def of(cls, workload: Workload, branches: Sequence[Sequence[Branch]] = ()) -> Layers:
        """The layers of a workload.

        Args:
            branches: that may be exchanged.
        """
        names = tuple(e.name for e in workload.einsums)
        number = {name: i for i, name in enumerate(names)}
        users: dict[str, int] = {}
        for e in workload.einsums:
            for tensor in (*e.reads, e.output.tensor):
                users[tensor] = users.get(tensor, 0) | 1 << number[e.name]
        before, beside = [], []
        after = [0] * len(names)
        for e in workload.einsums:
            producers = [workload.producer(t) for t in e.reads]
            before.append(_mask(number[p.name] for p in producers if p is not None))
            for i in bits(before[-1]):
                after[i] |= 1 << number[e.name]
            together = 0
            for tensor in (*e.reads, e.output.tensor):
                together |= users[tensor]
            beside.append(together & ~(1 << number[e.name]))
        return cls(names, tuple(before), tuple(after), tuple(beside), Alike(branches, names))

    @property
    def told_apart(self) -> Layers:
        """The same with sets that differ by exchanges listed each."""
        return replace(self, alike=NONE)

    @property
    def everything(self) -> int:
        """The set of all layers."""
        return (1 << len(self.names)) - 1

    def ideals(self, most: int) -> list[int]:
        """Every ideal, smaller ones first.

        Raises:
            TooManyError: there are more than `most`.
        """
        level = {0: self.available(0)}
        found = [0]
        while level:
            following: dict[int, int] = {}
            for ideal, ready in level.items():
                for i in bits(ready):
                    then = self.alike.least(ideal | 1 << i)
                    if then not in following:
                        same = then == ideal | 1 << i
                        following[then] = self._then(ideal, ready, i) if same else self.available(then)
            level = following
            found += sorted(level)
            if len(found) > most:
                raise TooManyError
        return found

    def available(self, ideal: int) -> int:
        """Layers outside an ideal whose producers are all inside."""
        return _mask(i for i, b in enumerate(self.before) if not ideal >> i & 1 and not b & ~ideal)

    def _then(self, ideal: int, ready: int, layer: int) -> int:
        """What is available once a layer that was is done, too."""
        done = ideal | 1 << layer
        freed = _mask(j for j in bits(self.after[layer]) if not self.before[j] & ~done)
        return ready & ~(1 << layer) | freed

    def groups(self, ideal: int, most: int) -> Iterator[int]:
        """Every connected group of up to `most` layers that leads from an ideal to another one."""
        yield from self._grown(ideal, 0, self.available(ideal), 0, most)

    def convex(self, most: int, enough: int) -> list[int]:
        """Every connected convex group of up to `most` layers, small ones first.

        Raises:
            TooManyError: there are more than `enough`.
        """
        above, below = self._reach(self.before), self._reach(self.after)
        level = {self.alike.least(1 << i) for i in range(len(self.names))}
        found: list[int] = []
        seen = 0
        for size in range(1, most + 1):
            around = {group: self._around(group, above, below) for group in level}
            seen += len(level)
            found += sorted(group for group, (_, up, down) in around.items() if not up & down & ~group)
            if len(found) > enough or seen > 20 * enough:
                raise TooManyError
            if size < most:
                grown = {group | 1 << i for group, (near, _, _) in around.items() for i in bits(near & ~group)}
                level = set(map(self.alike.least, grown))
        return found

    def chains(self, least: int, most: int) -> list[int]:
        """Every convex group of `least` up to `most` layers that is a chain, small ones first.

        In a chain each layer but the first reads one tensor that is made in the group, and each of these tensors is
        read by one layer of the group. Other layers may read them, too, and each layer may read other tensors.

        Of two chains between the same layers each would leave out a layer that is between layers of the other, so there
        is one at most. The first layers of a convex chain are a convex chain: what is between two of them is between
        layers of the whole one, so it is in that, and before the last of them. So longer ones are found from shorter
        ones.
        """
        above, below = self._reach(self.before), self._reach(self.after)
        level = [(1 << i, i, i) for i in range(len(self.names))]
        found = []
        for size in range(1, most + 1):
            found += sorted(group for group, _, _ in level) if size >= least else []
            level = [
                (group | 1 << i, first, i)
                for group, first, last in level
                for i in bits(self.after[last])
                if self.before[i] & group == 1 << last and not below[first] & above[i] & ~group
            ]
            level = list({self.alike.least(each[0]): each for each in level}.values())
        return found

    def _reach(self, beside: tuple[int, ...]) -> list[int]:
        """All layers before (or after) each one."""
        reached = [0] * len(beside)
        forward = beside is self.before
        for i in range(len(beside)) if forward else range(len(beside) - 1, -1, -1):
            for j in bits(beside[i]):
                reached[i] |= 1 << j | reached[j]
        return reached

    def _around(self, group: int, above: list[int], below: list[int]) -> tuple[int, int, int]:
        """Layers that share a tensor with members of a group, and all those before and after members."""
        near = up = down = 0
        for i in bits(group):
            near |= self.beside[i]
            up |= above[i]
            down |= below[i]
        return near, up, down

    def following(self, ideals: Sequence[int], groups: Sequence[int]) -> Iterator[list[int]]:
        """For each ideal those of some convex groups that lead from it to another one, as positions in `groups`.

        Where branches are alike, those that do so after some exchange.
        """
        fixed = self.everything & ~self.alike.movable
        needs = [self.needs(group) for group in groups]
        words = range(len(self.names) // WORD + 1)
        taken = _words([group & fixed for group in groups], len(words))
        asked = _words([needed & fixed for needed in needs], len(words))
        for ideal, done in zip(ideals, _words(ideals, len(words)), strict=True):
            blocked = np.zeros(len(groups), dtype=np.uint64)
            for word in words:
                blocked |= taken[:, word] & done[word] | asked[:, word] & ~done[word]
            found = np.flatnonzero(blocked == 0).tolist()
            if self.alike.classes:
                found = [at for at in found if any(self.alike.images(groups[at], needs[at], ideal))]
            yield found

    def needs(self, group: int) -> int:
        """Producers of a group outside it."""
        needed = 0
        for i in bits(group):
            needed |= self.before[i]
        return needed & ~group

    def _grown(self, ideal: int, group: int, ready: int, least: int, room: int) -> Iterator[int]:
        """Groups that contain `group` and otherwise layers from `least` on."""
        if group and self.connected(group):
            yield group
        if room:
            for i in bits(ready >> least << least):
                then = self._then(ideal | group, ready, i)
                yield from self._grown(ideal, group | 1 << i, then, i + 1, room - 1)

    def connected(self, group: int) -> bool:
        """Whether the layers hang together through tensors that they share.

        A group that falls into parts without a common tensor is never better than its parts one after the other: each
        needs no more room alone, and none moves more.
        """
        reached = group & -group
        todo = reached
        while todo:
            i = (todo & -todo).bit_length() - 1
            todo &= todo - 1
            fresh = self.beside[i] & group & ~reached
            reached |= fresh
            todo |= fresh
        return reached == group

    def members(self, group: int) -> tuple[str, ...]:
        """Names of the layers of a set."""
        return tuple(self.names[i] for i in bits(group))


def bits(mask: int) -> Iterator[int]:
    """Positions of the bits that are set, lowest first.

    >>> list(bits(0b1010))
    [1, 3]
    """
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def _words(masks: Sequence[int], count: int) -> Words:
    """Bit masks as rows of so many words."""
    full = (1 << WORD) - 1
    return np.array([[mask >> WORD * i & full for i in range(count)] for mask in masks], dtype=np.uint64)


def _mask(positions: Iterable[int]) -> int:
    mask = 0
    for position in positions:
        mask |= 1 << position
    return mask
