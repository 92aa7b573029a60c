"""Ranks that a nest does not cut, since smaller tiles would ask for less than the whole tile does.

What a tile asks for is a hull, with coordinates that the layer skips. Where smaller tiles leave them out, less would
come in further out as well, and a nest could not be found by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from looptree.model.inside.problems import Problems
from looptree.model.inside.slabs import AXIS, operations_of
from looptree.model.slab import Slab
from looptree.workload import Affine, Einsum


def with_gaps(einsum: Einsum, problems: Problems, *, instances: bool) -> frozenset[str]:
    """Ranks of a part along which a tile of some tensor skips coordinates.

    Such as with a stride larger than the kernel, a diagonal, or a slab of a few points of a transposed convolution.

    Args:
        instances: whether there are several, of whose outputs the model has to know that no tile leaves out points.
    """
    length = dict(zip(problems.ranks, problems.high - problems.low, strict=False))
    found = set(_with_holes(einsum, problems))
    for access in (*einsum.inputs, einsum.output):
        ranks = [rank for form in access.projection for rank in form.ranks]
        found.update(rank for rank in problems.ranks if ranks.count(rank) > 1)
        for form in access.projection:
            reach = np.zeros(len(problems.of), dtype=np.int64)
            for rank, factor in sorted(form.terms, key=lambda term: abs(term[1])):
                if rank not in length:
                    break
                if ((abs(factor) > reach + 1) & (length[rank] > 1)).any():
                    found.update(form.ranks)
                reach = reach + abs(factor) * (length[rank] - 1)
    if instances:
        joined = [form for form in einsum.output.projection if not _is_plain(form)]
        found.update(rank for form in joined for rank in form.ranks if rank in problems.ranks)
    return frozenset(found)


def _is_plain(form: Affine) -> bool:
    return len(form.terms) < 2 and all(abs(factor) == 1 for _, factor in form.terms)


def _with_holes(einsum: Einsum, problems: Problems) -> Iterator[str]:
    """Ranks of slabs in which a tile leaves out values between others."""
    every = np.arange(len(problems.of))
    spans = operations_of(einsum, problems, every).box.tracks[AXIS].spans if problems.forms else {}
    for row, (form, extents) in enumerate(problems.forms, start=len(problems.ranks)):
        slab = Slab(form, extents, AXIS, problems.low[row], problems.high[row])
        whole = {rank: spans[rank] for rank in form.ranks}
        for rank, (low, high) in whole.items():
            for value in range(int(low.min()), int(high.max())):
                one = {**whole, rank: (np.full(len(every), value), np.full(len(every), value + 1))}
                if ((low <= value) & (value < high) & (slab.count(one) == 0)).any():
                    yield from form.ranks
                    break
