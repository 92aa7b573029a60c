"""`lstm`, `gru`, `rnn_tanh`, `rnn_relu`: one recurrent node for each of their layers."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.importers.aten.program import Call
from looptree.importers.aten.translation import Translation

_KINDS = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN", "rnn_relu": "RNN"}


def recurrent(translation: Translation, call: Call) -> bool:
    """All layers, one behind the other; `False` for packed sequences and projected states."""
    if "batch_sizes" in call.arguments:
        return False
    layers, ways = call.integer("num_layers", 1), 2 if call.arguments.get("bidirectional") else 1
    weights = call.values("params")
    each = 4 if call.arguments.get("has_biases") else 2
    if len(weights) != layers * ways * each:
        return False
    states = list(call.values("hx") if call.operator == "lstm" else [call.value("hx")])
    value = call.value("input")
    if call.arguments.get("batch_first"):
        value = _turned(translation, call, value)
    last: list[list[str]] = [[] for _ in states]
    for layer in range(layers):
        own = weights[layer * ways * each : (layer + 1) * ways * each]
        stacked = [_stacked(translation, call, own[place::each]) for place in (0, 1)]
        before = [_rows(translation, call, state, layer * ways, ways) for state in states]
        value, ends = _layer(translation, call, value, stacked, before, part=f"{layer}" if layers > 1 else "")
        for known, end in zip(last, ends, strict=True):
            known.append(end)
    if call.arguments.get("batch_first"):
        value = _turned(translation, call, value)
    translation.node(call, "Identity", [value], call.outputs[:1], part="whole")
    for known, made in zip(last, call.outputs[1:], strict=False):
        if translation.is_used(made):
            translation.node(call, "Concat", known, [made], part="states", axis=0)
    return True


def _layer(
    translation: Translation, call: Call, value: str, weights: Sequence[str], states: Sequence[str], *, part: str
) -> tuple[str, list[str]]:
    """What all steps of one layer make, with the directions side by side, and the last of each state."""
    steps, batch, _ = translation.shape(value)
    ways, _, size = translation.shape(weights[1])
    used = [translation.is_used(made) for made in call.outputs[1:]]
    ends = [translation.temporary(f"{call.name}.end", (ways, batch, size), value) for _ in states]
    made = translation.temporary(f"{call.name}.all", (steps, ways, batch, size), value)
    outputs = [made, *(end if wanted else "" for end, wanted in zip(ends, used, strict=False))]
    while not outputs[-1]:
        outputs.pop()
    direction = "bidirectional" if ways == 2 else "forward"
    kind, given = _KINDS[call.operator], [value, *weights, "", "", *states]
    translation.node(call, kind, given, outputs, part=part, hidden_size=size, direction=direction)
    turned = translation.between(call, "Transpose", [made], (steps, batch, ways, size), perm=(0, 2, 1, 3))
    return translation.between(call, "Reshape", [turned], (steps, batch, ways * size)), ends


def _turned(translation: Translation, call: Call, value: str) -> str:
    first, second, last = translation.shape(value)
    return translation.between(call, "Transpose", [value], (second, first, last), perm=(1, 0, 2))


def _stacked(translation: Translation, call: Call, weights: Sequence[str]) -> str:
    """The weights of all directions in one tensor."""
    rows, columns = translation.shape(weights[0])
    single = [translation.between(call, "Reshape", [value], (1, rows, columns)) for value in weights]
    if len(single) == 1:
        return single[0]
    return translation.between(call, "Concat", single, (len(single), rows, columns), axis=0)


def _rows(translation: Translation, call: Call, state: str, start: int, count: int) -> str:
    """The states of one layer; nothing where they are constants, such as zeros."""
    if not state or state in translation.constants:
        return ""
    total, batch, size = translation.shape(state)
    if total == count:
        return state
    numbers = [translation.integers([number]) for number in (start, start + count, 0)]
    return translation.between(call, "Slice", [state, *numbers], (count, batch, size))
