"""Reshaping as an affine copy: dimensions are split and merged over their common factors.

`[6, 4]` becomes `[3, 8]` over ranks of 3, 2 and 4: `Y[a, 4*b+c] = X[2*a+b, c]`. Where the boundaries
of the two shapes do not divide each other (`[6, 4]` to `[4, 6]`) no affine projection exists.
"""

from __future__ import annotations

import math
from itertools import pairwise

from looptree.workload.affine import Affine
from looptree.workload.layers.feature import Feature, fresh
from looptree.workload.layers.layer import Expansion, Layer, form


def reshaped(layer: Layer, shape: tuple[int, ...], ranks: tuple[str, ...]) -> Expansion:
    """The Einsum that copies the layer's input into another shape of the same size.

    Raises:
        InputError: the boundaries of the two shapes do not divide each other.
    """
    feature = layer.input
    steps = common_boundaries(feature.shape, shape)
    if steps is None:
        raise layer.error(
            f"expected a shape that splits and merges the dimensions of {feature}, found {list(shape)}",
            "the products of the last dimensions of both shapes have to divide each other",
            "shape",
        )
    names = _names(steps, shape, ranks)
    extents = {names[i]: steps[i + 1] // steps[i] for i in reversed(range(len(steps) - 1))}
    single = {rank: 1 for rank, extent in zip(ranks, shape, strict=True) if extent == 1}
    written = tuple(
        form({rank: 1}) if rank in single else split
        for rank, split in zip(ranks, _forms(shape, steps, names), strict=True)
    )
    einsum = layer.einsum(
        extents | single,
        (layer.name, written),
        [(feature, _forms(feature.shape, steps, names))],
        "copy",
    )
    return Expansion((einsum,), (Feature(layer.name, shape, ranks),))


def common_boundaries(first: tuple[int, ...], second: tuple[int, ...]) -> list[int] | None:
    """The products of the last dimensions of both shapes, ascending; `None` where one does not divide the next.

    >>> common_boundaries((6, 4), (3, 8)), common_boundaries((6, 4), (4, 6))
    ([1, 4, 8, 24], None)
    """
    products = {math.prod(shape[i:]) for shape in (first, second) for i in range(len(shape) + 1)}
    steps = sorted(products)
    return None if any(b % a for a, b in pairwise(steps)) else steps


def _names(steps: list[int], shape: tuple[int, ...], ranks: tuple[str, ...]) -> list[str]:
    """A rank per factor, least significant first: the output's own where a factor is a whole dimension."""
    whole = {(math.prod(shape[i + 1 :]), math.prod(shape[i:])): ranks[i] for i in range(len(shape))}
    names: list[str] = []
    for low, high in pairwise(steps):
        own = whole.get((low, high))
        names.append(own if own is not None else fresh("r", {*names, *ranks}))
    return names


def _forms(shape: tuple[int, ...], steps: list[int], names: list[str]) -> tuple[Affine, ...]:
    forms = []
    for i in range(len(shape)):
        low, high = math.prod(shape[i + 1 :]), math.prod(shape[i:])
        inside = [j for j in range(len(steps) - 1) if low <= steps[j] < high]
        forms.append(form({names[j]: steps[j] // low for j in reversed(inside)}))
    return tuple(forms)
