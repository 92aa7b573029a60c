"""Tensors stored the way their readers want: a dimension that all of them read by two ranks becomes two dimensions.

`scores[h,p,k] = Q[p,64*h+e] * K[k,64*h+e]` is what a reshape into heads comes to; `Q[p,h,e]` says the same, in the same
order in memory. The layer that makes `Q` then has the ranks `h` and `e` as well, and so on towards the inputs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from looptree.importers.made import Draft
from looptree.importers.names import fresh
from looptree.importers.view import substituted
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access

Shapes = dict[str, tuple[int, ...]]


def split(
    drafts: Sequence[Draft], shapes: Mapping[str, tuple[int, ...]], cut: Collection[str]
) -> tuple[list[Draft], Shapes]:
    """The layers and the shapes of tensors after all such dimensions were split, from the last layer to the first.

    Args:
        drafts: the layers.
        shapes: of all tensors.
        cut: tensors that are read by ranks of a loop that a view has cut; no other is looked at, since windows side by
            side and groups of channels count through a dimension as well, but are no dimensions of their own.
    """
    splitting = _Splitting(drafts, shapes, cut)
    made = {draft.output.tensor for draft in drafts}
    outside = [tensor for tensor in shapes if tensor not in made]
    for tensor in [*(draft.output.tensor for draft in reversed(drafts)), *outside]:
        splitting.tensor(tensor)
    return [splitting.drafts[draft.name] for draft in drafts], splitting.shapes


class _Splitting:
    def __init__(self, drafts: Sequence[Draft], shapes: Mapping[str, tuple[int, ...]], cut: Collection[str]) -> None:
        self.cut = set(cut)
        self.drafts = {draft.name: draft for draft in drafts}
        self.shapes = dict(shapes)
        self.maker = {draft.output.tensor: draft.name for draft in drafts}
        self.readers: dict[str, list[str]] = {}
        for draft in drafts:
            for tensor in dict.fromkeys(access.tensor for access in draft.reads):
                self.readers.setdefault(tensor, []).append(draft.name)

    def tensor(self, tensor: str) -> None:
        """Split the dimensions of one tensor, the last one first so that numbers stay."""
        if tensor not in self.cut:
            return
        for axis in reversed(range(len(self.shapes[tensor]))):
            digits = self._digits(tensor, axis)
            if digits is not None and self._write(tensor, axis, digits):
                for name in self.readers[tensor]:
                    self._read(name, tensor, axis, digits)
                shape = self.shapes[tensor]
                self.shapes[tensor] = (*shape[:axis], *digits.values(), *shape[axis + 1 :])

    def _digits(self, tensor: str, axis: int) -> dict[str, int] | None:
        """Ranks and extents by which everybody reads a dimension; `None` where that is one rank, or not the same."""
        found: list[dict[str, int]] = []
        for name in self.readers.get(tensor, ()):
            draft = self.drafts[name]
            for access in draft.reads:
                if access.tensor == tensor:
                    digits = _row_major(access.projection[axis], draft.ranks, self.shapes[tensor][axis])
                    if digits is None:
                        return None
                    found.append(digits)
        extents = {tuple(digits.values()) for digits in found}
        return found[0] if len(extents) == 1 and len(found[0]) > 1 else None

    def _write(self, tensor: str, axis: int, digits: Mapping[str, int]) -> bool:
        """Let the layer that makes the tensor write the dimensions; `False` where it cannot."""
        if tensor not in self.maker:
            return True
        draft = self.drafts[self.maker[tensor]]
        form = draft.output.projection[axis]
        own = _row_major(form, draft.ranks, self.shapes[tensor][axis])
        others = {rank for i, other in enumerate(draft.output.projection) if i != axis for rank in other.ranks}
        if own is None or others & set(own):
            return False
        cut = _cut(own, digits, draft.ranks)
        if cut is None:
            return False
        by = {rank: _weighted(pieces) for rank, pieces in cut.items() if len(pieces) > 1}
        self.cut |= {access.tensor for access in draft.reads if access.ranks & set(by)}
        renamed = {rank: _weighted(pieces) for rank, pieces in cut.items()}
        reads = tuple(
            replace(access, projection=tuple(substituted(f, renamed) for f in access.projection))
            for access in draft.reads
        )
        ranks = [new for rank, e in draft.ranks.items() for new in cut.get(rank, {rank: e}).items()]
        names = [name for pieces in cut.values() for name in pieces]
        projection = draft.output.projection
        written = (*projection[:axis], *(Affine(((name, 1),)) for name in names), *projection[axis + 1 :])
        self.drafts[draft.name] = replace(draft, ranks=dict(ranks), reads=reads, output=Access(tensor, written))
        return True

    def _read(self, name: str, tensor: str, axis: int, digits: Mapping[str, int]) -> None:
        draft = self.drafts[name]
        reads = []
        for access in draft.reads:
            if access.tensor == tensor:
                own = _row_major(access.projection[axis], draft.ranks, math.prod(digits.values()))
                parts = tuple(Affine(((rank, 1),)) for rank in own or ())
                access = Access(tensor, (*access.projection[:axis], *parts, *access.projection[axis + 1 :]))
            reads.append(access)
        self.drafts[name] = replace(draft, reads=tuple(reads))


def _cut(own: Mapping[str, int], digits: Mapping[str, int], taken: Collection[str]) -> dict[str, dict[str, int]] | None:
    """The ranks that write a dimension, each cut into the digits that are wanted; `None` where they do not fit.

    >>> _cut({"f": 768}, {"h": 12, "e": 64}, ("p", "f"))
    {'f': {'h': 12, 'e': 64}}
    """
    wanted = list(digits.items())
    names = set(taken)
    found: dict[str, dict[str, int]] = {}
    for rank, extent in own.items():
        pieces: dict[str, int] = {}
        while math.prod(pieces.values()) < extent and wanted:
            name, size = wanted.pop(0)
            if size == extent:
                name = rank
            name = fresh(name, (names | set(pieces)) - {rank})
            pieces[name] = size
        if math.prod(pieces.values()) != extent:
            return None
        found[rank] = pieces
        names |= set(pieces)
    return found


def _row_major(form: Affine, ranks: Mapping[str, int], extent: int) -> dict[str, int] | None:
    """The ranks of a form that counts through a whole dimension, the most significant first; `None` for others.

    >>> _row_major(Affine((("h", 64), ("e", 1))), {"h": 12, "e": 64}, 768)
    {'h': 12, 'e': 64}
    """
    digits = dict(sorted(form.terms, key=lambda term: -term[1]))
    found = {rank: ranks[rank] for rank in digits}
    return (
        found
        if form.constant == 0
        and _weighted(found).terms == tuple(digits.items())
        and math.prod(found.values()) == extent
        else None
    )


def _weighted(digits: Mapping[str, int]) -> Affine:
    """The form by which these ranks count through one dimension."""
    sizes = list(digits.values())
    return Affine(tuple((rank, math.prod(sizes[i + 1 :])) for i, rank in enumerate(digits)))
