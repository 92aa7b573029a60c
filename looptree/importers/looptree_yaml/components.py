"""Architectures: `architecture:` as a list of `nodes` (version 0.4) or as nested `subtree` and `local` (0.2 and 0.3).

Assumptions:

* Components stand from the outside in; the last one computes, and its instances make the array; without any, spatial
  loops may be as wide as they like. In a list of `nodes` the fan-outs (`spatial`) of all components and
  containers up to it are multiplied. Nested, names such as `PE[0..15]` say how many there are of a subtree, and of a
  component in each; `meshX` and `meshY` say how they are laid out.
* Every memory multicasts to the instances below it, adds up their partial sums and shares their halos.
* A port moves `width` bits per cycle; a component with no ports at all has one for reads and writes.
* Energies, which the original takes from Accelergy, come from our models: `dram` by `type` (LPDDR4 if it is not said),
  `sram`, `register_file` and `operations`, at the `technology` that is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any

from looptree.documents import Node
from looptree.importers.looptree_yaml.nodes import first, made

_INSTANCES = re.compile(r"\[(\d+)\.\.(\d+)\]$")
_AXES = {"x": "meshX", "y": "meshY"}
_WIDE = 2**20
_NETWORK = {"multicast": True, "reduce": True, "forward": True}
_NODE = re.compile(r"(\d+(?:\.\d+)?) ?nm")
_MEMORY = ("dram", "sram", "storage", "buffer", "regfile", "_rf", "reg", "memory", "cache")
_DRAM = {"LPDDR": "LPDDR2"}


def architecture_document(document: Node) -> Node:
    """The architecture of a document in our own format; `data_bits` is the width of its words.

    Raises:
        InputError: naming file, line and key.
    """
    architecture = document.mapping()["architecture"]
    technology = first(_fields(document.mapping().get("variables")), "technology")
    found = list(_components(architecture, technology))
    if not found:
        raise architecture.error("expected components, found none")
    *memories, (last, fields, node, instances) = found
    if not _computes(fields["class"]):
        raise last.error(f"expected the innermost component to compute, found class {fields['class'].text()!r}")
    for other, known, *_ in memories:
        if _computes(known["class"]):
            raise other.error("expected one component that computes, the innermost one")
    bits = [first(_attributes(known), *_DATA) for _, known, *_ in memories]
    width = next((node for node in bits if node is not None), None)
    levels = [_level(item, known, technology) for item, known, technology, _ in memories]
    data = {} if width is None else {"data_bits": width}
    compute = {
        **_compute(fields, node),
        "array": instances if max(instances.values()) > 1 else dict.fromkeys(_AXES, _WIDE),
    }
    return made({"levels": levels, "compute": made(compute, last), **data}, architecture)


_DATA = ("datawidth", "data_width", "word_bits", "word-bits")
Instances = dict[str, int]
"""How many there are along each axis."""

Component = tuple[Node, dict[str, Node], Node | None, Instances]
"""A component, its keys, the technology that holds for it, and its instances."""


def _fields(node: Node | None) -> dict[str, Node]:
    return {} if node is None or node.value is None else node.mapping()


def _attributes(fields: dict[str, Node]) -> dict[str, Node]:
    return _fields(fields.get("attributes"))


def _components(node: Node, technology: Node | None, outer: Instances | None = None) -> Iterator[Component]:
    """All components, outside in: those of a node before those nested in it."""
    fields = node.mapping()
    technology = first(_attributes(fields), "technology") or technology
    around = outer or dict.fromkeys(_AXES, 1)
    for item in fields["local"].sequence() if "local" in fields else ():
        known = item.mapping()
        if "class" in known:
            yield _component(item, known, technology, _laid_out(known, around))
    within = around
    for item in fields["nodes"].sequence() if "nodes" in fields else ():
        known = item.mapping()
        within = _fanned_out(known, within)
        if "class" in known:
            yield _component(item, known, technology, within)
        elif "nodes" in known or "subtree" in known:
            yield from _components(item, technology, within)
    for item in fields["subtree"].sequence() if "subtree" in fields else ():
        yield from _components(item, technology, {**around, "x": around["x"] * _named(item.mapping())})


def _component(item: Node, known: dict[str, Node], technology: Node | None, instances: Instances) -> Component:
    if "name" not in known:
        raise item.error("key 'name' is missing")
    return item, known, first(_attributes(known), "technology") or technology, instances


def _named(fields: dict[str, Node]) -> int:
    """How many a name such as `PE[0..15]` stands for."""
    named = _INSTANCES.search(fields["name"].text()) if "name" in fields else None
    return 1 if named is None else max(1, int(named[2]) - int(named[1]) + 1)


def _mesh(fields: dict[str, Node]) -> Instances:
    places = {**_attributes(fields), **_fields(fields.get("spatial"))}
    return {
        axis: places[key].integer("a number of instances", most=_WIDE) for axis, key in _AXES.items() if key in places
    }


def _fanned_out(fields: dict[str, Node], around: Instances) -> Instances:
    """So many of each of those around it."""
    own = _mesh(fields) or {"x": _named(fields)}
    return {axis: around[axis] * own.get(axis, 1) for axis in _AXES}


def _laid_out(fields: dict[str, Node], around: Instances) -> Instances:
    """The instances of a nested component: `meshX` of all of them lie along x."""
    every, mesh = prod(around.values()) * _named(fields), _mesh(fields)
    if not mesh:
        return {**around, "x": around["x"] * _named(fields)}
    across = mesh.get("x", max(1, every // mesh.get("y", 1)))
    return {"x": across, "y": mesh.get("y", max(1, every // across))}


def _computes(node: Node) -> bool:
    kind = node.text().lower()
    return "mac" in kind or kind in ("compute", "alu")


def _name(fields: dict[str, Node]) -> Node:
    return made(_INSTANCES.sub("", fields["name"].text()), fields["name"])


def _level(component: Node, fields: dict[str, Node], technology: Node | None) -> Node:
    kind, attributes = fields["class"].text().lower(), _attributes(fields)
    if not any(word in kind for word in _MEMORY):
        raise fields["class"].error(f"expected a class of memory or of compute, found {kind!r}")
    level: dict[str, Any] = {"name": _name(fields), "network": _NETWORK}
    width = first(attributes, "width", "memory_width")
    depth = first(attributes, "depth", "memory_depth", "entries")
    if depth is not None and width is None:
        raise depth.error("found a depth without a width")
    if width is not None:
        bits = width.integer("a width in bits", most=2**30)
        level |= {"word_bits": width, **_ports(attributes)}
        if depth is not None and "dram" not in kind:
            level["capacity_bytes"] = max(1, depth.integer("a depth") * bits // 8)
    model = _model(kind, attributes, technology, sized="capacity_bytes" in level)
    return made(level | ({"model": model} if model is not None else {}), component)


_PORTS = {
    "read_ports": ("n_rd_ports",),
    "write_ports": ("n_wr_ports",),
    "shared_ports": ("n_rdwr_ports", "n_rd_wr_ports"),
}


def _ports(attributes: dict[str, Node]) -> dict[str, Any]:
    found = {ours: first(attributes, *theirs) for ours, theirs in _PORTS.items()}
    given = {name: node for name, node in found.items() if node is not None}
    if any(node.integer("a number of ports", least=0, most=2**20) for node in given.values()):
        return given
    return {"shared_ports": 1}


def _model(kind: str, attributes: dict[str, Node], technology: Node | None, *, sized: bool) -> dict[str, Any] | None:
    if "dram" in kind:
        written = attributes["type"].text() if "type" in attributes else "LPDDR4"
        return {"dram": {"kind": _DRAM.get(written, written)}}
    if not sized:
        return None
    if "_rf" in kind or "reg" in kind:
        return {"register_file": {}}
    banks = {"banks": attributes["n_banks"]} if "n_banks" in attributes else {}
    return {"sram": {**banks, **_node_nm(technology)}}


def _compute(fields: dict[str, Node], technology: Node | None) -> dict[str, Any]:
    attributes = _attributes(fields)
    compute: dict[str, Any] = {"name": _name(fields)}
    bits = first(attributes, *_DATA, "width", "multiplier_width")
    if bits is not None:
        number = "float" if fields["class"].text().lower().startswith("fp") else "integer"
        compute["model"] = {"operations": {"bits": bits, "number": number, **_node_nm(technology)}}
    return compute


def _node_nm(technology: Node | None) -> dict[str, Any]:
    if technology is None:
        return {}
    match = _NODE.fullmatch(str(technology.value).strip())
    if match is None:
        raise technology.expected("a technology such as 45nm")
    return {"technology_nm": made(float(match[1]), technology)}
