"""What the loops of a segment, run through tile inference, contribute to its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.factors import Factors, Work


@dataclass(frozen=True, eq=False, slots=True)
class Pass:
    """One loop, or a few together, run through tile inference alone.

    Attributes:
        tensors: per tensor that is needed without loops, nothing where no tile shape reaches it; writes: per tensor
            that leaves from a sink.
        work: per Einsum.
        uneven: tensors some of whose readers rest at steps at which others do not; covering: for each tensor
            with several readers, those (by position) that need all that any of them needs, at every step.
        alike: tensors all of whose readers need the same at every step, as far as it follows the loops. needs: of each
            tensor that is read, if that was asked for.
    """

    tensors: Mapping[str, Factors]
    writes: Mapping[str, Factors]
    work: Mapping[str, Work]
    uneven: frozenset[str]
    covering: Mapping[str, frozenset[int]]
    alike: frozenset[str]
    needs: Mapping[str, Needs]


@dataclass(frozen=True, eq=False, slots=True)
class Needs:
    """What is needed of one tensor in one run.

    Attributes:
        readers: what the loops contribute to the counts of each reader by itself, of a tensor with several.
        narrowed: dimensions along which some reader, or all together, need less at the first step than without loops.
        begun: those of all together, and words along them at the first step, per choice of tile shapes.
    """

    readers: tuple[Factors, ...]
    narrowed: frozenset[Key]
    begun: tuple[frozenset[Key], Array]


@dataclass(frozen=True, eq=False, slots=True)
class Whole:
    """The segment without loops: extents that are touched.

    Attributes:
        tensors: per tensor that is read, extent per dimension; writes: per tensor that leaves from a sink.
        asked: the same for each reader of a tensor, padding included, and for all of them. reads: for each reader,
        without padding.
        operations: per Einsum, the parts that its work is a product of.
    """

    tensors: Mapping[str, Mapping[Key, int]]
    asked: Mapping[str, Sequence[Mapping[Key, int]]]
    reads: Mapping[str, Sequence[Mapping[Key, int]]]
    writes: Mapping[str, Mapping[Key, int]]
    operations: Mapping[str, tuple[Part, ...]]

    def extents(self, tensor: str) -> Mapping[Key, int]:
        """Extents of a tensor that leaves from a sink, or is read; none for a single word."""
        return self.writes[tensor] if tensor in self.writes else self.tensors[tensor]


@dataclass(frozen=True, slots=True)
class Part:
    """One rank of an Einsum, or the ranks that one dimension of its output joins.

    Attributes:
        ranks: those. operations, cycles, points: what they multiply the work with.
    """

    ranks: frozenset[Key]
    operations: int
    cycles: int
    points: int


def kinds_of(run: Pass) -> list[list[int]]:
    """The choices of tile shapes of a run, apart where its loops are relevant to different tensors."""
    moves = np.stack([moving for f in (*run.tensors.values(), *run.writes.values()) for moving in f.moves.values()])
    kinds: dict[bytes, list[int]] = {}
    for column in range(moves.shape[1]):
        kinds.setdefault(moves[:, column].tobytes(), []).append(column)
    return list(kinds.values())
