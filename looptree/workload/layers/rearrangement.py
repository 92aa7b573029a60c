"""Layers that move data: concatenation, slices, transposition, flattening, upsampling and pixel shuffle.

Each is one Einsum of copies with affine projections. A flatten that only linear layers read is folded
into their weights and has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from looptree.workload.affine import Affine
from looptree.workload.layers.feature import DEFAULT_RANKS, IMAGE, Feature
from looptree.workload.layers.header import rank_problem
from looptree.workload.layers.layer import Expansion, Forms, Layer, form, plain
from looptree.workload.layers.reshaping import reshaped


def concatenation(layer: Layer) -> Expansion:
    """`concat`: axis (default: channels of images, else the last dimension), crop (default: false).

    `Y[m,p,q] = A[m,p,q] + B[m-64,p,q]`: coordinates outside a tensor are implicit zeros, so one
    operation writes one element and reads it from the input that holds it. `crop` cuts inputs that are larger
    in another dimension around their centre, as they are read: `A[m,p+4,q+4]`.
    """
    first = layer.input
    axis = layer.axis(default=0 if first.is_image else -1)
    shapes = [feature.shape for feature in layer.inputs]
    crop = layer.flag("crop", False)
    equal = [i for i in range(len(first.shape)) if i != axis and not crop]
    if any(len(shape) != len(first.shape) or any(shape[i] != first.shape[i] for i in equal) for shape in shapes):
        raise layer.error(
            f"expected inputs that differ only in dimension {axis}, found {' and '.join(map(str, layer.inputs))}",
            "" if crop else "crop: true cuts the larger ones around their centre",
        )
    least = list(map(min, zip(*shapes, strict=True)))
    start = 0
    reads = []
    for feature in layer.inputs:
        offsets = [(own - cut) // 2 for own, cut in zip(feature.shape, least, strict=True)]
        offsets[axis] = -start
        forms = tuple(form({rank: 1}, offset) for rank, offset in zip(first.ranks, offsets, strict=True))
        reads.append((feature, forms))
        start += feature.shape[axis]
    whole = Feature(layer.name, (*least[:axis], start, *least[axis + 1 :]), first.ranks)
    einsum = layer.einsum(whole.extents, (layer.name, plain(*whole.ranks)), reads, "copy")
    return Expansion((einsum,), (whole,))


def part(layer: Layer) -> Expansion:
    """`slice`: axis, start (default 0), stop (default: the end), step (default 1)."""
    feature = layer.input
    axis = layer.axis()
    start, step = layer.integer("start", 0, least=0), layer.integer("step", 1)
    stop = layer.integer("stop", feature.shape[axis])
    if not start < stop <= feature.shape[axis]:
        raise layer.error(
            f"expected 0 <= start < stop <= {feature.shape[axis]}, found {start} and {stop} ({feature})", key="stop"
        )
    shape = (*feature.shape[:axis], -(-(stop - start) // step), *feature.shape[axis + 1 :])
    shifted = form({feature.ranks[axis]: step}, start)
    read = _with(feature, axis, shifted)
    result = Feature(layer.name, shape, feature.ranks)
    einsum = layer.einsum(result.extents, (layer.name, plain(*feature.ranks)), [(feature, read)], "copy")
    return Expansion((einsum,), (result,))


def transposition(layer: Layer) -> Expansion:
    """`transpose`: order of the dimensions, ranks (default: they travel along)."""
    feature = layer.input
    order = layer.integers("order", least=0)
    if sorted(order) != list(range(len(feature.shape))):
        raise layer.error(
            f"expected order as a permutation of 0 to {len(feature.shape) - 1}, found {order} ({feature})", key="order"
        )
    ranks = tuple(feature.ranks[i] for i in order)
    shape = tuple(feature.shape[i] for i in order)
    einsum = layer.einsum(
        dict(zip(ranks, shape, strict=True)), (layer.name, plain(*ranks)), [(feature, plain(*feature.ranks))], "copy"
    )
    named = ranks_of(layer, shape) if "ranks" in layer.keys else ranks
    return Expansion((einsum,), (Feature(layer.name, shape, named),))


def reshape(layer: Layer) -> Expansion:
    """`reshape`: shape (one entry may be -1), ranks (needed for four and more dimensions)."""
    feature = layer.input
    shape = layer.integers("shape", least=-1)
    if shape.count(-1) == 1:
        known = Feature("", tuple(e for e in shape if e != -1), ()).size
        shape[shape.index(-1)] = feature.size // known if known > 0 else 0
    if min(shape, default=0) < 1 or Feature("", tuple(shape), ()).size != feature.size:
        raise layer.error(
            f"expected a shape of {feature.size} elements ({feature}), found {layer.integers('shape', least=-1)}",
            key="shape",
        )
    return reshaped(layer, tuple(shape), ranks_of(layer, tuple(shape)))


def flatten(layer: Layer) -> Expansion:
    """`flatten`: everything but the batch as one dimension."""
    feature = layer.input
    if layer.foldable:
        return Expansion((), (Feature(feature.tensor, feature.shape, feature.ranks, flat=True),))
    return reshaped(layer, (feature.size,), DEFAULT_RANKS[1])


def nearest_upsampling(layer: Layer) -> Expansion:
    """`upsample_nearest`: factor, a number or [rows, columns]. `Y[m, 2*p+r, 2*q+s] = X[m,p,q]`."""
    return _spread(layer, layer.image().shape[0], {"m": 1})


def pixel_shuffle(layer: Layer) -> Expansion:
    """`pixel_shuffle`: factor, a number or [rows, columns]. `Y[m, 2*p+r, 2*q+s] = X[4*m+2*r+s, p, q]`.

    Source: Shi et al., Real-Time Single Image and Video Super-Resolution, arXiv 1609.05158, equation 4, in the
    order of channels that PyTorch has.
    """
    channels = layer.image().shape[0]
    down, across = layer.pair("factor")
    if channels % (down * across):
        raise layer.error(
            f"expected channels that {down} x {across} divide, found {channels} ({layer.input})", key="factor"
        )
    return _spread(layer, channels // (down * across), {"m": down * across, "r": across, "s": 1})


def _spread(layer: Layer, channels: int, source: Mapping[str, int]) -> Expansion:
    """Every pixel becomes `factor` pixels `r, s`, read from the channel that `source` computes."""
    _, rows, columns = layer.image().shape
    down, across = layer.pair("factor")
    ranks = {"m": channels, "p": rows, "q": columns, "r": down, "s": across}
    written = (form({"m": 1}), form({"p": down, "r": 1}), form({"q": across, "s": 1}))
    read = (form(source), *plain("p", "q"))
    einsum = layer.einsum(ranks, (layer.name, written), [(layer.input, read)], "copy")
    return Expansion((einsum,), (Feature(layer.name, (channels, down * rows, across * columns), IMAGE),))


def ranks_of(layer: Layer, shape: tuple[int, ...]) -> tuple[str, ...]:
    """The ranks a layer names for its output, or the usual ones for that many dimensions."""
    if "ranks" in layer.keys:
        ranks = tuple(layer.keys["ranks"].texts())
        problem = rank_problem(ranks, len(shape))
        if problem:
            raise layer.error(problem, key="ranks")
        return ranks
    if len(shape) not in DEFAULT_RANKS:
        raise layer.error(f"key 'ranks' is missing: {len(shape)} dimensions have no usual names", "ranks: [h, p, e]")
    return DEFAULT_RANKS[len(shape)]


def _with(feature: Feature, axis: int, shifted: Affine) -> Forms:
    """Every dimension read as it is, one of them shifted."""
    return (*plain(*feature.ranks[:axis]), shifted, *plain(*feature.ranks[axis + 1 :]))
