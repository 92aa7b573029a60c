"""Sets of layers, and of tensors on chip, up to the order of branches that may be exchanged.

What can be done after some layers can be done after those that an exchange of branches makes of them, at the same cost.
So of sets that differ by exchanges one is looked at: that in which the *patterns* of the branches, which of their
members are in it, do not grow from one to the next. Plans are found with branches exchanged on the way, and get the
names back that they have without.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from looptree.search.asked.branches import Branch


class Alike:
    """Branches that may be exchanged, as bits of masks.

    Args:
        classes: of such branches. layers, tensors: in the order of the bits, first layers, then tensors.

    Attributes:
        layers: how many there are. movable: all members of branches.
    """

    def __init__(self, classes: Sequence[Sequence[Branch]], layers: Sequence[str], tensors: Sequence[str] = ()) -> None:
        at = {name: i for i, name in enumerate(layers)}
        on = {name: len(layers) + i for i, name in enumerate(tensors)}
        self.classes = classes
        self.layers = len(layers)
        self._positions = [
            [[*(on[t] for t in branch.tensors if t in on), *(at[name] for name in branch.layers)] for branch in each]
            for each in classes
        ]  # layers come last: a set of layers and tensors in order has its layers in order
        self._masks = [[sum(1 << i for i in branch) for branch in each] for each in self._positions]
        self._known: list[list[dict[int, int]]] = [[{} for _ in each] for each in classes]
        self._placed: list[list[dict[int, int]]] = [[{} for _ in each] for each in classes]
        self._demanded: dict[int, list[Counter[tuple[int, int]]]] = {}
        self._state = -1
        self._blocks: list[list[tuple[int, list[int]]]] = []
        self.movable = sum(map(sum, self._masks))

    def least(self, mask: int) -> int:
        """A set with its branches in order."""
        for number in range(len(self.classes)):
            patterns = self._patterns(number, mask)
            ordered = sorted(patterns, reverse=True)
            if patterns != ordered:
                mask = mask & ~sum(self._masks[number]) | self._set(number, ordered)
        return mask

    def order(self, mask: int) -> list[list[int]]:
        """For each class the branches of a set in the order that they have in `least`."""
        found = []
        for number in range(len(self.classes)):
            patterns = self._patterns(number, mask)
            found.append(sorted(range(len(patterns)), key=lambda i, own=patterns: -own[i]))  # type: ignore[misc]
        return found

    def images(self, group: int, needs: int, state: int) -> Iterator[int]:
        """What exchanges make of a group that may come next in a state, but for those that leave the state as it is.

        Args:
            group, needs: layers, and producers of theirs. state: layers that are done, and tensors on chip.
        """
        fixed = ~self.movable
        if not group & fixed & state and not needs & fixed & ~state:
            if state != self._state:
                self._state, self._blocks = state, [self._equal(number, state) for number in range(len(self.classes))]
            for parts in itertools.product(*map(self._ways, range(len(self.classes)), self._demands(group, needs))):
                yield group & fixed | sum(parts)

    def neighbours(self, state: int, group: int, made: int) -> list[tuple[int, int, int]]:
        """Pairs of branches alike in a state and a group, next to each other in a class, that have some tensors.

        In one of all ways to choose from these the first one of each pair is chosen no less of, as `falling` says.
        """
        found = []
        for number, masks in enumerate(self._masks):
            rows = list(zip(self._patterns(number, state), self._patterns(number, group), strict=True))
            found += [
                (number, i, i + 1)
                for i, (one, other) in enumerate(itertools.pairwise(rows))
                if one == other and made & masks[i + 1]
            ]
        return found

    def falling(self, pairs: Sequence[tuple[int, int, int]], chosen: int) -> bool:
        """Whether of each pair of branches the first one has no smaller pattern."""
        return all(self._pattern(n, one, chosen) >= self._pattern(n, other, chosen) for n, one, other in pairs)

    def moved(self, mask: int, to: Sequence[Sequence[int]]) -> int:
        """A set after each branch of each class takes the place of the one that `to` says."""
        for number, places in enumerate(to):
            patterns = self._patterns(number, mask)
            if any(patterns):
                new = [0] * len(places)
                for place, pattern in zip(places, patterns, strict=True):
                    new[place] = pattern
                mask = mask & ~sum(self._masks[number]) | self._set(number, new)
        return mask

    def names(self, to: Sequence[Sequence[int]]) -> Mapping[str, dict[str, str]]:
        """New names of `layers`, `tensors` and `ranks` of branches that take the places of others."""
        found: dict[str, dict[str, str]] = {"layers": {}, "tensors": {}, "ranks": {}}
        for each, places in zip(self.classes, to, strict=True):
            for branch, place in zip(each, places, strict=True):
                for kind, own in found.items():
                    own.update(zip(getattr(branch, kind), getattr(each[place], kind), strict=True))
        return found

    def _demands(self, group: int, needs: int) -> list[Counter[tuple[int, int]]]:
        """How many branches of each class have which patterns in a group and in what it needs."""
        if group not in self._demanded:
            self._demanded[group] = [
                Counter(zip(self._patterns(number, group), self._patterns(number, needs), strict=True))
                for number in range(len(self.classes))
            ]
        return self._demanded[group]

    def _equal(self, number: int, state: int) -> list[tuple[int, list[int]]]:
        """The patterns of branches in a state, and the branches that have each."""
        blocks: dict[int, list[int]] = {}
        for place, mark in enumerate(self._patterns(number, state)):
            blocks.setdefault(mark, []).append(place)
        return list(blocks.items())

    def _ways(self, number: int, demand: Counter[tuple[int, int]]) -> Iterator[int]:
        """The members of branches of a class in `images` of a group."""
        blocks = self._blocks[number]
        for spread in _spread([(mark, len(places)) for mark, places in blocks], demand):
            patterns = [0] * len(self._masks[number])
            for (_, places), chosen in zip(blocks, spread, strict=True):
                for place, pattern in zip(places, chosen, strict=True):
                    patterns[place] = pattern
            yield self._set(number, patterns)

    def _patterns(self, number: int, mask: int) -> list[int]:
        """The pattern of each branch of a class in a set."""
        found = [known.get(mask & own, -1) for known, own in zip(self._known[number], self._masks[number], strict=True)]
        return [self._pattern(number, i, mask) for i in range(len(found))] if -1 in found else found

    def _pattern(self, number: int, i: int, mask: int) -> int:
        """The pattern of one of them."""
        known, own = self._known[number][i], mask & self._masks[number][i]
        if own not in known:
            known[own] = sum(1 << place for place, at in enumerate(self._positions[number][i]) if own >> at & 1)
        return known[own]

    def _set(self, number: int, patterns: Sequence[int]) -> int:
        """The members of branches of a class with such patterns."""
        found = 0
        for i, pattern in enumerate(patterns):
            if pattern:
                known = self._placed[number][i]
                if pattern not in known:
                    known[pattern] = sum(
                        1 << at for place, at in enumerate(self._positions[number][i]) if pattern >> place & 1
                    )
                found |= known[pattern]
        return found


def _spread(blocks: Sequence[tuple[int, int]], patterns: Counter[tuple[int, int]]) -> Iterator[list[list[int]]]:
    """Every way to give patterns to blocks of equal branches.

    Args:
        blocks: the pattern of each in the state, and how many branches it has.
        patterns: how many branches have which in a group and in what it needs: a branch has to have what is needed
            already, and nothing of the group.
    """
    if not blocks:
        yield []
        return
    mark, size = blocks[0]
    fitting = [pair for pair in patterns if not pair[0] & mark and not pair[1] & ~mark]
    for chosen in _chosen([(pair, patterns[pair]) for pair in fitting], size):
        left = patterns - chosen
        for rest in _spread(blocks[1:], left):
            yield [sorted((pattern for pattern, _ in chosen.elements()), reverse=True), *rest]


def _chosen(listed: Sequence[tuple[tuple[int, int], int]], size: int) -> Iterator[Counter[tuple[int, int]]]:
    """Every choice of so many patterns of those that there are."""
    if not listed:
        if not size:
            yield Counter()
        return
    (pair, most), *others = listed
    least = max(0, size - sum(count for _, count in others))
    for count in range(min(most, size), least - 1, -1):
        for rest in _chosen(others, size - count):
            if count:
                rest[pair] = count
            yield rest


NONE = Alike((), ())
"""No branches are alike."""
