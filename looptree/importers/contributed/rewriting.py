"""The nodes that stand for one node of ONNX Runtime, put together one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Node, Type
from looptree.importers.known import Known

_INT64 = ELEMENTS[7]


class Rewriting:
    """The nodes that stand for one node.

    Args:
        node: of ONNX Runtime. known: types and constants; new constants are added.
    """

    def __init__(self, node: Node, known: Known) -> None:
        self.node = node
        self.known = known
        self.nodes: list[onnx.NodeProto] = []

    def shape(self, value: str, *ranks: int) -> tuple[int, ...]:
        """The shape of a value.

        Raises:
            InputError: it has another number of dimensions than one of `ranks`, if any are given.
        """
        found = self.known.types[value].shape
        if ranks and len(found) not in ranks:
            wanted = " or ".join(map(str, ranks))
            raise self.node.error(f"expected {value!r} with {wanted} dimensions, found {list(found)}")
        return found

    def fresh(self, part: str) -> str:
        """A new value, named after the node."""
        return f"{self.node.name}/{part}{len(self.nodes)}"

    def add(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str] | None = None, name: str = "", **attributes: Any
    ) -> str:
        """A node, by default with one new output; what it makes first."""
        made = list(outputs) if outputs is not None else [self.fresh(kind.lower())]
        given = list(inputs)
        while given and not given[-1]:
            given.pop()
        self.nodes.append(helper.make_node(kind, given, made, name=name or f"{self.node.name}_{kind}", **attributes))
        return made[0]

    def final(self, kind: str, inputs: Sequence[str], **attributes: Any) -> None:
        """The node that makes what the whole makes; it has its name."""
        self.add(kind, inputs, [self.node.made(0)], self.node.name, **attributes)

    def integers(self, values: Sequence[int]) -> str:
        """A constant of whole numbers."""
        name = self.fresh("numbers") + f"_{len(self.known.constants)}"
        self.known.know(name, Type(_INT64, (len(values),)), np.array(values, np.int64))
        return name

    def attributes(self, *names: str) -> dict[str, Any]:
        """Attributes of the node that are handed on."""
        return {name: self.node.attributes[name] for name in names if name in self.node.attributes}
