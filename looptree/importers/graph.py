"""A model as plain values: nodes in order, the type of every value, constants. No protobuf from here on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from looptree.errors import InputError
from looptree.importers.elements import Element

Array = NDArray[np.generic]
Attribute = int | float | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...] | Array | None
"""The value of an attribute; `None` for a kind that is not read, such as a graph."""


@dataclass(frozen=True, slots=True)
class Type:
    """Element type and shape of a value."""

    element: Element
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Node:
    """One operator.

    Attributes:
        kind: the name of the operator, such as `Conv`.
        name: unique; the name that the model gives it, or its kind and a number.
        inputs: values that it reads; an empty name is an input that is left out.
        outputs: values that it makes; an empty name is an output that is left out.
        attributes: by name.
        domain: empty for the operators of ONNX itself.
        captured: values from outside that its subgraphs read.
        file: the name of the file, for messages.
        version: of the operators of its domain.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    domain: str = ""
    captured: tuple[str, ...] = ()
    file: str = ""
    version: int = 0

    @property
    def where(self) -> str:
        """File and node, as messages name them."""
        return f"{self.file}: node {self.name!r} ({self.title})"

    @property
    def title(self) -> str:
        """The operator, with its domain where that is not ONNX itself."""
        return f"{self.domain}.{self.kind}" if self.domain else self.kind

    @property
    def reads(self) -> tuple[str, ...]:
        """Every value that it depends on."""
        return tuple(value for value in (*self.inputs, *self.captured) if value)

    def error(self, problem: str, hint: str = "") -> InputError:
        """An `InputError` that names file and node."""
        return InputError(problem, where=self.where, hint=hint)

    def given(self, position: int) -> str:
        """The value at a position of the inputs; empty where it is left out."""
        return self.inputs[position] if position < len(self.inputs) else ""

    def made(self, position: int) -> str:
        """The value at a position of the outputs; empty where it is left out."""
        return self.outputs[position] if position < len(self.outputs) else ""

    def integer(self, name: str, default: int | None = None) -> int:
        """An attribute that is a whole number."""
        value = self._attribute(name, default)
        if not isinstance(value, int):
            raise self.error(f"expected attribute {name!r} as a whole number, found {value!r}")
        return value

    def text(self, name: str, default: str) -> str:
        """An attribute that is text."""
        value = self._attribute(name, default)
        if not isinstance(value, str):
            raise self.error(f"expected attribute {name!r} as text, found {value!r}")
        return value

    def integers(self, name: str, default: tuple[int, ...] | None = None, length: int | None = None) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers, of this length if one is given."""
        value = self._attribute(name, default)
        if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
            raise self.error(f"expected attribute {name!r} as whole numbers, found {value!r}")
        found = tuple(int(item) for item in value)
        if length is not None and len(found) != length:
            raise self.error(f"expected {length} numbers as attribute {name!r}, found {list(found)}")
        return found

    def _attribute(self, name: str, default: Attribute) -> Attribute:
        value = self.attributes.get(name, default)
        if value is None:
            raise self.error(f"attribute {name!r} is missing")
        return value


@dataclass(frozen=True)
class Graph:
    """A model whose shapes are known.

    Attributes:
        name: what it is called.
        nodes: in topological order; those that make constants are not among them.
        inputs: values that are given from outside, with their types.
        outputs: values that leave.
        types: of every value.
        constants: values that are known before anything runs; `None` where the elements are not: weights are not read.
        aliases: constants that only lay out another constant differently, with the node that does.
        file: where it is from, for messages.
        parameters: elements of all that was trained; `None` where the model does not tell that from other constants.
    """

    name: str
    nodes: tuple[Node, ...]
    inputs: Mapping[str, Type]
    outputs: tuple[str, ...]
    types: Mapping[str, Type]
    constants: Mapping[str, Array | None]
    aliases: Mapping[str, Node] = field(default_factory=dict)
    file: str = ""
    parameters: int | None = None
