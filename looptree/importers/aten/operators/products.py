"""Matrix products, linear layers, attention, Einsums."""

from __future__ import annotations

from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation


def linear(translation: Translation, call: Call) -> None:
    """`linear`: `Y = X * W^T + b`."""
    given, weight, bias = call.value("input"), call.value("weight"), call.value("bias")
    if len(translation.shape(given)) == 2 and len(translation.shape(weight)) == 2:
        translation.node(call, "Gemm", [given, weight, *([bias] if bias else [])], transB=1)
        return
    shape = translation.shape(weight)
    if len(shape) == 2:
        weight = translation.between(call, "Transpose", [weight], shape[::-1], perm=(1, 0))
    if not bias:
        translation.node(call, "MatMul", [given, weight])
        return
    product = translation.between(call, "MatMul", [given, weight], translation.shape(call.outputs[0]), part="")
    translation.node(call, "Add", [product, bias], part="bias")


def product(translation: Translation, call: Call) -> None:
    """`matmul`, `mm`, `bmm`, `mv`, `dot`."""
    second = next(call.value(name) for name in ("other", "mat2", "vec", "tensor") if call.value(name))
    translation.node(call, "MatMul", [call.value("self"), second])


def added_product(translation: Translation, call: Call) -> None:
    """`addmm`, `baddbmm`, `addmv`: `Y = beta*C + alpha*A*B`; factors of a whole matrix are part of the layer."""
    names = {"addmm": ("mat1", "mat2"), "baddbmm": ("batch1", "batch2"), "addmv": ("mat", "vec")}[call.operator]
    first, second = (call.value(name) for name in names)
    third = call.value("self")
    if call.operator == "addmm":
        translation.node(call, "Gemm", [first, second, third])
        return
    result = translation.between(call, "MatMul", [first, second], translation.shape(call.outputs[0]), part="")
    translation.node(call, "Add", [result, third], part="added")


def einsum(translation: Translation, call: Call) -> None:
    """`einsum`: the equation as it stands."""
    translation.node(call, "Einsum", call.values("tensors"), equation=call.text("equation"))


def attention(translation: Translation, call: Call) -> bool:
    """`scaled_dot_product_attention`; inputs of other than four dimensions get heads and a batch of one."""
    names = ("query", "key", "value")
    inputs = [call.value(name) for name in names]
    mask = call.value("attn_mask")
    shapes = [translation.shape(value) for value in inputs]
    if len({len(shape) for shape in shapes}) > 1 or len(shapes[0]) > 4 or len({shape[:-3] for shape in shapes}) > 1:
        return False
    full = [(1,) * (4 - len(shape)) + shape for shape in shapes]
    inputs = [
        value if shape == wide else translation.between(call, "Reshape", [value], wide)
        for value, shape, wide in zip(inputs, shapes, full, strict=True)
    ]
    inputs += [mask] if mask else []
    causal = call.integer("is_causal")
    made = translation.shape(call.outputs[0])
    if len(made) == 4:
        translation.node(call, "Attention", inputs, is_causal=causal)
        return True
    wide = (1,) * (4 - len(made)) + made
    result = translation.between(call, "Attention", inputs, wide, part="", is_causal=causal)
    translation.node(call, "Reshape", [result], part="heads")
    return True
