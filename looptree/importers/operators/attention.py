"""`Attention` and `RotaryEmbedding` of operator set 23, written out.

Scores, the two Einsums of the softmax, and the context: `S[b,h,p,k] = Q[b,h,p,e] * K[b,h,k,e]`,
`Y[b,h,p,e] = softmax(S)[b,h,p,k] * V[b,h,k,e]`. Fewer heads of keys than of queries serve groups of them. Scaling is
part of the scores; a mask is added where the model has one; causality is not exploited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.nest import Read
from looptree.importers.operators.layout import reshaped
from looptree.importers.view import View
from looptree.workload.affine import Affine

Loops = tuple[str, ...]


def attention(builder: Builder, node: Node) -> bool:
    """`Attention`; `False` where it has a form that is not written out: scores as an output, or padded keys."""
    if node.made(3) or node.given(6):
        return False
    query = _in_heads(builder, node, 0, "q_num_heads")
    key, value = (_with_past(builder, node, i, _in_heads(builder, node, i, "kv_num_heads")) for i in (1, 2))
    batch, heads, rows, inner = query.extents
    key_heads, columns, features = key.extents[1], key.extents[2], value.extents[3]
    if heads % key_heads or key.extents[3] != inner or value.extents[:3] != (batch, key_heads, columns):
        raise node.error(f"queries {query.extents}, keys {key.extents} and values {value.extents} do not meet")
    of_query, of_key = ("h", "g"), ("h",)
    head_loops = {"b": batch, "h": key_heads, "g": heads // key_heads}
    element = builder.element(node.given(0))
    wide = head_loops | {"p": rows, "k": columns}
    square = [("b",), of_query, ("p",), ("k",)]
    reads = [Read(query, (("b",), of_query, ("p",), ("e",))), Read(key, (("b",), of_key, ("k",), ("e",)))]
    scores = builder.part(node, "scores", wide | {"e": inner}, reads, square, "mac", element=element, summed=["e"])
    scores = _masked(builder, node, scores, wide, square)
    kept = square[:3]
    stat = builder.part(
        node, "softmax_stat", wide, [Read(scores, tuple(square))], kept, "softmax_stat", element=element, summed=["k"]
    )
    both = [Read(scores, tuple(square)), Read(stat, tuple(kept))]
    weights = builder.part(node, "softmax", wide, both, square, "softmax", element=element)
    context = [Read(weights, tuple(square)), Read(value, (("b",), of_key, ("k",), ("e",)))]
    _context(builder, node, head_loops | {"p": rows, "e": features, "k": columns}, context)
    return True


def _context(builder: Builder, node: Node, loops: Mapping[str, int], reads: Sequence[Read]) -> None:
    made = builder.type(node.made(0)).shape
    heads: list[Loops] = [("b",), ("h", "g"), ("p",), ("e",)]
    merged: list[Loops] = [("b",), ("p",), ("h", "g", "e")]
    builder.emit(node, node.made(0), loops, reads, heads if len(made) == 4 else merged, "mac", summed=["k"])


def _in_heads(builder: Builder, node: Node, position: int, count: str) -> View:
    """An input as `[batch, heads, rows, elements]`."""
    view = builder.view(node.given(position), node)
    if len(view.dimensions) == 4:
        return view
    heads = node.integer(count)
    if len(view.dimensions) != 3 or heads < 1 or view.extents[2] % heads:
        raise node.error(f"expected an input that {heads} heads divide, found {list(view.extents)}")
    batch, rows, features = view.extents
    return reshaped(builder, node, view, (batch, rows, heads, features // heads)).transposed((0, 2, 1, 3))


def _with_past(builder: Builder, node: Node, position: int, view: View) -> View:
    """Keys or values behind those of the past, which leave as well."""
    past, present = node.given(3 + position), node.made(position)
    if past and builder.type(past).size:
        before = builder.view(past, node)
        batch, heads, rows, features = view.extents
        total = before.extents[2] + rows
        loops = {"b": batch, "h": heads, "k": total, "e": features}
        index = [("b",), ("h",), ("k",), ("e",)]
        reads = []
        for start, part in ((0, before), (before.extents[2], view)):
            shifted = Affine((("k", 1),), -start)
            reads.append(Read(part, (("b",), ("h",), shifted, ("e",))))
        name = "keys" if position == 1 else "values"
        view = builder.part(node, name, loops, reads, index, "copy", element=builder.element(node.given(position)))
    if present:
        builder.show(present, view, node)
    return view


def _masked(builder: Builder, node: Node, scores: View, loops: Mapping[str, int], square: Sequence[Loops]) -> View:
    value = node.given(3)
    if not value:
        return scores
    mask = builder.view(value, node)
    own = square[max(0, len(square) - len(mask.dimensions)) :]
    index = tuple(loops_ if d else () for loops_, d in zip(own, mask.dimensions, strict=False))
    reads = [Read(scores, tuple(square)), Read(mask, index)]
    return builder.part(node, "masked", loops, reads, square, "add", element=builder.element(node.given(0)))


def _rows(builder: Builder, node: Node, table: str, shape: Sequence[int]) -> View:
    """The rows of a table that positions choose."""
    rows = builder.outside(f"W_{builder.layer(node)}_rows", shape, builder.element(table), table)
    builder.made.tables[rows.tensor] = builder.type(table).size
    return rows


def rotary(builder: Builder, node: Node) -> bool:
    """`RotaryEmbedding`: halves (or neighbours) turned into each other.

    `False` where only a part is turned, or where positions choose rows of a table that is no constant.

    `Y[j,e] = X[j,e] * cos[e] + X[1-j,e] * sin[e]` over the two halves `j` of a head.
    """
    tables = [node.given(1), node.given(2)]
    if node.integer("rotary_embedding_dim", 0) or (node.given(3) and not all(map(builder.is_constant, tables))):
        return False
    view = builder.view(node.given(0), node)
    heads_first = len(view.dimensions) == 4
    view = _in_heads(builder, node, 0, "num_heads")
    batch, heads, rows, size = view.extents
    if size % 2:
        raise node.error(f"expected heads with an even number of elements, found {size}")
    loops = {"b": batch, "h": heads, "p": rows, "j": 2, "e": size // 2}
    inside = ("e", "j") if node.integer("interleaved", 0) else ("j", "e")
    half, step = (1, 2) if inside == ("e", "j") else (size // 2, 1)
    turned = Affine((("j", -half), ("e", step)), half)
    front: tuple[Loops, ...] = (("b",), ("h",), ("p",))
    reads = [Read(view, (*front, inside)), Read(view, (*front, turned))]
    wanted = 2 if node.given(3) else 3
    if any(len(builder.type(table).shape) != wanted for table in tables):
        raise node.error(
            f"expected tables of {wanted} dimensions, found {[list(builder.type(t).shape) for t in tables]}"
        )
    for table in tables:
        shown = _rows(builder, node, table, (batch, rows, size // 2)) if node.given(3) else builder.view(table, node)
        reads.append(Read(shown, tuple((name,) if d else () for name, d in zip("bpe", shown.dimensions, strict=True))))
    if node.given(3):
        places = builder.view(node.given(3), node)
        reads.append(Read(places, tuple((name,) if d else () for name, d in zip("bp", places.dimensions, strict=True))))
    written = [*front, inside] if heads_first else [("b",), ("p",), ("h", *inside)]
    builder.emit(node, node.made(0), loops, reads, written, "rotary")
    return True
