"""Convolutions and pools, with and without a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation


def convolution(translation: Translation, call: Call) -> None:
    """`conv1d` to `conv3d`, `conv_transpose1d` to `conv_transpose3d` and `convolution`."""
    given, weight, bias = call.value("input"), call.value("weight"), call.value("bias")
    kernel = translation.shape(weight)[2:]
    count = len(kernel)
    transposed = call.operator.startswith("conv_transpose") or bool(call.integer("transposed"))
    dilations = call.integers("dilation", count) or (1,) * count
    if call.text("padding"):  # "valid" or "same": the larger half behind
        same = call.text("padding") == "same"
        total = [d * (k - 1) if same else 0 for d, k in zip(dilations, kernel, strict=True)]
        pads = (*(t // 2 for t in total), *(t - t // 2 for t in total))
    else:
        pads = (call.integers("padding", count) or (0,) * count) * 2
    attributes: dict[str, Any] = {
        "strides": call.integers("stride", count) or (1,) * count,
        "pads": pads,
        "dilations": dilations,
        "group": call.integer("groups", 1),
    }
    if transposed:
        attributes["output_padding"] = call.integers("output_padding", count) or (0,) * count
    inputs = [weight, bias] if bias else [weight]
    _batched(translation, call, "ConvTranspose" if transposed else "Conv", given, inputs, count, attributes)


def pool(translation: Translation, call: Call) -> None:
    """`max_pool1d` to `max_pool3d` (also with indices) and `avg_pool1d` to `avg_pool3d`."""
    given = call.value("self")
    count = _dimensions(call)
    kernel = call.integers("kernel_size", count)
    attributes: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": call.integers("stride", count) or kernel,
        "pads": (call.integers("padding", count) or (0,) * count) * 2,
    }
    if call.has("dilation"):
        attributes["dilations"] = call.integers("dilation", count)
    kind = "MaxPool" if call.operator.startswith("max") else "AveragePool"
    _batched(translation, call, kind, given, [], count, attributes)


def adaptive_pool(translation: Translation, call: Call) -> bool:
    """`adaptive_avg_pool1d` and the like, where all windows are equal; `False` where they are not."""
    given = call.value("self")
    count = _dimensions(call)
    extents = translation.shape(given)[-count:]
    wanted = translation.shape(call.outputs[0])[-count:]
    if any(own % out for own, out in zip(extents, wanted, strict=True)):
        return False
    kind = "Max" if "max" in call.operator else "Average"
    if set(wanted) == {1}:
        _batched(translation, call, f"Global{kind}Pool", given, [], count, {})
        return True
    kernel = tuple(own // out for own, out in zip(extents, wanted, strict=True))
    _batched(translation, call, f"{kind}Pool", given, [], count, {"kernel_shape": kernel, "strides": kernel})
    return True


def _dimensions(call: Call) -> int:
    return next(int(letter) for letter in reversed(call.operator.removesuffix("_with_indices")) if letter.isdigit())


def _batched(
    translation: Translation,
    call: Call,
    kind: str,
    given: str,
    more: Sequence[str],
    count: int,
    attributes: dict[str, Any],
) -> None:
    """A node over batch, channels and `count` positions; without a batch, over a batch of one."""
    shape = translation.shape(given)
    if len(shape) == count + 2:
        translation.node(call, kind, [given, *more], **attributes)
        return
    alone = translation.between(call, "Reshape", [given], (1, *shape))
    made = (1, *translation.shape(call.outputs[0]))
    result = translation.between(call, kind, [alone, *more], made, part="", **attributes)
    translation.node(call, "Reshape", [result], part="batch")
