"""Mappings: `mapping: {type: fused, nodes: [...]}` with integer targets."""

from __future__ import annotations

from typing import Any

from looptree.documents import Node
from looptree.errors import nearest
from looptree.importers.looptree_yaml.nodes import made

_AXES = ("x", "y")
_KEYS = {
    "storage": ("type", "target", "dspace"),
    "temporal": ("type", "rank", "dimension", "tile_shape", "tile_size"),
    "spatial": ("type", "rank", "dimension", "tile_shape", "tile_size", "spatial"),
    "sequential": ("type", "branches"),
    "pipeline": ("type", "branches"),
    "compute": ("type", "einsum", "target"),
}


def mapping_document(document: Node, components: list[str]) -> Node:
    """The mapping of a document in our own format.

    Args:
        document: with a key `mapping`, and `bindings` where targets are not counted from the outside in.
        components: names of the memory levels, outside in, and of the compute units.

    Raises:
        InputError: naming file, line and key.
    """
    fields = document.mapping()
    mapping = fields["mapping"].mapping(known=("type", "nodes"), required=("nodes",))
    if "type" in mapping:
        mapping["type"].choice(("fused",))
    return made({"mapping": _Translator(fields.get("bindings"), components).chain(mapping["nodes"])}, fields["mapping"])


class _Translator:
    """Knows which component a target means."""

    def __init__(self, bindings: Node | None, components: list[str]) -> None:
        self.components = components
        self.bound = {str(index): name for index, name in enumerate(components)}
        if bindings is not None:
            self.bound = {key: node.text() for key, node in bindings.mapping().items()}

    def chain(self, nodes: Node) -> list[Node]:
        """The nodes of a chain."""
        return [self._node(item) for item in nodes.sequence()]

    def _node(self, item: Node) -> Node:
        kind = item.mapping(required=("type",))["type"].text()
        if kind not in _KEYS:
            raise item.error(f"unknown node type {kind!r}", nearest(kind, _KEYS))
        fields = item.mapping(known=_KEYS[kind])
        if kind in ("sequential", "pipeline"):
            branches = self._one(item, fields, "branches").sequence()
            return made({kind: [self.chain(branch) for branch in branches]}, item)
        return made({kind: getattr(self, f"_{kind}")(item, fields)}, item)

    def _storage(self, item: Node, fields: dict[str, Node]) -> dict[str, Any]:
        return {"level": self._target(item, fields), "tensors": self._one(item, fields, "dspace")}

    def _temporal(self, item: Node, fields: dict[str, Node]) -> dict[str, Any]:
        rank, tile = self._one(item, fields, "rank", "dimension"), self._one(item, fields, "tile_shape", "tile_size")
        return {"rank": rank, "tile": tile}

    def _spatial(self, item: Node, fields: dict[str, Node]) -> dict[str, Any]:
        axis = fields.get("spatial")
        number = 0 if axis is None else axis.integer("an axis", least=0, most=len(_AXES) - 1)
        return {**self._temporal(item, fields), "axis": made(_AXES[number], axis or item)}

    def _compute(self, item: Node, fields: dict[str, Node]) -> dict[str, Any]:
        unit = {"unit": self._target(item, fields)} if "target" in fields else {}
        return {"einsum": self._one(item, fields, "einsum"), **unit}

    def _target(self, item: Node, fields: dict[str, Node]) -> Node:
        """The name of the component that a target stands for: an integer, or the name itself."""
        target = self._one(item, fields, "target")
        if isinstance(target.value, str):
            return target
        index = str(target.integer("a target", least=0))
        if index not in self.bound:
            known = ", ".join(f"{key}: {name}" for key, name in self.bound.items())
            raise target.error(f"there is no component for target {index}", f"known: {known}")
        return made(self.bound[index], target)

    def _one(self, item: Node, fields: dict[str, Node], *keys: str) -> Node:
        """The value of one of two spellings of a key."""
        given = [key for key in keys if key in fields]
        if len(given) != 1:
            problem = f"{' and '.join(given)} mean the same" if given else f"key {keys[0]!r} is missing"
            raise item.error(problem, f"found: {', '.join(fields)}")
        return fields[given[0]]
