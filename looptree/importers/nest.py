"""One loop nest over several views: loops are cut where the factors of a view demand it.

An operator is written down over whole loops: a matrix product reads `A[p, d]` and `B[d, f]` over the loops `p`, `d`
and `f`. Where `A` is seen through a view whose second dimension is `h` heads of `e` elements, the loop `d` becomes the
ranks `h` and `e`, and `B` is read at `B[64*h+e, f]`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from looptree.importers.names import contracted, fresh
from looptree.importers.view import Dimension, Factor, View, boundaries, chain, substituted
from looptree.workload.affine import Affine, Interval

Index = tuple[str, ...] | Affine
"""How a dimension is indexed: by loops, the most significant first, or by an affine form of loops."""


@dataclass(frozen=True, slots=True)
class Read:
    """A view and how each of its dimensions is indexed."""

    view: View
    index: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What a nest writes: forms and shape of the stored tensor, and the factor of each dimension of the value."""

    forms: tuple[Affine, ...]
    shape: tuple[int, ...]
    dimensions: tuple[Dimension, ...]


class UnevenError(Exception):
    """A view cannot be read by these loops: it has to be copied first.

    Attributes:
        position: which of the reads.
    """

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class Nest:
    """Loops cut into ranks.

    Args:
        loops: extent of each loop; one of extent 1 is no loop at all.
        reads: what is read.
        summed: loops that the output does not have; their ranks are named for it.

    Raises:
        UnevenError: the factors of a view and the loops do not divide each other.
    """

    def __init__(self, loops: Mapping[str, int], reads: Sequence[Read], summed: Sequence[str] = ()) -> None:
        self.loops = {name: extent for name, extent in loops.items() if extent > 1}
        self.reads = reads
        self.summed = summed
        self._steps: dict[str, set[int]] = {name: {1, extent} for name, extent in self.loops.items()}
        while self._cut_once():
            pass
        self._ranks = self._named()

    @property
    def ranks(self) -> dict[str, int]:
        """Extent of each rank, in the order of the loops."""
        return {factor.name: factor.extent for loop in self.loops for factor in self._ranks[loop]}

    def form(self, index: Affine) -> Affine:
        """An affine form of loops as one of ranks."""
        gone = {rank: Affine((), 0) for rank in index.ranks if rank not in self.loops}
        return substituted(index, gone | {loop: self._whole(loop) for loop in self.loops})

    def read(self, read: Read) -> tuple[Affine, ...]:
        """The coordinates of the stored tensor that a read visits, as forms of ranks."""
        by: dict[str, Affine] = {}
        for dimension, index in zip(read.view.dimensions, read.index, strict=True):
            if isinstance(index, Affine):
                by |= {factor.name: self.form(index) for factor in dimension}
            else:
                by |= self._assigned(dimension, self._factors(index))
        return tuple(substituted(form, by) for form in read.view.forms)

    def written(self, index: Sequence[Index], shape: Sequence[int]) -> Written:
        """The output under these indices: one stored dimension for each that is indexed at all."""
        forms: list[Affine] = []
        factors: list[Factor] = []
        dimensions: list[Dimension] = []
        for entry, extent in zip(index, shape, strict=True):
            if isinstance(entry, Affine):
                whole = entry
            else:
                whole = _row_major([loop for loop in entry if loop in self.loops], self.loops)
            if not whole.terms and not whole.constant:
                dimensions.append(())
                continue
            name = fresh(next(reversed(whole.ranks), "u"), [factor.name for factor in factors])
            factors.append(Factor(name, extent))
            forms.append(self.form(whole))
            dimensions.append((factors[-1],))
        return Written(tuple(forms), tuple(factor.extent for factor in factors), tuple(dimensions))

    def cuts(self, read: Read) -> bool:
        """Whether a dimension of a view is read by the ranks of a loop that was cut."""
        loops = {loop for index in read.index if not isinstance(index, Affine) for loop in index if loop in self.loops}
        return any(len(self._ranks[loop]) > 1 for loop in loops)

    # -- cutting --------------------------------------------------------------------------

    def _cut_once(self) -> bool:
        """Cut loops where a view demands it; whether anything changed."""
        changed = False
        for position, read in enumerate(self.reads):
            for dimension, index in zip(read.view.dimensions, read.index, strict=True):
                if isinstance(index, Affine):
                    continue
                loops = [loop for loop in index if loop in self.loops]
                steps = chain(boundaries([f.extent for f in dimension]), self._steps_of(loops))
                if steps is None:
                    raise UnevenError(position)
                inner = 1
                for loop in reversed(loops):
                    outer = inner * self.loops[loop]
                    cut = {step // inner for step in steps if inner <= step <= outer}
                    changed |= cut != self._steps[loop]
                    self._steps[loop] = cut
                    inner = outer
        return changed

    def _steps_of(self, loops: Sequence[str]) -> set[int]:
        steps, inner = {1}, 1
        for loop in reversed(loops):
            steps |= {inner * step for step in self._steps[loop]}
            inner *= self.loops[loop]
        return steps

    def _named(self) -> dict[str, tuple[Factor, ...]]:
        """The ranks of each loop; those of a loop that is cut are called as in the first view that cuts it."""
        whole = {loop for loop in self.loops if len(self._steps[loop]) == 2}
        taken = set(whole)
        found: dict[str, tuple[Factor, ...]] = {loop: (Factor(loop, self.loops[loop]),) for loop in whole}
        for loop in self.loops:
            if loop in whole:
                continue
            factors = []
            for low, high in pairwise(sorted(self._steps[loop])):
                name = self._wish(loop, low, high)
                name = fresh(contracted(name) if loop in self.summed else name, taken)
                taken.add(name)
                factors.append(Factor(name, high // low))
            found[loop] = tuple(reversed(factors))
        return found

    def _wish(self, loop: str, low: int, high: int) -> str:
        for read in self.reads:
            for dimension, index in zip(read.view.dimensions, read.index, strict=True):
                if index == (loop,):
                    inner = 1
                    for factor in reversed(dimension):
                        if (inner, inner * factor.extent) == (low, high):
                            return factor.name
                        inner *= factor.extent
        return loop

    # -- reading --------------------------------------------------------------------------

    def _factors(self, index: Sequence[str]) -> tuple[Factor, ...]:
        return tuple(factor for loop in index if loop in self.loops for factor in self._ranks[loop])

    def _whole(self, loop: str) -> Affine:
        factors = self._ranks[loop]
        return _row_major([f.name for f in factors], {f.name: f.extent for f in factors})

    @staticmethod
    def _assigned(dimension: Dimension, ranks: Sequence[Factor]) -> dict[str, Affine]:
        """Each factor of a dimension as a form of the ranks that it consists of."""
        left = list(ranks)
        found = {}
        for factor in reversed(dimension):
            inside: list[tuple[str, int]] = []
            inner = 1
            while inner < factor.extent:
                rank = left.pop()
                inside.insert(0, (rank.name, inner))
                inner *= rank.extent
            found[factor.name] = Affine(tuple(inside))
        return found


def hull(index: Affine, loops: Mapping[str, int]) -> Interval:
    """What an affine form of loops reaches."""
    return index.hull({name: Interval(0, extent) for name, extent in loops.items()})


def _row_major(names: Sequence[str], extents: Mapping[str, int]) -> Affine:
    inner = [math.prod(extents[name] for name in names[i + 1 :]) for i in range(len(names))]
    return Affine(tuple(zip(names, inner, strict=True)))
