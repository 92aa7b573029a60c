"""Tensors of which taps jump over the first or last points.

Where a stride is larger than the kernel, or the kernel is dilated, all steps of a layer together may reach over a point
at the end of a tensor that no single step asks for: the hull of columns -1, 1 and 3 begins at column 0. Its tiles then
ask for less than the layer as a whole, with which groups are searched: those before it make less, or other parts at a
time.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from looptree.errors import InputError
from looptree.model.axis import Array
from looptree.workload import Affine, Einsum, Workload


def jumped(workload: Workload) -> dict[str, str]:
    """Tensors that layers make and others jump over the ends of, with the first such reader.

    >>> from looptree.workload.expression import parse_expression
    >>> def layer(name, text, p):
    ...     out, ins, operation = parse_expression(text)
    ...     return Einsum(name, {"p": p}, ins, out, operation)
    >>> jumped(Workload("odd columns", [layer("a", "T[p] = X[p]", 4), layer("b", "Y[p] = T[2*p-1]", 3)]))
    {'T': 'b'}
    """
    return {
        access.tensor: einsum.name
        for einsum in reversed(workload.einsums)
        for access in einsum.inputs
        if access.tensor in workload.intermediates
        for form, extent in zip(access.projection, workload.tensors[access.tensor].shape, strict=True)
        if _jumps(form, einsum, extent)
    }


def not_planned(known: Mapping[str, str]) -> InputError:
    """The plan that is found takes more room than the search counts, because of some tensors and their readers."""
    tensor, reader = next(iter(known.items()))
    return InputError(
        f"the taps of {reader!r} jump over the first or last points of tensor {tensor!r}, and with the points that tiles "
        "of it ask for the plan that is found does not fit",
        hint="search another capacity, or a narrower space; a mapping can be evaluated",
    )


def _jumps(form: Affine, einsum: Einsum, extent: int) -> bool:
    """Whether the hull of what lies inside is smaller than the part of the hull that lies inside."""
    touched = form.hull(einsum.box).clip(extent)
    reached = _attained(form, einsum)
    inside = reached[(reached >= 0) & (reached < extent)]
    return bool(touched) and (not len(inside) or (inside[0], inside[-1] + 1) != (touched.start, touched.stop))


def _attained(form: Affine, einsum: Einsum) -> Array:
    """Every value of a form, in order."""
    found = np.array([form.constant])
    for rank, factor in form.terms:
        found = np.unique(found[:, None] + factor * np.arange(einsum.ranks[rank]))
    return found
