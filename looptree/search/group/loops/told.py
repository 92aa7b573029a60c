"""What runs of the same loops that forget other intermediates have in common.

What is needed of a tensor follows from what its readers do, and that from how much of their outputs is computed anew,
and so on down to the sinks. So it is the same in all runs of some loops that forget the same of the intermediates
between the tensor and the sinks. A search decides intermediates from the sinks upwards: most of its runs differ in
what they forget of the first layers only, and what is counted of all behind these is counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from looptree.search.asked.loops import Rank, Tiles
from looptree.search.group.loops.boxes import Compared
from looptree.search.group.loops.factors import Factors, Work
from looptree.search.group.loops.passes import Needs, Pass
from looptree.workload import Workload

Loops = tuple[tuple[Rank, ...], tuple[Tiles, ...]]
"""Ranks of some loops, and choices of a tile shape for each."""
_Key = tuple[str, tuple[frozenset[str], ...]]


@dataclass(frozen=True, eq=False, slots=True)
class Needed:
    """What some loops contribute to the counts of one tensor.

    Attributes:
        factors: of all its readers together. uneven, covering, alike, needs, compared: as in `passes.Pass`; no
            `covering` of a tensor with one reader, and no `needs` or `compared` if these were not asked for.
    """

    factors: Factors
    uneven: bool
    covering: frozenset[int] | None
    alike: bool
    needs: Needs | None
    compared: Compared | None


def passed(needed: Mapping[str, Needed], writes: Mapping[str, Factors], work: Mapping[str, Work]) -> Pass:
    """A run, of what it contributes to each tensor and layer."""
    return Pass(
        {tensor: known.factors for tensor, known in needed.items()},
        writes,
        work,
        frozenset(tensor for tensor, known in needed.items() if known.uneven),
        {tensor: known.covering for tensor, known in needed.items() if known.covering is not None},
        frozenset(tensor for tensor, known in needed.items() if known.alike),
        {tensor: known.needs for tensor, known in needed.items() if known.needs is not None},
        {tensor: known.compared for tensor, known in needed.items() if known.compared is not None},
    )


class Told:
    """What was counted of the tensors and layers of a segment.

    Args:
        part: the segment.
    """

    def __init__(self, part: Workload) -> None:
        self.behind: dict[str, frozenset[str]] = {}
        for einsum in reversed(part.einsums):
            output = einsum.output.tensor
            for tensor in einsum.reads:
                known = self.behind.get(tensor, frozenset())
                self.behind[tensor] = known | self.behind.get(output, frozenset()) | {output}
        self.made = {einsum.name: einsum.output.tensor for einsum in part.einsums}
        self._known: dict[Loops, tuple[dict[_Key, Needed], dict[_Key, Work]]] = {}

    def of(self, loops: Loops, forgotten: Sequence[frozenset[str]]) -> _OfRun:
        """The same for one run."""
        return _OfRun(self, forgotten if any(forgotten) else (), *self._known.setdefault(loops, ({}, {})))


@dataclass(frozen=True, eq=False, slots=True)
class _OfRun:
    """What one run may take over from others."""

    every: Told
    forgotten: Sequence[frozenset[str]]
    tensors: dict[_Key, Needed]
    layers: dict[_Key, Work]

    def needed(self, tensor: str, count: Callable[[str], Needed]) -> Needed:
        """What was counted of a tensor, or what is counted now."""
        key = self._key(tensor, self.every.behind[tensor])
        if key not in self.tensors:
            self.tensors[key] = count(tensor)
        return self.tensors[key]

    def work(self, layer: str, count: Callable[[str], Work]) -> Work:
        """The same of a layer."""
        made = self.every.made[layer]
        key = self._key(layer, self.every.behind.get(made, frozenset()) | {made})
        if key not in self.layers:
            self.layers[key] = count(layer)
        return self.layers[key]

    def _key(self, name: str, behind: frozenset[str]) -> _Key:
        lost = tuple(names & behind for names in self.forgotten)
        return name, lost if any(lost) else ()
