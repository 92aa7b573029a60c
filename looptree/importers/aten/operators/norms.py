"""Normalisations and softmax."""

from __future__ import annotations

from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation


def batch_norm(translation: Translation, call: Call) -> bool:
    """`batch_norm` with statistics of the training; without a scale the deviation is the factor of a channel."""
    if call.integer("training"):
        return False
    given, mean, variance = (call.value(name) for name in ("input", "running_mean", "running_var"))
    scale, shift = call.value("weight") or variance, call.value("bias") or mean
    translation.node(call, "BatchNormalization", [given, scale, shift, mean, variance], call.outputs[:1])
    return True


def layer_norm(translation: Translation, call: Call) -> None:
    """`layer_norm` and `rms_norm`, over the last dimensions."""
    kind = "RMSNormalization" if "rms" in call.operator else "LayerNormalization"
    axis = -len(call.integers("normalized_shape"))
    inputs = [call.value("input"), call.value("weight"), call.value("bias")]
    while not inputs[-1]:
        inputs.pop()
    translation.node(call, kind, inputs, axis=axis)


def group_norm(translation: Translation, call: Call) -> None:
    """`group_norm`, over the channels and positions of a group."""
    inputs = [call.value("input"), call.value("weight"), call.value("bias")]
    groups = call.integer("num_groups") or call.integer("group")
    translation.node(call, "GroupNormalization", inputs, call.outputs[:1], num_groups=groups)


def instance_norm(translation: Translation, call: Call) -> bool:
    """`instance_norm` with the statistics of the input."""
    if not call.integer("use_input_stats"):
        return False
    inputs = [call.value("input"), call.value("weight"), call.value("bias")]
    translation.node(call, "InstanceNormalization", inputs)
    return True


def softmax(translation: Translation, call: Call) -> None:
    """`softmax` and `log_softmax`, over one dimension."""
    kind = "LogSoftmax" if "log" in call.operator else "Softmax"
    translation.node(call, kind, [call.value("self")], axis=call.integer("dim"))


def local_response_norm(translation: Translation, call: Call) -> None:
    """`local_response_norm`: divided by the squares of the neighbouring channels."""
    translation.node(call, "LRN", [call.value("input")], size=call.integer("size"))
