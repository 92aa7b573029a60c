"""Nests of an outer level that are tried in turn, from the least bound on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.nest import Found, Nest, Options, Price

MOST_AT_ONCE = 512


@dataclass(frozen=True, eq=False, slots=True)
class Tries:
    """Nests of the outermost level, what they take of each sum, and what they take with all further in at least."""

    options: Options
    sums: Array
    bound: Array


@dataclass(frozen=True, eq=False, slots=True)
class Try:
    """A nest of the outermost level: one of some options, what it takes, and what it takes with all further in."""

    options: Options
    at: int
    sums: list[float]
    bound: list[float]

    def with_nests(self, nest: Nest, second: Price, inner: Found) -> Found:
        """Together with those further in."""
        at, options = self.at, self.options
        sums = tuple(a + b for a, b in zip(self.sums, inner.sums, strict=True))
        words = {row: float(table[at]) for row, table in options.entered.items()}
        steps = int(options.steps[at])
        other = inner.second + float(second.of(nest.kept, words, steps))
        return Found(nest, sums, other, int(options.block.bytes[at]), words, steps, inner.fits, inner)


def batches(tries: Sequence[Tries]) -> Iterator[list[Try]]:
    """Nests of least bound first, more and more at a time; together those with the same tiles that keep the same."""
    if not tries:
        return
    first = np.cumsum([0, *(some.bound.shape[1] for some in tries)])
    order = np.lexsort(np.concatenate([some.bound for some in tries], axis=1)[::-1])
    _, earliest, group = np.unique(_tiles(tries)[order], return_index=True, return_inverse=True)
    place = earliest[group]
    order = order[np.argsort(place, kind="stable")]
    starts = np.append(np.flatnonzero(np.diff(np.sort(place), prepend=-1)), len(order))
    start, size = 0, 1
    while start < len(starts) - 1:
        chosen = order[starts[start] : starts[min(start + size, len(starts) - 1)]]
        numbers = np.searchsorted(first, chosen, side="right") - 1
        yield [
            Try(tries[number].options, at, tries[number].sums[:, at].tolist(), tries[number].bound[:, at].tolist())
            for number, at in zip(numbers.tolist(), (chosen - first[numbers]).tolist(), strict=True)
        ]
        start, size = start + size, min(4 * size, MOST_AT_ONCE)


def prefixes(tries: Sequence[Try]) -> Iterator[Try]:
    """Those that matter further in: of nests with the same tiles those of which no other one brings in less."""
    same: dict[object, list[Try]] = {}
    for tried in tries:
        same.setdefault(tuple(int(ways[tried.at]) for ways in tried.options.block.ways), []).append(tried)
    for of in same.values():
        words = np.array([[table[tried.at] for table in tried.options.entered.values()] for tried in of])
        left = np.lexsort(words.T[::-1])
        while len(left):
            yield of[left[0]]
            left = left[(words[left] < words[left[0]]).any(axis=1)]


def _tiles(tries: Sequence[Tries]) -> Array:
    """A number for each nest, equal for those with the same tiles that keep the same tensors."""
    blocks = [some.options.block for some in tries]
    kept = {known: number for number, known in enumerate(dict.fromkeys(block.kept for block in blocks))}
    found = np.concatenate([np.full(len(block.bytes), kept[block.kept]) for block in blocks])
    for ways in zip(*(block.ways for block in blocks), strict=True):
        column = np.concatenate(ways)
        found = found * (int(column.max()) + 1) + column
    return found


def beaten(known: Sequence[Sequence[float]], bound: Sequence[float]) -> bool:
    """Whether sums that are known are no worse than a bound in every one."""
    return any(all(a <= b for a, b in zip(sums, bound, strict=True)) for sums in known)


def hopeful(bounds: Array, known: Sequence[Sequence[float]]) -> Array:
    """Which of some bounds, of shape (sums, bounds), are better than sums that are known in one at least."""
    left = np.ones(bounds.shape[1], dtype=bool)
    for sums in known:
        left &= (bounds < np.array(sums)[:, None]).any(axis=0)
    return left
