"""What stands around the layers of a network file: parameters, inputs, outputs and word widths."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from looptree.documents import Node
from looptree.errors import InputError, nearest
from looptree.workload.layers.arithmetic import MAX_VALUE, evaluate
from looptree.workload.layers.feature import DEFAULT_RANKS, Feature
from looptree.workload.reader import MAX_BITS, check_bits

_BATCH_RANKS = {"b", "n"}
INPUT_KEYS = ("shape", "ranks")
TENSOR_KEYS = ("bits",)


def read_parameters(document: Node, given: Node | None, overrides: Mapping[str, object], bits: int) -> dict[str, int]:
    """Parameters in the order of the file; later ones may be arithmetic over earlier ones.

    `batch` (default 1) and `bits` (default: the word width that the file says) are always parameters.
    """
    written = given.mapping() if given is not None else {}
    if "bits" in written:
        hint = "it is the word width of all tensors; the file says it as default_bits"
        raise written["bits"].error("'bits' cannot be the name of a parameter of its own", hint)
    known = ("batch", *(name for name in written if name != "batch"), "bits")
    for name in overrides:
        if name not in known:
            raise InputError(
                f"the network has no parameter {name!r}", where=document.file, hint=f"known: {', '.join(known)}"
            )
    replaced = {name: _whole(document, name, value) for name, value in overrides.items()}
    if "bits" in replaced:
        check_bits(replaced["bits"])
    values = {"batch": replaced.get("batch", 1), "bits": replaced.get("bits", bits)}
    for name, entry in written.items():
        values[name] = replaced[name] if name in replaced else _computed(name, entry, values, written)
    return values


def read_inputs(node: Node, parameters: Mapping[str, int]) -> dict[str, Feature]:
    """`name: [extents]`, or `name: {shape: [extents], ranks: [h, p, e]}`; extents without the batch."""
    features = {}
    for name, entry in node.mapping().items():
        if not (name.replace("_", "a").isalnum() and name.isascii()) or name[0].isdigit():
            raise entry.error(f"expected a name of letters, digits and underscores, found {name!r}")
        ranks: tuple[str, ...] = ()
        extents = entry
        if isinstance(entry.value, dict):
            keys = entry.mapping(known=INPUT_KEYS, required=("shape",))
            extents = keys["shape"]
            ranks = tuple(keys["ranks"].texts()) if "ranks" in keys else ()
        what = f"an extent of input {name!r}"
        shape = tuple(evaluate(item, parameters, what) for item in extents.sequence())
        if not shape:
            raise extents.error(f"expected the extents of input {name!r}, found none")
        ranks = ranks or DEFAULT_RANKS.get(len(shape), ())
        problem = rank_problem(ranks, len(shape))
        if problem:
            raise entry.error(problem, f"{name}: {{shape: [12, 512, 64], ranks: [h, p, e]}}")
        features[name] = Feature(name, shape, ranks)
    if not features:
        raise node.expected("at least one input")
    return features


def rank_problem(ranks: tuple[str, ...], dimensions: int) -> str:
    """What is wrong with these names of ranks; nothing where they are fine."""
    if len(ranks) != dimensions or len(set(ranks)) != len(ranks):
        return f"expected {dimensions} different ranks, one per dimension, found {', '.join(ranks) or 'none'}"
    if _BATCH_RANKS & set(ranks):
        return f"expected ranks other than b and n, which are kept for the batch, found {', '.join(ranks)}"
    if not all(rank.isidentifier() and rank.isascii() for rank in ranks):
        return f"expected ranks of letters, digits and underscores, found {', '.join(ranks)}"
    return ""


def read_outputs(node: Node | None, source: Callable[[str], str], layers: Collection[str]) -> list[str]:
    """The layers whose outputs leave although other layers read them."""
    outputs = []
    for item in node.sequence() if node is not None else []:
        name = source(item.text())
        if name not in layers:
            raise item.error(f"expected an output that is a layer, found {item.value!r}", nearest(name, layers))
        outputs.append(name)
    return outputs


def read_bits(node: Node | None, tensors: Collection[str]) -> dict[str, int]:
    """`tensors: {conv1: {bits: 16}}`: the word widths that differ from `default_bits`."""
    bits = {}
    for tensor, entry in (node.mapping() if node is not None else {}).items():
        if tensor not in tensors:
            raise entry.error(f"there is no tensor {tensor!r}", nearest(tensor, tensors))
        keys = entry.mapping(known=TENSOR_KEYS, required=TENSOR_KEYS)
        bits[tensor] = keys["bits"].integer("a word width in bits", most=MAX_BITS)
    return bits


def _whole(document: Node, name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not _least(name) <= value <= MAX_VALUE:
        raise InputError(
            f"expected parameter {name!r} as a whole number from {_least(name)} to {MAX_VALUE}, found {value!r}",
            where=document.file,
        )
    return value


def _computed(name: str, entry: Node, above: Mapping[str, int], written: Collection[str]) -> int:
    try:
        return evaluate(entry, above, f"parameter {name!r}", least=_least(name))
    except InputError as problem:
        below = set(written) - set(above)
        if below & set(re.findall(r"\w+", str(entry.value))):
            raise entry.error(problem.problem, "a parameter may use those that stand above it") from None
        raise


def _least(parameter: str) -> int:
    return 1 if parameter == "batch" else 0
