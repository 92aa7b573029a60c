"""What is known while a graph is put together: types, constants, and which nodes are left to become layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from looptree.importers.folding import fold
from looptree.importers.graph import Array, Node, Type

MAX_VALUES = 1 << 16
"""Constants with more elements are known by their shape only."""

LAID_OUT = frozenset(
    "Identity Cast QuantizeLinear DequantizeLinear Reshape Flatten Transpose Squeeze Unsqueeze".split()  # noqa: SIM905
)
"""Operators that only lay out a constant differently: the constant stays the one tensor that it is."""

_RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")


class Known:
    """The nodes of a graph so far.

    Args:
        types: of values; shared with whoever infers them.
        constants: shared likewise.

    Attributes:
        aliases: constants that only lay out another one differently, with the node that does.
        nodes: those that depend on inputs, in order.
    """

    def __init__(self, types: dict[str, Type], constants: dict[str, Array | None]) -> None:
        self.types = types
        self.constants = constants
        self.aliases: dict[str, Node] = {}
        self.nodes: list[Node] = []

    def know(self, value: str, type_: Type, array: Array | None) -> None:
        """Take a constant."""
        self.types[value] = type_
        self.constants[value] = array

    def add(self, node: Node, types: Mapping[str, Type]) -> None:
        """Take a node and the types of what it makes; one that only depends on constants is computed."""
        if all(value in self.constants for value in node.reads) and node.kind not in _RANDOM:
            self._compute(node, types)
        else:
            self.nodes.append(node)
        self.types |= types

    def _compute(self, node: Node, types: Mapping[str, Type]) -> None:
        arrays = [self.constants[value] if value else None for value in node.inputs]
        small = all(type_.size <= MAX_VALUES for type_ in types.values())
        made = fold(node, arrays) if small else None
        for position, value in enumerate(node.outputs):
            array = made[position] if made is not None and position < len(made) else None
            fits = array is not None and value in types and array.shape == types[value].shape
            if value:
                self.constants[value] = array if fits else None
        if node.kind in LAID_OUT and not node.domain:
            self.aliases[node.made(0)] = node


def without_unused(nodes: Sequence[Node], outputs: Sequence[str]) -> tuple[Node, ...]:
    """The nodes without the names of further outputs that nothing reads, such as the mask of a `Dropout`."""
    used = {*outputs, *(value for node in nodes for value in node.reads)}
    return tuple(
        replace(node, outputs=(*node.outputs[:1], *(value if value in used else "" for value in node.outputs[1:])))
        for node in nodes
    )
