"""Mappings: `mapping:` with `nodes`, from the outside in, each with a tag that says its kind.

A tensor that several branches of a `!Sequential` store, and nothing outside of it, goes from one to the other there: it
gets one storage node above them.

Assumption: what stands below a `!Spatial` is inside of the component that it names, as AccelForge itself demands.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from looptree.architecture import Architecture
from looptree.documents import Node
from looptree.importers.accelforge.expressions import extent
from looptree.importers.looptree_yaml.nodes import made

_LOOP = ("rank_variable", "tile_shape")


@dataclass(frozen=True, slots=True)
class _Hardware:
    """What a mapping may name: compute units and axes of instances."""

    units: tuple[str, ...]
    axes: Collection[str]


def mapping_document(document: Node, architecture: Architecture) -> Node:
    """The mapping of a document in our own format.

    Args:
        document: of the mapping. architecture: whose axes of instances it names.

    Raises:
        InputError: naming file, line and key of a mistake, or of what cannot be represented.
    """
    body = document.mapping()["mapping"]
    fields = body.mapping(known=("version", "nodes"), required=("nodes",))
    array = architecture.compute.array
    hardware = _Hardware(tuple(architecture.compute.name.split("/")), array.axes if array is not None else ())
    return made({"mapping": _chain(fields["nodes"], frozenset(), hardware)}, body)


def _chain(nodes: Node, stored: frozenset[str], hardware: _Hardware) -> list[Node]:
    """The nodes of one chain; `stored` are tensors that stand further out."""
    found: list[Node] = []
    for node in nodes.sequence():
        if node.tag == "Nested":
            found += _chain(node.mapping(known=("nodes",), required=("nodes",))["nodes"], stored, hardware)
            continue
        if node.tag in ("Sequential", "Pipeline"):
            found += _branches(node, stored, hardware)
            continue
        made_node = made(_node(node, hardware), node)
        found.append(made_node)
        storage = made_node.value.get("storage")
        if storage is not None:
            stored |= set(_names(storage))
    return found


def _node(node: Node, hardware: _Hardware) -> dict[str, Any]:
    if node.tag == "Storage":
        fields = node.mapping(known=("tensors", "component", "persistent"), required=("tensors", "component"))
        return {"storage": {"level": fields["component"], "tensors": fields["tensors"]}}
    if node.tag == "Temporal":
        return {"temporal": _loop(node.mapping(known=_LOOP, required=_LOOP))}
    if node.tag == "Spatial":
        keys = (*_LOOP, "name", "component")
        fields = node.mapping(known=keys, required=keys)
        return {"spatial": {**_loop(fields), "axis": _axis(fields, hardware)}}
    if node.tag == "Compute":
        fields = node.mapping(known=("einsum", "component"), required=("einsum",))
        is_known = "component" in fields and fields["component"].text() in hardware.units
        unit = {"unit": fields["component"]} if "component" in fields and not is_known else {}
        return {"compute": {"einsum": fields["einsum"], **unit}}
    kind = f"!{node.tag}" if node.tag else "a node without a tag"
    known = "!Storage, !Temporal, !Spatial, !Sequential, !Pipeline, !Nested, !Compute"
    raise node.error(f"{kind} cannot be represented", f"known: {known}")


def _loop(fields: dict[str, Node]) -> dict[str, Node]:
    tile = made(extent(fields["tile_shape"], "a tile shape"), fields["tile_shape"])
    return {"rank": fields["rank_variable"], "tile": tile}


def _axis(fields: dict[str, Node], hardware: _Hardware) -> Node:
    """The axis that a fanout became: its name, or the component and its name."""
    node = fields["name"]
    name = str(node.value) if isinstance(node.value, int) else node.text()
    full = f"{fields['component'].text()}.{name}"
    return made(full if full in hardware.axes else name, node)


def _branches(node: Node, stored: frozenset[str], hardware: _Hardware) -> list[Node]:
    """A branch, and above it storage nodes of what its chains hand on."""
    fields = node.mapping(known=("nodes",), required=("nodes",))
    chains = []
    for item in fields["nodes"].sequence():
        single = Node([item], item.file, item.line, item.path)
        chains.append(_chain(single, stored, hardware))
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
