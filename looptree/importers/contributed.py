"""Operators of ONNX Runtime (`com.microsoft`), written as those of ONNX itself.

Fused forms fall apart into what they fuse, quantised ones into a quantised and a dequantised form around the operator,
so that widths are those of what is stored. Biases of attention are left out, as all biases are, and so are masks of
padded keys; an additive `attention_bias` is not. What is not here stays as it is: an opaque layer with its shape.

Source: the documentation of ONNX Runtime, ContribOperators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Node, Type
from looptree.importers.known import Known

DOMAIN = "com.microsoft"
_INT64 = ELEMENTS[7]
_SAME_SHAPE = ("GroupNorm", "Inverse", "SkipGroupNorm")
_BITS = {2: ELEMENTS[25], 4: ELEMENTS[21], 8: ELEMENTS[2]}


class Rewriting:
    """The nodes that stand for one node.

    Args:
        node: of ONNX Runtime. known: types and constants; new constants are added.
    """

    def __init__(self, node: Node, known: Known) -> None:
        self.node = node
        self.known = known
        self.nodes: list[onnx.NodeProto] = []

    def shape(self, value: str) -> tuple[int, ...]:
        """The shape of a value."""
        return self.known.types[value].shape

    def fresh(self, part: str) -> str:
        """A new value, named after the node."""
        return f"{self.node.name}/{part}{len(self.nodes)}"

    def add(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str] | None = None, name: str = "", **attributes: Any
    ) -> str:
        """A node, by default with one new output; what it makes first."""
        made = list(outputs) if outputs is not None else [self.fresh(kind.lower())]
        given = list(inputs)
        while given and not given[-1]:
            given.pop()
        self.nodes.append(helper.make_node(kind, given, made, name=name or f"{self.node.name}_{kind}", **attributes))
        return made[0]

    def final(self, kind: str, inputs: Sequence[str], **attributes: Any) -> None:
        """The node that makes what the whole makes; it has its name."""
        self.add(kind, inputs, [self.node.made(0)], self.node.name, **attributes)

    def integers(self, values: Sequence[int]) -> str:
        """A constant of whole numbers."""
        name = self.fresh("numbers") + f"_{len(self.known.constants)}"
        self.known.know(name, Type(_INT64, (len(values),)), np.array(values, np.int64))
        return name

    def attributes(self, *names: str) -> dict[str, Any]:
        """Attributes of the node that are handed on."""
        return {name: self.node.attributes[name] for name in names if name in self.node.attributes}


def rewritten(node: Node, known: Known) -> list[onnx.NodeProto] | None:
    """Nodes of ONNX itself that do what a node of ONNX Runtime does; `None` where it is another one."""
    is_own = node.domain == DOMAIN or (not node.domain and node.kind == "SimplifiedLayerNormalization")
    write = _OPERATORS.get(node.kind) if is_own else None
    if write is None or any(value not in known.types for value in node.reads):
        return None
    rewriting = Rewriting(node, known)
    return rewriting.nodes if write(rewriting) is not False else None


def shapes_of(node: Node, types: Mapping[str, Type]) -> dict[str, Type]:
    """Types of what an operator makes that is not rewritten, as far as they are known: it becomes an opaque layer."""
    given = [types.get(value) for value in node.inputs]
    if node.domain != DOMAIN or not given or given[0] is None:
        return {}
    first = given[0]
    if node.kind in _SAME_SHAPE:
        return {node.made(0): first}
    if node.kind in ("Attention", "QAttention") and len(given) > 1 and given[1] is not None:
        sizes = node.integers("qkv_hidden_sizes", ()) or (given[1].shape[-1] // 3,)
        made = {node.made(0): Type(first.element, (*first.shape[:-1], sizes[-1]))}
        past = given[4] if len(given) > 4 else None
        if past is not None and len(past.shape) == 5:
            longer = (*past.shape[:3], past.shape[3] + first.shape[1], past.shape[4])
            made[node.made(1)] = Type(past.element, longer)
        return made
    return {}


# -- elementwise ----------------------------------------------------------------------------


def _activation(r: Rewriting, value: str) -> None:
    """What follows a fused operator, if anything."""
    kind = r.node.text("activation", "")
    if kind:
        r.final(kind, [value])


def _gelu(r: Rewriting) -> None:
    value, bias = r.node.given(0), r.node.given(1)
    r.final("Gelu", [r.add("Add", [value, bias]) if bias else value])


def _added(r: Rewriting) -> None:
    values = [value for value in r.node.inputs[:3] if value]
    value = values[0]
    for other in values[1:-1]:
        value = r.add("Add", [value, other])
    r.final("Add", [value, values[-1]])


def _split_gelu(r: Rewriting) -> None:
    value = r.add("Add", [r.node.given(0), r.node.given(1)])
    halves = [r.fresh("left"), r.fresh("right")]
    r.add("Split", [value], halves, axis=-1, num_outputs=2)
    r.final("Mul", [halves[0], r.add("Gelu", [halves[1]])])


def _biased_softmax(r: Rewriting) -> None:
    r.final("Softmax", [r.add("Add", [r.node.given(0), r.node.given(1)])], **r.attributes("axis"))


# -- normalisation --------------------------------------------------------------------------


def _norm(r: Rewriting, kind: str, value: str, scale: str, shift: str) -> None:
    inputs = [value, scale, shift] if kind == "LayerNormalization" else [value, scale]
    r.final(kind, inputs, axis=r.node.integer("axis", -1))


def _simplified(r: Rewriting) -> bool:
    _norm(r, "RMSNormalization", r.node.given(0), r.node.given(1), "")
    return not any(r.node.outputs[1:])


def _skip(r: Rewriting) -> bool:
    """Both inputs are added, then normalised; the sum may be an output as well."""
    plain = r.node.kind == "SkipLayerNormalization"
    bias = r.node.given(4 if plain else 3)
    value = r.add("Add", [r.node.given(0), r.node.given(1)], [r.node.made(3)] if r.node.made(3) and not bias else None)
    if bias:
        value = r.add("Add", [value, bias], [r.node.made(3)] if r.node.made(3) else None)
    kind = "LayerNormalization" if plain else "RMSNormalization"
    _norm(r, kind, value, r.node.given(2), r.node.given(3) if plain else "")
    return not r.node.made(1) and not r.node.made(2)


def _embedded(r: Rewriting) -> bool:
    """Rows of three tables are added up and normalised."""
    words, kinds, word, place, kind, scale, shift, mask, places = (r.node.given(i) for i in range(9))
    value = r.add("Gather", [word, words])
    length = r.shape(words)[-1]
    rows = r.add("Gather", [place, places]) if places else r.add(
        "Slice", [place, r.integers([0]), r.integers([length]), r.integers([0])]
    )  # fmt: skip
    value = r.add("Add", [value, rows])
    if kinds and kind:
        value = r.add("Add", [value, r.add("Gather", [kind, kinds])])
    if r.node.made(2):
        r.add("Identity", [value], [r.node.made(2)])
    r.final("LayerNormalization", [value, scale, shift], axis=-1)
    if r.node.made(1):
        if not mask:
            return False
        r.add("ReduceSum", [mask, r.integers([1])], [r.node.made(1)], keepdims=0)
    return True


# -- products -------------------------------------------------------------------------------


def _turned(r: Rewriting, value: str, wanted: int) -> str:
    """A value with its last two dimensions exchanged, if that is wanted."""
    rank = len(r.shape(value))
    if not wanted or rank < 2:
        return value
    return r.add("Transpose", [value], perm=[*range(rank - 2), rank - 1, rank - 2])


def _fused_product(r: Rewriting) -> bool:
    if r.node.integer("transBatchA", 0) or r.node.integer("transBatchB", 0):
        return False
    a = _turned(r, r.node.given(0), r.node.integer("transA", 0))
    r.final("MatMul", [a, _turned(r, r.node.given(1), r.node.integer("transB", 0))])
    return True


def _fused_gemm(r: Rewriting) -> None:
    attributes = r.attributes("alpha", "beta", "transA", "transB")
    if not r.node.text("activation", ""):
        r.final("Gemm", r.node.inputs[:3], **attributes)
        return
    _activation(r, r.add("Gemm", r.node.inputs[:3], name=r.node.name, **attributes))


def _fused_convolution(r: Rewriting) -> None:
    attributes = r.attributes("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    other, active = r.node.given(3), bool(r.node.text("activation", ""))
    if not other and not active:
        r.final("Conv", r.node.inputs[:3], **attributes)
        return
    value = r.add("Conv", r.node.inputs[:3], name=r.node.name, **attributes)
    if other:
        value = r.add("Add", [value, other], None if active else [r.node.made(0)])
    _activation(r, value)


def _few_bits(r: Rewriting) -> bool:
    """`MatMulNBits`: weights of 2, 4 or 8 bits, with a scale per block that is part of them."""
    rows, columns, bits = r.node.integer("K"), r.node.integer("N"), r.node.integer("bits", 4)
    if bits not in _BITS or min(rows, columns) < 1 or max(rows, columns) > 2**31:
        return False
    weights = f"{r.node.given(1)}/{rows}x{columns}"
    r.known.know(weights, Type(_BITS[bits], (rows, columns)), None)
    r.final("MatMul", [r.node.given(0), r.add("DequantizeLinear", [weights, _one(r)])])
    return True


def _one(r: Rewriting) -> str:
    """A scale of one."""
    name = f"{r.node.name}/one"
    r.known.know(name, Type(ELEMENTS[1], ()), np.array(1, np.float32))
    return name


def _integer_product(r: Rewriting, a: str, b: str, zeros: Sequence[str]) -> str:
    name = "" if r.node.kind == "QAttention" else r.node.name
    return r.add("MatMulInteger", [a, b, *zeros], name=name)


def _dynamic_product(r: Rewriting) -> None:
    """`DynamicQuantizeMatMul`: the first factor is quantised on the way."""
    made = [r.fresh("quantised"), r.fresh("scale"), r.fresh("zero")]
    r.add("DynamicQuantizeLinear", [r.node.given(0)], made)
    r.final("Cast", [_integer_product(r, made[0], r.node.given(1), [made[2], r.node.given(3)])], to=1)


def _product_to_float(r: Rewriting) -> None:
    product = _integer_product(r, r.node.given(0), r.node.given(1), [r.node.given(4), r.node.given(5)])
    r.final("Cast", [product], to=1)


def _quantised_lstm(r: Rewriting) -> None:
    """`DynamicQuantizeLSTM`: its weights have the inputs first, and a scale of their own."""
    weights = [r.add("DequantizeLinear", [value, _one(r)]) for value in r.node.inputs[1:3]]
    turned = [r.add("Transpose", [value], perm=[0, 2, 1]) for value in weights]
    r.add(
        "LSTM", [r.node.given(0), *turned, *r.node.inputs[3:7]], r.node.outputs, r.node.name,
        **r.attributes("hidden_size", "direction"),
    )  # fmt: skip


# -- quantised ------------------------------------------------------------------------------


def _quantised(count: int, kind: str, **fixed: Any) -> Callable[[Rewriting], bool]:
    """Inputs with scale and zero point each, the operator, and its output with scale and zero point."""

    def write(r: Rewriting) -> bool:
        if r.node.integer("channels_last", 0):
            return False
        given = r.node.inputs
        plain = [r.add("DequantizeLinear", given[3 * i : 3 * i + 3]) for i in range(count)]
        handed = r.attributes(
            "alpha", "axis", "axes", "keepdims", "kernel_shape", "pads", "strides", "auto_pad", "ceil_mode",
            "count_include_pad", "transA", "transB",
        )  # fmt: skip
        made = r.add(kind, plain, name=r.node.name, **fixed, **handed)
        r.final("QuantizeLinear", [made, *given[3 * count : 3 * count + 2]])
        return True

    return write


def _quantised_gemm(r: Rewriting) -> None:
    """`QGemm`: the bias is of 32 bits and has no scale; without a scale the output is a float."""
    given = [r.node.given(i) for i in range(9)]
    factors = [r.add("DequantizeLinear", given[place : place + 3]) for place in (0, 3)]
    attributes = r.attributes("alpha", "transA", "transB")
    if not given[7]:
        r.final("Gemm", factors, **attributes)
        return
    r.final("QuantizeLinear", [r.add("Gemm", factors, name=r.node.name, **attributes), given[7], given[8]])


def _quantised_join(r: Rewriting) -> None:
    """`QLinearConcat`: scale and zero point of the output come first."""
    given = r.node.inputs
    parts = [r.add("DequantizeLinear", given[place : place + 3]) for place in range(2, len(given), 3)]
    made = r.add("Concat", parts, name=r.node.name, axis=r.node.integer("axis"))
    r.final("QuantizeLinear", [made, *given[:2]])


def _same(r: Rewriting) -> None:
    """`QuantizeLinear`, `DequantizeLinear` of further types."""
    r.final(r.node.kind, r.node.inputs, **r.attributes("axis", "block_size"))


# -- attention ------------------------------------------------------------------------------


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


def _attention(r: Rewriting) -> bool:
    """`Attention` of ONNX Runtime: the projections of queries, keys and values are part of it."""
    given = r.node.given
    if given(4) or r.node.integer("do_rotary", 0) or not given(1):
        return False
    product = r.add("MatMul", [given(0), given(1)], name=f"{r.node.name}_qkv")
    return _projected(r, product, r.shape(given(1))[-1])


def _quantised_attention(r: Rewriting) -> bool:
    given = r.node.given
    if given(8):
        return False
    product = _integer_product(r, given(0), given(1), [given(6), given(7)])
    return _projected(r, r.add("Cast", [product], to=1), r.shape(given(1))[-1])


def _many_heads(r: Rewriting) -> bool:
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


def _grouped(r: Rewriting) -> bool:
    """`GroupQueryAttention`: fewer heads of keys, positions turned first, the past in front."""
    given = r.node.given
    heads, groups = r.node.integer("num_heads"), r.node.integer("kv_num_heads")
    query, key, value = given(0), given(1), given(2)
    if min(heads, groups) < 1 or len(r.shape(query)) != 3:
        return False
    rows, width = r.shape(query)[1], r.shape(query)[2]
    if not key:
        size = width // (heads + 2 * groups)
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
    return wide if batch == 1 else r.add("Expand", [wide, r.integers([batch, rows, r.shape(table)[1]])])


def _rotary(r: Rewriting) -> bool:
    """`RotaryEmbedding` of ONNX Runtime: positions come second."""
    value, places, cosine, sine = (r.node.given(i) for i in range(4))
    shape, half = r.shape(value), r.shape(cosine)[-1]
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


_OPERATORS: Mapping[str, Callable[[Rewriting], bool | None]] = {
    "Attention": _attention,
    "BiasAdd": _added,
    "BiasGelu": _gelu,
    "BiasSoftmax": _biased_softmax,
    "BiasSplitGelu": _split_gelu,
    "DequantizeLinear": _same,
    "DynamicQuantizeMatMul": _dynamic_product,
    "DynamicQuantizeLSTM": _quantised_lstm,
    "EmbedLayerNormalization": _embedded,
    "FastGelu": _gelu,
    "FusedConv": _fused_convolution,
    "FusedGemm": _fused_gemm,
    "FusedMatMul": _fused_product,
    "Gelu": _gelu,
    "GroupQueryAttention": _grouped,
    "MatMulIntegerToFloat": _product_to_float,
    "MatMulNBits": _few_bits,
    "MultiHeadAttention": _many_heads,
    "QAttention": _quantised_attention,
    "QGemm": _quantised_gemm,
    "QLinearAdd": _quantised(2, "Add"),
    "QLinearAveragePool": _quantised(1, "AveragePool"),
    "QLinearConcat": _quantised_join,
    "QLinearGlobalAveragePool": _quantised(1, "GlobalAveragePool"),
    "QLinearLeakyRelu": _quantised(1, "LeakyRelu"),
    "QLinearMul": _quantised(2, "Mul"),
    "QLinearReduceMean": _quantised(1, "ReduceMean"),
    "QLinearSigmoid": _quantised(1, "Sigmoid"),
    "QLinearSoftmax": _quantised(1, "Softmax"),
    "QuantizeLinear": _same,
    "QuickGelu": _gelu,
    "RotaryEmbedding": _rotary,
    "SimplifiedLayerNormalization": _simplified,
    "SkipLayerNormalization": _skip,
    "SkipSimplifiedLayerNormalization": _skip,
    "TransposeMatMul": _fused_product,
}
