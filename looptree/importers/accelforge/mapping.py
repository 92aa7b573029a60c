"""Mappings: `mapping:` with `nodes`, from the outside in, each with a tag that says its kind.

A tensor that several branches of a `!Sequential` store, and nothing outside of it, goes from one to the other there: it
gets one storage node above them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from looptree.documents import Node
from looptree.importers.accelforge.expressions import extent
from looptree.importers.looptree_yaml.nodes import made

Nodes = list[dict[str, Any]]


def mapping_document(document: Node) -> Node:
    """The mapping of a document in our own format.

    Raises:
        InputError: naming file, line and key of a mistake, or of what cannot be represented.
    """
    body = document.mapping()["mapping"]
    fields = body.mapping(known=("version", "nodes"), required=("nodes",))
    return made({"mapping": _chain(fields["nodes"], frozenset())}, body)


def _chain(nodes: Node, stored: frozenset[str]) -> list[Node]:
    """The nodes of one chain; `stored` are tensors that stand further out."""
    found: list[Node] = []
    for node in nodes.sequence():
        if node.tag == "Nested":
            found += _chain(node.mapping(known=("nodes",), required=("nodes",))["nodes"], stored)
            continue
        if node.tag in ("Sequential", "Pipeline"):
            found += _branches(node, stored)
            continue
        made_node = made(_node(node), node)
        found.append(made_node)
        storage = made_node.value.get("storage")
        if storage is not None:
            stored |= set(_names(storage))
    return found


def _node(node: Node) -> dict[str, Any]:
    if node.tag == "Storage":
        fields = node.mapping(known=("tensors", "component", "persistent"), required=("tensors", "component"))
        return {"storage": {"level": fields["component"], "tensors": fields["tensors"]}}
    if node.tag == "Temporal":
        fields = node.mapping(known=("rank_variable", "tile_shape"), required=("rank_variable", "tile_shape"))
        tile = made(extent(fields["tile_shape"], "a tile shape"), fields["tile_shape"])
        return {"temporal": {"rank": fields["rank_variable"], "tile": tile}}
    if node.tag == "Compute":
        fields = node.mapping(known=("einsum", "component"), required=("einsum",))
        unit = {"unit": fields["component"]} if "component" in fields else {}
        return {"compute": {"einsum": fields["einsum"], **unit}}
    kind = f"!{node.tag}" if node.tag else "a node without a tag"
    known = "!Storage, !Temporal, !Sequential, !Pipeline, !Nested, !Compute"
    raise node.error(f"{kind} cannot be represented", f"known: {known}")


def _branches(node: Node, stored: frozenset[str]) -> list[Node]:
    """A branch, and above it storage nodes of what its chains hand on."""
    fields = node.mapping(known=("nodes",), required=("nodes",))
    chains = []
    for item in fields["nodes"].sequence():
        single = Node([item], item.file, item.line, item.path)
        chains.append(_chain(single, stored))
    owners: dict[str, list[tuple[int, Node]]] = {}
    for place, chain in enumerate(chains):
        for entry in chain:
            if "storage" in entry.value:
                for tensor in _names(entry.value["storage"]):
                    owners.setdefault(tensor, []).append((place, entry.value["storage"].value["level"]))
    shared = {
        tensor: levels[0][1]
        for tensor, levels in owners.items()
        if tensor not in stored and len({place for place, _ in levels}) > 1
    }
    above: dict[str, list[str]] = {}
    for tensor, level in shared.items():
        above.setdefault(level.text(), []).append(tensor)
    chains = [[kept for entry in chain if (kept := _without(entry, shared)) is not None] for chain in chains]
    storages = [made({"storage": {"level": level, "tensors": names}}, node) for level, names in above.items()]
    return [*storages, made({node.tag.lower(): chains}, node)]


def _names(storage: Node) -> list[str]:
    return storage.mapping()["tensors"].texts()


def _without(entry: Node, tensors: Collection[str]) -> Node | None:
    """A storage node without these tensors; nothing where it has no others."""
    storage = entry.value.get("storage")
    if storage is None or not set(_names(storage)) & set(tensors):
        return entry
    left = [name for name in _names(storage) if name not in tensors]
    return made({"storage": {"level": storage.value["level"], "tensors": left}}, entry) if left else None
