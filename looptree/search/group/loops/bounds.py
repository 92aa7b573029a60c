"""What no design of a segment undercuts, whatever its loops and depths.

A layer is *complete* if every design runs all its operations, but those that write beyond an output which is read: it
is a sink, or a complete layer reads every coordinate of its output. Strides larger than a kernel and slices leave out
coordinates that the hull of a large tile covers and those of small tiles do not; the layers in front of them promise
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from looptree.model.production import all_operations
from looptree.model.slab import MAX_POINTS, Slab, attained_in
from looptree.workload import Access, Affine, Einsum, Workload


def complete_layers(part: Workload) -> frozenset[str]:
    """Names of the layers that run all their operations in every design."""
    found: set[str] = set()
    for einsum in reversed(part.einsums):
        tensor = einsum.output.tensor
        consumers = part.consumers(tensor)
        needed = _words(einsum, einsum.output, part.tensors[tensor].shape)
        covered = any(c.name in found and 0 < needed <= words_read(part, c, tensor) for c in consumers)
        if not consumers or covered:
            found.add(einsum.name)
    return frozenset(found)


def compulsory_words(part: Workload, complete: frozenset[str] | None = None) -> dict[str, int]:
    """Words of each input that every design reads, and of each output that every design writes.

    Args:
        complete: layers that run all their operations in every design, if these are known.
    """
    complete = complete_layers(part) if complete is None else complete
    words = dict.fromkeys((*part.inputs, *part.outputs), 0)
    for einsum in part.einsums:
        if einsum.name in complete:
            for tensor in einsum.reads:
                if tensor in words:
                    words[tensor] = max(words[tensor], words_read(part, einsum, tensor))
            tensor = einsum.output.tensor
            if tensor in words:
                words[tensor] = max(words[tensor], _words(einsum, einsum.output, part.tensors[tensor].shape))
    return words


def words_in_branches(part: Workload, tensor: str) -> tuple[int, int]:
    """Words of a tensor that every design reads, and writes, off chip if it is only stored inside branches.

    Each of the layers that read it fetches it for itself.
    """
    complete, maker = complete_layers(part), part.producer(tensor)
    read = sum(words_read(part, e, tensor) for e in part.consumers(tensor) if e.name in complete)
    known = maker is not None and maker.name in complete
    return read, _words(maker, maker.output, part.tensors[tensor].shape) if maker is not None and known else 0


def words_read(part: Workload, einsum: Einsum, tensor: str) -> int:
    """The most words of a tensor that one access of a layer reads."""
    shape, slabs = part.tensors[tensor].shape, all_operations(part, einsum).slabs
    return max(_words(einsum, access, shape, slabs) for access in einsum.inputs if access.tensor == tensor)


def _words(einsum: Einsum, access: Access, shape: tuple[int, ...], slabs: Sequence[Slab] = ()) -> int:
    """Distinct words that an access reaches inside the tensor; a lower bound where that is costly to say.

    Args:
        slabs: what the layer does of the ranks that a dimension of its output joins. Along the dimensions of the access
            that each of these ranks indexes by itself, their most is counted.
    """
    ranks = [rank for form in access.projection for rank in form.ranks]
    if len(ranks) > len(set(ranks)):
        return 1
    reached, along = 1, [1] * len(slabs)
    for form, extent in zip(access.projection, shape, strict=True):
        extents = tuple(einsum.ranks[rank] for rank in form.ranks)
        if math.prod(extents) > MAX_POINTS:
            return 1
        at = next((i for i, slab in enumerate(slabs) if not set(slab.form.ranks).isdisjoint(form.ranks)), None)
        if at is None:
            reached *= int(attained_in(form, extents, np.array([0]), np.array([extent]))[0])
        elif len(form.ranks) == 1:
            along[at] = max(along[at], _reached(slabs[at], form, extent))
    return reached * math.prod(along)


def _reached(slab: Slab, form: Affine, extent: int) -> int:
    """Words inside a dimension of a tensor that one rank of a slab reaches."""
    extents = dict(zip(slab.form.ranks, slab.extents, strict=True))
    (rank, factor), size = form.terms[0], extents[form.ranks[0]]
    if size * math.prod(slab.extents) > MAX_POINTS:
        return 1
    values = np.arange(size)
    spans = {r: (np.full(size, 0), np.full(size, n)) for r, n in extents.items()} | {rank: (values, values + 1)}
    at = factor * values + form.constant
    return int(((slab.at(0, values).count(spans) > 0) & (at >= 0) & (at < extent)).sum())


def operations_per_word(einsum: Einsum) -> int:
    """Operations of a layer for each word that it makes, 0 if its output is indexed by anything but ranks of their own.

    >>> from looptree.workload.load import load_workload
    >>> operations_per_word(load_workload("conv_conv", channels=16, resolution=16).einsum("conv1"))
    144
    """
    forms = einsum.output.projection
    ranks = [rank for form in forms for rank, factor in form.terms if factor == 1]
    if len(ranks) < len(forms) or len(set(ranks)) < len(ranks) or any(f.constant or len(f.terms) > 1 for f in forms):
        return 0
    return math.prod(extent for rank, extent in einsum.ranks.items() if rank not in ranks)
