"""Activations, biases and normalisations of ONNX Runtime."""

from __future__ import annotations

from looptree.importers.contributed.rewriting import Rewriting


def gelu(r: Rewriting) -> None:
    """GELU in its forms, perhaps with a bias."""
    value, bias = r.node.given(0), r.node.given(1)
    r.final("Gelu", [r.add("Add", [value, bias]) if bias else value])


def biased(r: Rewriting) -> None:
    """Inputs added up."""
    values = [value for value in r.node.inputs[:3] if value]
    value = values[0]
    for other in values[1:-1]:
        value = r.add("Add", [value, other])
    r.final("Add", [value, values[-1]])


def split_gelu(r: Rewriting) -> None:
    """`BiasSplitGelu`: one half times the GELU of the other."""
    value = r.add("Add", [r.node.given(0), r.node.given(1)])
    halves = [r.fresh("left"), r.fresh("right")]
    r.add("Split", [value], halves, axis=-1, num_outputs=2)
    r.final("Mul", [halves[0], r.add("Gelu", [halves[1]])])


def biased_softmax(r: Rewriting) -> None:
    """`BiasSoftmax`."""
    r.final("Softmax", [r.add("Add", [r.node.given(0), r.node.given(1)])], **r.attributes("axis"))


def _norm(r: Rewriting, kind: str, value: str, scale: str, shift: str) -> None:
    inputs = [value, scale, shift] if kind == "LayerNormalization" else [value, scale]
    r.final(kind, inputs, axis=r.node.integer("axis", -1))


def simplified_norm(r: Rewriting) -> bool:
    """`SimplifiedLayerNormalization`: by the root of the mean square."""
    _norm(r, "RMSNormalization", r.node.given(0), r.node.given(1), "")
    return not any(r.node.outputs[1:])


def skip_norm(r: Rewriting) -> bool:
    """Both inputs are added, then normalised; the sum may be an output as well."""
    plain = r.node.kind == "SkipLayerNormalization"
    bias = r.node.given(4 if plain else 3)
    value = r.add("Add", [r.node.given(0), r.node.given(1)], [r.node.made(3)] if r.node.made(3) and not bias else None)
    if bias:
        value = r.add("Add", [value, bias], [r.node.made(3)] if r.node.made(3) else None)
    kind = "LayerNormalization" if plain else "RMSNormalization"
    _norm(r, kind, value, r.node.given(2), r.node.given(3) if plain else "")
    return not r.node.made(1) and not r.node.made(2)


def embedded(r: Rewriting) -> bool:
    """Rows of three tables are added up and normalised."""
    words, kinds, word, place, kind, scale, shift, mask, places = (r.node.given(i) for i in range(9))
    value = r.add("Gather", [word, words])
    length = r.shape(words, 2)[-1]
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
