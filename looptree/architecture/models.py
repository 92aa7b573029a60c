"""Models of energy and area as files name them: `model: sram`, or with parameters `model: {sram: {banks: 4}}`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from looptree.architecture.energy import MEMORY_MODELS, MemoryModel, Operations
from looptree.architecture.quantity import energy_per_operation, technology, width
from looptree.documents import Node
from looptree.errors import InputError, nearest

Model = TypeVar("Model")


SHORT = {"dram": "kind", "relative": "kind", "operations": "bits"}
PARAMETERS: dict[str, dict[str, Callable[[Node], object]]] = {
    "sram": {"technology_nm": technology, "banks": lambda node: node.integer("a number of banks")},
    "cache": {"technology_nm": technology},
    "register_file": {},
    "relative": {
        "kind": lambda node: node.text(),
        "mac_pj": energy_per_operation,
    },
    "dram": {"kind": lambda node: node.text()},
    "operations": {
        "bits": lambda node: width(node, most=1024),
        "number": lambda node: node.choice(("integer", "float")),
        "technology_nm": technology,
        "units": lambda node: node.integer("a number of units"),
    },
}
_REQUIRED = {"relative": ("kind",), "dram": ("kind",), "operations": ("bits",)}


def memory_model(node: Node) -> MemoryModel:
    """The model of a memory level.

    Raises:
        InputError: no such model, or a parameter that it does not have.
    """
    return _model(node, MEMORY_MODELS)


def operation_model(node: Node) -> Operations:
    """The model of compute units.

    Raises:
        InputError: no such model, or a parameter that it does not have.
    """
    return _model(node, {"operations": Operations})


def _model(node: Node, known: dict[str, type[Model]]) -> Model:
    """Its name alone, its name with the one parameter that it cannot do without, or with a mapping of parameters."""
    fields = {node.text(): None} if isinstance(node.value, str) else dict(node.mapping())
    if len(fields) != 1:
        raise node.expected("one model, such as {sram: {technology_nm: 28}}")
    name, body = next(iter(fields.items()))
    if name not in known:
        raise (body or node).error(f"there is no model {name!r} here", nearest(name, known))
    parameters = PARAMETERS[name]
    if body is None or body.value is None:
        given: dict[str, Node] = {}
    elif isinstance(body.value, dict):
        given = body.mapping(known=tuple(parameters)) if body.value else {}
    elif name in SHORT:
        given = {SHORT[name]: body}
    else:
        raise body.expected("a mapping of parameters", f"known: {', '.join(parameters) or 'none'}")
    for key in _REQUIRED.get(name, ()):
        if key not in given:
            raise (body or node).error(f"model {name} needs {key}", f"write {name}: {{{key}: ...}}")
    try:
        return known[name](**{key: parameters[key](value) for key, value in given.items()})
    except InputError as problem:
        raise problem if problem.where.startswith(node.file) else problem.at(node.where) from None
