"""What no design of a segment undercuts, whatever its loops and depths.

A layer is *complete* if every design runs all its operations: it is a sink, or a complete layer reads every
coordinate of its output. Strides larger than a kernel and slices leave out coordinates that the hull of
a large tile covers and those of small tiles do not; the layers in front of them promise nothing.
"""

from __future__ import annotations

import math

import numpy as np

from looptree.model.slab import MAX_POINTS, attained_in
from looptree.workload import Access, Einsum, Workload


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


def compulsory_words(part: Workload) -> dict[str, int]:
    """Words of each input that every design reads, and of each output that every design writes."""
    complete = complete_layers(part)
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


def words_read(part: Workload, einsum: Einsum, tensor: str) -> int:
    """The most words of a tensor that one access of a layer reads."""
    shape = part.tensors[tensor].shape
    return max(_words(einsum, access, shape) for access in einsum.inputs if access.tensor == tensor)


def _words(einsum: Einsum, access: Access, shape: tuple[int, ...]) -> int:
    """Distinct words that an access reaches inside the tensor; a lower bound where that is costly to say."""
    ranks = [rank for form in access.projection for rank in form.ranks]
    if len(ranks) > len(set(ranks)):
        return 1
    reached = 1
    for form, extent in zip(access.projection, shape, strict=True):
        extents = tuple(einsum.ranks[rank] for rank in form.ranks)
        if math.prod(extents) > MAX_POINTS:
            return 1
        reached *= int(attained_in(form, extents, np.array([0]), np.array([extent]))[0])
    return reached


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
