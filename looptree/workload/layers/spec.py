"""One layer as it is written, checked against its type, before anything is known about shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from looptree.documents import Node
from looptree.errors import InputError, nearest
from looptree.workload.layers.elementwise import ACTIVATIONS
from looptree.workload.layers.registry import LAYER_TYPES, LayerType

COMMON_KEYS = ("name", "type", "input", "inputs", "repeat")


@dataclass(frozen=True, slots=True)
class Spec:
    """One layer after templates and repetition are written out.

    Attributes:
        name: unique in the network.
        type: a key of `LAYER_TYPES`.
        node: where it stands in the file.
        keys: the keys of its type.
        inputs: names of layers or network inputs.
        parameters: what names in arithmetic mean here.
    """

    name: str
    type: str
    node: Node
    keys: Mapping[str, Node]
    inputs: tuple[str, ...]
    parameters: Mapping[str, int]

    def error(self, problem: str, hint: str = "") -> InputError:
        """An `InputError` that names file, line and layer."""
        return layer_error(self.node, self.name, problem, hint)


def layer_error(node: Node, name: str, problem: str, hint: str = "") -> InputError:
    """An `InputError` that names file, line and layer."""
    return InputError(problem, where=f"{node.file}:{node.line}: layer {name!r}", hint=hint)


@contextmanager
def naming(name: str, node: Node) -> Iterator[None]:
    """Adds the name of the layer, and where it stands, to complaints that lack them."""
    try:
        yield
    except InputError as problem:
        if "layer '" in problem.where:
            raise
        if problem.where.startswith(f"{node.file}:"):
            where = f"{problem.where}: layer {name!r}"
        else:
            where = f"{node.file}:{node.line}: layer {name!r}: {problem.where}"
        raise InputError(problem.problem, where=where, hint=problem.hint) from None


def read_spec(item: Node, name: str, inputs: tuple[str, ...], parameters: Mapping[str, int]) -> Spec:
    """A layer of a built-in type, its keys and the number of its inputs checked."""
    fields = dict(item.mapping())
    kind = fields["type"].text()
    if kind in ACTIVATIONS:
        if "function" in fields:
            raise layer_error(item, name, f"{kind} has no key 'function'", "type: activation has")
        fields["function"] = fields["type"]
        kind = "activation"
    keys = {key: node for key, node in fields.items() if key not in COMMON_KEYS}
    known = LAYER_TYPES[kind]
    _check_keys(item, name, keys, kind, known)
    if "activation" in keys:
        keys["activation"].choice(ACTIVATIONS)
    if not known.least <= len(inputs) <= known.most:
        count = f"{known.least}" if known.least == known.most else f"{known.least} or more"
        raise layer_error(
            item,
            name,
            f"{kind} expected {count} input{'' if count == '1' else 's'}, found {len(inputs)}",
            "inputs: [first, second]" if known.least > 1 else "",
        )
    return Spec(name, kind, item, keys, inputs, parameters)


def _check_keys(item: Node, name: str, keys: Mapping[str, Node], kind: str, known: LayerType) -> None:
    for key, node in keys.items():
        if key not in known.keys:
            raise layer_error(node, name, f"{kind} has no key {key!r}", nearest(key, (*known.keys, *COMMON_KEYS)))
    for key in known.required:
        if key not in keys:
            raise layer_error(item, name, f"{kind} needs key {key!r}", f"found: {', '.join(item.mapping())}")
