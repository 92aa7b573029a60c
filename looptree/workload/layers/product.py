"""Products: linear layers, matrix products of two activations, and attention with grouped heads.

Biases, and the scaling and masking of attention scores, are ignored: they cost no transfers and, as
multiply-accumulates, nothing. A causal mask is not exploited: the whole square of scores is computed.
"""

from __future__ import annotations

from looptree.workload.affine import Affine
from looptree.workload.layers.feature import Feature, fresh
from looptree.workload.layers.layer import Expansion, Layer, form, plain
from looptree.workload.layers.normalisation import softmax_of

_CONTRACTED = {"f": "d", "m": "c", "p": "r", "q": "s"}


def linear(layer: Layer) -> Expansion:
    """`linear`: out_features, heads.

    Contracts the last dimension, the heads as well where the input has them, and every dimension of a
    flattened input. `heads: H` splits the output into `[h, p, e]` with `H * e = out_features`.
    """
    feature = layer.input
    if feature.is_image and not feature.flat:
        raise layer.error(
            f"expected a vector or a sequence as input, found the image {feature}",
            "put a flatten or a global_avg_pool in front",
        )
    last = len(feature.ranks) - 1
    kept = [r for i, r in enumerate(feature.ranks) if not (feature.flat or i == last or r == "h")]
    out_ranks, split = _split_into_heads(layer, kept)
    contracted: dict[str, str] = {}
    for rank in feature.ranks:
        if rank not in kept:
            taken = {*kept, *split, *contracted.values()}
            contracted[rank] = fresh(_CONTRACTED.get(rank, rank), taken)
    sizes = feature.extents
    ranks = {r: sizes[r] for r in kept} | split | {new: sizes[old] for old, new in contracted.items()}
    read = plain(*(contracted.get(r, r) for r in feature.ranks))
    einsum = layer.einsum(
        {r: ranks[r] for r in out_ranks} | ranks,
        (layer.name, plain(*out_ranks)),
        [(feature, read)],
        "mac",
        plain(*split, *contracted.values()),
    )
    shape = tuple(ranks[r] for r in out_ranks)
    return Expansion((einsum,), (Feature(layer.name, shape, out_ranks),))


def _split_into_heads(layer: Layer, kept: list[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    """The ranks of the output in order, and those that the weights give it."""
    features = layer.integer("out_features")
    if "heads" not in layer.keys:
        rank = fresh("f", tuple(kept))
        return (*kept, rank), {rank: features}
    heads = layer.integer("heads")
    if features % heads:
        raise layer.error(f"expected out_features that {heads} heads divide, found {features}", key="heads")
    head, element = fresh("h", tuple(kept)), fresh("e", tuple(kept))
    return (head, *kept, element), {head: heads, element: features // heads}


def matrix_product(layer: Layer) -> Expansion:
    """`matmul`: `A[..., p, d] B[..., d, f]`, or `B[..., f, d]` with `transpose_b`.

    Leading dimensions are a batch. Where the second input has fewer heads, each of them serves a group
    `g` of heads of the first: `Y[G*h+g, p, k] = A[G*h+g, p, e] * B[h, k, e]`.
    """
    return _product_of(layer, layer.name, layer.inputs[0], layer.inputs[1], layer.flag("transpose_b", False))


def attention(layer: Layer) -> Expansion:
    """`attention`: query, key and value in heads (`[h, p, e]`) to `[h, p, e]`.

    Expands to `<name>_scores`, the two Einsums of `<name>_softmax`, and `<name>`.
    """
    query, key, value = layer.inputs
    for feature in layer.inputs:
        if len(feature.shape) != 3:
            raise layer.error(
                f"expected query, key and value as [heads, rows, elements], found {feature}",
                "give the linear layers in front 'heads:'",
            )
    if key.shape[:2] != value.shape[:2]:
        raise layer.error(f"expected key and value with the same heads and rows, found {key} and {value}")
    scores = _product_of(layer, f"{layer.name}_scores", query, key, True)
    rows = softmax_of(layer, f"{layer.name}_softmax", scores.features[-1], axis=2)
    context = _product_of(layer, layer.name, rows.features[-1], value, False)
    return Expansion(
        scores.einsums + rows.einsums + context.einsums,
        scores.features + rows.features + context.features,
    )


def _product_of(layer: Layer, name: str, a: Feature, b: Feature, transposed: bool) -> Expansion:
    if min(len(a.shape), len(b.shape)) < 2 or len(b.shape) > len(a.shape):
        raise layer.error(f"expected two matrices, or a batch of matrices first, found {a} and {b}")
    inner, columns = (b.shape[-1], b.shape[-2]) if transposed else (b.shape[-2], b.shape[-1])
    if a.shape[-1] != inner:
        raise layer.error(
            f"expected inputs that agree in the dimension they contract, found {a.shape[-1]} and {inner} ({a}, {b})",
            "transpose_b: true contracts the last dimension of both"
            if a.shape[-1] == columns and not transposed
            else "",
        )
    *lead, row, last = a.ranks
    contracted = fresh(_CONTRACTED.get(last, last) if last in "fm" else last, {*lead, row})
    column = fresh(b.ranks[-2] if transposed else b.ranks[-1], {*lead, row, contracted})
    ranks: dict[str, int] = {}
    of_a: list[Affine] = []
    of_b: list[Affine] = []
    offset = len(a.shape) - len(b.shape)
    for i, rank in enumerate(lead):
        shared = b.shape[i - offset] if i >= offset else None
        group, outer, inside = _leading(layer, rank, a.shape[i], shared, {*ranks, row, contracted, column, *lead})
        ranks |= group
        of_a.append(outer)
        of_b += inside
    ranks |= {row: a.shape[-2], column: columns, contracted: inner}
    matrix = (column, contracted) if transposed else (contracted, column)
    einsum = layer.einsum(
        ranks,
        (name, (*of_a, *plain(row, column))),
        [(a, (*of_a, *plain(row, contracted))), (b, (*of_b, *plain(*matrix)))],
        "mac",
    )
    return Expansion((einsum,), (Feature(name, (*a.shape[:-1], columns), (*lead, row, column)),))


def _leading(
    layer: Layer, rank: str, extent: int, shared: int | None, taken: set[str]
) -> tuple[dict[str, int], Affine, list[Affine]]:
    """Ranks of one leading dimension, and how the first and the second input read it."""
    if shared is None or shared == extent:
        return {rank: extent}, form({rank: 1}), [] if shared is None else [form({rank: 1})]
    if shared == 1:
        return {rank: extent}, form({rank: 1}), [form({})]
    if extent % shared:
        raise layer.error(
            f"expected leading dimensions that are equal or of which the second divides the first, "
            f"found {extent} and {shared} ({', '.join(map(str, layer.inputs))})"
        )
    group = fresh("g", taken)
    outer = form({rank: extent // shared, group: 1})
    return {rank: shared, group: extent // shared}, outer, [form({rank: 1})]
