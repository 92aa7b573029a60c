"""What a pinned dataflow leaves to choose in the nest of a layer.

* `weight_stationary`, `input_stationary`, `output_stationary`: the weights, the first input that is no weight, or the
  output have a place at the innermost level, and the loops that index them stand outside all others: while those run,
  they stay.
* `row_stationary`: of every dimension that joins a rank of the output with one of the weights, the last one is the row:
  the weight's rank of it is not cut, the output's is done as much at once as the array does, in the innermost loop, and
  so are the ranks of the other such dimensions, further out. Weights, input and output all have a place there: a row of
  the weights stays while a window slides along a row of the input. (Chen et al., Eyeriss, ISCA 2016, section V.)

A layer without such a tensor, or such a dimension, is free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from looptree.workload import Einsum, Workload


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a dataflow asks of a nest.

    Attributes:
        kept: tensors that have a place. stays: the tensor whose loops stand outside all others.
        tiles: the tile shapes of some ranks, 0 for one that is not cut. innermost: the rank of the innermost loop.
    """

    kept: frozenset[str] = frozenset()
    stays: str | None = None
    tiles: Mapping[str, int] | None = None
    innermost: str | None = None

    def allows(self, order: Sequence[str], indexing: frozenset[str]) -> bool:
        """Whether loops may stand in an order; `indexing` are the ranks of the tensor that stays."""
        if self.innermost in order and order[-1] != self.innermost:
            return False
        inside = [rank not in indexing for rank in order]
        return self.stays is None or inside == sorted(inside)


FREE = Pinned()


def pinned(dataflow: str | None, workload: Workload, einsum: Einsum, spatial: Mapping[str, int]) -> Pinned:
    """What the dataflow asks of the nest of one layer."""
    if dataflow is None:
        return FREE
    if dataflow == "row_stationary":
        return _rows(workload, einsum, spatial)
    weights = [t for t in einsum.reads if workload.kind(t) == "weight"]
    inputs = [t for t in einsum.reads if workload.kind(t) != "weight"]
    listed = {"weight_stationary": weights, "input_stationary": inputs}.get(dataflow, [einsum.output.tensor])
    return Pinned(frozenset(listed[:1]), listed[0]) if listed else FREE


def _rows(workload: Workload, einsum: Einsum, spatial: Mapping[str, int]) -> Pinned:
    weights = {
        rank
        for access in einsum.inputs
        if workload.kind(access.tensor) == "weight"
        for form in access.projection
        for rank in form.ranks
    }
    made = einsum.output.ranks
    joined = [
        (out[0], own[0])
        for access in einsum.inputs
        for form in access.projection
        if (out := [r for r in form.ranks if r in made and r not in weights])
        and (own := [r for r in form.ranks if r in weights and r not in made])
    ]
    if not joined:
        return FREE
    *others, (column, row) = joined
    tiles = {rank: spatial.get(rank, 1) for pair in others for rank in pair}
    kept = frozenset((*einsum.reads, einsum.output.tensor))
    return Pinned(kept, None, tiles | {column: spatial.get(column, 1), row: 0}, column)
