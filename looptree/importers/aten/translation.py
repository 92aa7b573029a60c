"""The graph that a `Program` becomes call by call: nodes of ONNX operators, with types that PyTorch gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from looptree.importers.aten.program import Argument, Call, Program, Value
from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Array, Node, Type
from looptree.importers.kinds import snake
from looptree.importers.known import Known

VERSION = 23
"""Of the operators that the nodes are of, unless an older one takes its parameters as attributes."""

_NUMBERS = {element.name: element for element in ELEMENTS.values()}


class Translation:
    """The graph of a program, one call after the other.

    Args:
        program: what is translated.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.types: dict[str, Type] = {}
        self.constants: dict[str, Array | None] = {}
        self.known = Known(self.types, self.constants)
        self._used = {*program.outputs, *(value for call in program.calls for value in call.tensors)}
        self._calls_of = Counter(call.module for call in program.calls)
        self._taken: Counter[str] = Counter()
        for value in program.inputs:
            self.types[value] = program.types[value]
        for value, constant in program.constants.items():
            self.known.know(value, program.types[value], constant.array)

    # -- values ---------------------------------------------------------------------------

    def number(self, number: Argument, like: str) -> str:
        """A constant of one element, of the element type of a value."""
        return self.constant(np.asarray(number), self.types[like].element.name)

    def integers(self, numbers: Sequence[int]) -> str:
        """A constant list of whole numbers."""
        return self.constant(np.asarray(numbers, np.int64))

    def constant(self, array: Array, element: str = "") -> str:
        """A constant with these elements."""
        name = self._unique("constant")
        self.known.know(name, Type(_NUMBERS[element or array.dtype.name], array.shape), array)
        return name

    def scalar_or_value(self, argument: Argument, like: str) -> str:
        """An argument that is a tensor, or a number in its place."""
        return argument.name if isinstance(argument, Value) else self.number(argument, like)

    def temporary(self, name: str, shape: Sequence[int], like: str) -> str:
        """A new value, of the element type of another."""
        value = self._unique(f"{name}.between")
        self.types[value] = Type(self.types[like].element, tuple(shape))
        return value

    # -- nodes ----------------------------------------------------------------------------

    def node(
        self,
        call: Call,
        kind: str,
        inputs: Sequence[str],
        outputs: Sequence[str] = (),
        *,
        part: str = "",
        version: int = VERSION,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node that makes `outputs`, or else what the call makes; the first of these.

        `part` is what the node is called after its call; the layer of the call is the node without one.
        """
        made = tuple(outputs) or call.outputs
        name = self._unique(f"{self._name(call)}.{part}" if part else self._name(call))
        node = Node(kind, name, tuple(inputs), made, attributes, domain, (), self.program.name, version)
        self.known.add(node, {value: self.types[value] for value in made if value})
        return made[0]

    def between(
        self,
        call: Call,
        kind: str,
        inputs: Sequence[str],
        shape: Sequence[int],
        *,
        part: str | None = None,
        version: int = VERSION,
        **attributes: Any,
    ) -> str:
        """Add a node that makes a value of this shape in the middle of a call; the value."""
        made = [self.temporary(call.name, shape, inputs[0])]
        return self.node(
            call, kind, inputs, made, part=snake(kind) if part is None else part, version=version, **attributes
        )

    def unknown(self, call: Call) -> None:
        """Add a node of which nothing is known but what it reads and makes."""
        self.node(call, call.operator, call.tensors, domain="aten")

    def shape(self, value: str) -> tuple[int, ...]:
        """The shape of a value."""
        return self.types[value].shape

    def is_used(self, value: str) -> bool:
        """Whether anything needs a value that a call makes."""
        return value in self._used

    def _name(self, call: Call) -> str:
        """The path of the module, with the name of the call where the module makes several."""
        alone = call.module and self._calls_of[call.module] == 1
        return call.module if alone else f"{call.module}.{call.name}".strip(".")

    def _unique(self, name: str) -> str:
        self._taken[name] += 1
        return name if self._taken[name] == 1 else f"{name}:{self._taken[name]}"
