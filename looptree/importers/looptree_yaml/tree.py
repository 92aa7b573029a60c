"""Mappings: `mapping: {type: fused, nodes: [...]}` with integer targets."""

from __future__ import annotations

from collections.abc import Mapping
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

    def chain(self, nodes: Node, above: Mapping[str, Node] | None = None) -> list[Node]:
        """The nodes of a chain; `above` are the targets at which tensors stand further out."""
        standing = dict(above or {})
        return [self._node(item, standing) for item in nodes.sequence()]

    def _node(self, item: Node, standing: dict[str, Node]) -> Node:
        kind = item.mapping(required=("type",))["type"].text()
        if kind not in _KEYS:
            raise item.error(f"unknown node type {kind!r}", nearest(kind, _KEYS))
        fields = item.mapping(known=_KEYS[kind])
        if kind in ("sequential", "pipeline"):
            branches = self._one(item, fields, "branches").sequence()
            return made({kind: [self.chain(branch, standing) for branch in branches]}, item)
        if kind == "storage":
            self._check_bound_apart(item, fields, standing)
        return made({kind: getattr(self, f"_{kind}")(item, fields)}, item)

    def _storage(self, item: Node, fields: dict[str, Node]) -> dict[str, Any]:
        return {"level": self._target(item, fields), "tensors": self._one(item, fields, "dspace")}

    def _check_bound_apart(self, item: Node, fields: dict[str, Node], standing: dict[str, Node]) -> None:
        """Two targets of a tensor on one path are two components."""
        target = self._one(item, fields, "target")
        for tensor in self._one(item, fields, "dspace").texts():
            outer = standing.get(tensor)
            if outer is not None and outer.value != target.value:
                component = self._target(item, fields).value
                if self.bound.get(str(outer.value), outer.value) == component:
                    raise target.error(
                        f"tensor {tensor!r} stands at targets {outer.value} and {target.value} on one path, "
                        f"and both are bound to {component}",
                        f"leave the inner one out, or bind target {target.value} to a component of its own",
                    )
            standing[tensor] = target

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
            hint = (
                f"known: {known}; a section bindings may say otherwise, such as bindings: {{0: {self.components[0]}}}"
            )
            raise target.error(f"there is no component for target {index}", hint)
        return made(self.bound[index], target)

    def _one(self, item: Node, fields: dict[str, Node], *keys: str) -> Node:
        """The value of one of two spellings of a key."""
        given = [key for key in keys if key in fields]
        if len(given) != 1:
            problem = f"{' and '.join(given)} mean the same" if given else f"key {keys[0]!r} is missing"
            raise item.error(problem, f"found: {', '.join(fields)}")
        return fields[given[0]]
