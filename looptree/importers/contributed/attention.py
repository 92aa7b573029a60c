"""Attention of ONNX Runtime as `Attention` and `RotaryEmbedding` of ONNX.

Biases are left out, as all biases are, and so are masks of padded keys; an additive `attention_bias` is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from looptree.importers.contributed.products import integer_product
from looptree.importers.contributed.rewriting import Rewriting


def _attend(r: Rewriting, query: str, key: str, value: str, heads: Sequence[int], past: Sequence[str] = ()) -> None:
    """Attention of so many heads of queries and of keys, behind a past, perhaps with a bias for the scores."""
    inputs = [query, key, value, _bias(r), *past]
    while inputs and not inputs[-1]:
        inputs.pop()
    made = [r.node.made(0), *(r.node.outputs[1:3] if any(past) or any(r.node.outputs[1:3]) else ())]
    while not made[-1]:
        made.pop()
    r.add("Attention", inputs, made, r.node.name, q_num_heads=heads[0], kv_num_heads=heads[1])


def _bias(r: Rewriting) -> str:
    """The additive bias of the scores."""
    places = {"Attention": 5, "MultiHeadAttention": 5, "GroupQueryAttention": 10}
    return r.node.given(places.get(r.node.kind, 10**6))


def _split(r: Rewriting, value: str, sizes: Sequence[int]) -> list[str]:
    """A value cut along its last dimension."""
    parts = [r.fresh(f"part{i}_") for i in range(len(sizes))]
    r.add("Split", [value, r.integers(sizes)], parts, axis=-1)
    return parts


def _projected(r: Rewriting, product: str, width: int) -> bool:
    """Attention of a product that holds queries, keys and values side by side."""
    heads = r.node.integer("num_heads")
    sizes = list(r.node.integers("qkv_hidden_sizes", ())) or [width // 3] * 3
    if len(sizes) != 3 or sum(sizes) != width or heads < 1 or r.node.made(1) or sizes[0] != sizes[1]:
        return False
    query, key, value = _split(r, product, sizes)
    _attend(r, query, key, value, (heads, heads))
    return True


def attention(r: Rewriting) -> bool:
    """`Attention` of ONNX Runtime: the projections of queries, keys and values are part of it."""
    given = r.node.given
    if given(4) or r.node.integer("do_rotary", 0) or not given(1):
        return False
    product = r.add("MatMul", [given(0), given(1)], name=f"{r.node.name}_qkv")
    return _projected(r, product, r.shape(given(1), 2)[-1])


def quantised_attention(r: Rewriting) -> bool:
    """`QAttention`: as `Attention`, with quantised input and weights."""
    given = r.node.given
    if given(8):
        return False
    product = integer_product(r, given(0), given(1), [given(6), given(7)])
    return _projected(r, r.add("Cast", [product], to=1), r.shape(given(1), 2)[-1])


def many_heads(r: Rewriting) -> bool:
    """`MultiHeadAttention`: three inputs, or queries, keys and values (or keys and values) in one."""
    query, key, value = (r.node.given(i) for i in range(3))
    heads = r.node.integer("num_heads")
    if r.node.made(3):
        return False
    if not key and len(r.shape(query)) == 5:
        query, key, value = _unpacked(r, query)
    elif not value and key and len(r.shape(key)) == 5:
        key, value = _unpacked(r, key)
    if not key or not value or len({len(r.shape(v)) for v in (query, key, value) if v in r.known.types}) > 1:
        return False
    _attend(r, query, key, value, (heads, heads), [r.node.given(6), r.node.given(7)])
    return True


def _unpacked(r: Rewriting, value: str) -> list[str]:
    """`[batch, rows, heads, parts, elements]` as its parts, `[batch, rows, heads * elements]` each."""
    batch, rows, heads, count, size = r.shape(value)
    parts = [r.fresh(f"part{i}_") for i in range(count)]
    r.add("Split", [value], parts, axis=3, num_outputs=count)
    return [r.add("Reshape", [part, r.integers([batch, rows, heads * size])]) for part in parts]


def grouped_queries(r: Rewriting) -> bool:
    """`GroupQueryAttention`: fewer heads of keys, positions turned first, the past in front."""
    given = r.node.given
    heads, groups = r.node.integer("num_heads"), r.node.integer("kv_num_heads")
    query, key, value = given(0), given(1), given(2)
    if min(heads, groups) < 1:
        return False
    _, rows, width = r.shape(query, 3)
    if not key:
        size = max(1, width // (heads + 2 * groups))
        query, key, value = _split(r, query, [heads * size, groups * size, groups * size])
    if r.node.integer("do_rotary", 0) and given(7) and given(8):
        tables = [_first_rows(r, given(place), r.shape(given(0))[0], rows) for place in (7, 8)]
        interleaved = r.node.integer("rotary_interleaved", 0)
        query = r.add("RotaryEmbedding", [query, *tables], num_heads=heads, interleaved=interleaved, name=_turn(r, "q"))
        key = r.add("RotaryEmbedding", [key, *tables], num_heads=groups, interleaved=interleaved, name=_turn(r, "k"))
    _attend(r, query, key, value, (heads, groups), [given(3), given(4)])
    return True


def _turn(r: Rewriting, part: str) -> str:
    return f"{r.node.name}_rotary_{part}"


def _first_rows(r: Rewriting, table: str, batch: int, rows: int) -> str:
    """The rows of a table of positions, for a batch."""
    cut = r.add("Slice", [table, r.integers([0]), r.integers([rows]), r.integers([0])])
    wide = r.add("Unsqueeze", [cut, r.integers([0])])
    return wide if batch == 1 else r.add("Expand", [wide, r.integers([batch, rows, r.shape(table, 2)[1]])])


def rotary(r: Rewriting) -> bool:
    """`RotaryEmbedding` of ONNX Runtime: positions come second."""
    value, places, cosine, sine = (r.node.given(i) for i in range(4))
    shape, half = r.shape(value, 3, 4), max(1, r.shape(cosine, 2)[-1])
    heads = r.node.integer("num_heads", 0)
    if len(shape) == 3 and not heads:
        heads = shape[2] // (2 * half)
    attributes = {"num_heads": heads, **r.attributes("interleaved", "rotary_embedding_dim")}
    batch, rows = shape[0], shape[1] if len(shape) == 3 else shape[2]
    if r.shape(places) == (batch, rows):
        r.final("RotaryEmbedding", [value, cosine, sine, places], **attributes)
    else:
        tables = [_first_rows(r, table, batch, rows) for table in (cosine, sine)]
        r.final("RotaryEmbedding", [value, *tables], **attributes)
    return True
