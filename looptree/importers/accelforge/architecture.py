"""Architectures: `arch:` with `nodes`, from the outside in: memories and one compute.

Energies are in joules per action (of `bits_per_action` bits, or of one), sizes in bits, throughputs in actions per
second. A cycle is the time of one operation. What the mapper may keep where has no meaning here, unless it forbids
something.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from looptree.documents import Node
from looptree.importers.accelforge.expressions import number
from looptree.importers.looptree_yaml.nodes import made

_MEMORY = (
    "name", "size", "leak_power", "area", "actions", "tensors", "component_class", "total_latency", "enabled",
    "spatial", "extra_attributes_for_component_model",
)  # fmt: skip
_COMPUTE = (
    "name", "leak_power", "area", "actions", "component_class", "total_latency", "enabled", "spatial",
    "extra_attributes_for_component_model",
)  # fmt: skip
_ACTION = ("name", "energy", "throughput", "latency", "bits_per_action", "extra_attributes_for_component_model")
_SEPARATE = "max(a.n_calls/a.throughputforainactions)"
_FREE = ("All", "~Intermediates", "~MainMemory", "~MainMemory.tensors")
_PICO = 1e12


def architecture_document(document: Node) -> Node:
    """The architecture of a document in our own format.

    Raises:
        InputError: naming file, line and key of a mistake, or of what cannot be represented.
    """
    body = document.mapping()["arch"]
    fields = body.mapping(known=("version", "nodes", "extra_attributes_for_all_component_models"), required=("nodes",))
    nodes = list(_components(fields["nodes"]))
    memories = [node for node in nodes if node.tag == "Memory"]
    computes = [node for node in nodes if node.tag == "Compute"]
    if len(computes) != 1 or not memories or nodes[-1] is not computes[0]:
        found = f"{len(memories)} memories and {len(computes)} computes"
        raise fields["nodes"].error(f"expected memories and then one compute, found {found}")
    compute = computes[0].mapping(known=_COMPUTE, required=("name",))
    actions = _actions(compute)
    per_second = _value(actions.get("compute", {}).get("throughput"), "a throughput") or 1
    units: dict[str, Any] = {
        "name": compute["name"],
        "pj_per_operation": _energy(actions.get("compute"), compute, 1),
        "pj_of": {"copy": 0},
        **_leakage(compute, per_second),
    }
    levels = [made(_level(node, per_second), node) for node in memories]
    return made({"levels": levels, "compute": made(units, computes[0])}, body)


def _components(nodes: Node) -> Iterator[Node]:
    for node in nodes.sequence():
        fields = node.mapping()
        if node.tag not in ("Memory", "Compute", "Container", "Nested", "Hierarchical"):
            kind = f"!{node.tag}" if node.tag else "a node without a tag"
            raise node.error(f"{kind} cannot be represented", "known: !Memory, !Container, !Compute")
        if "spatial" in fields:
            raise fields["spatial"].error(
                "several instances of a component cannot be represented",
                "an AccelForge fanout does not say along which rank it is: take it out",
            )
        if "enabled" in fields:
            raise fields["enabled"].error("a component that is there for some Einsums only cannot be represented")
        if "nodes" in fields:
            yield from _components(fields["nodes"])
        elif node.tag in ("Memory", "Compute"):
            yield node


def _level(node: Node, per_second: float) -> dict[str, Any]:
    fields = node.mapping(known=_MEMORY, required=("name",))
    actions = _actions(fields)
    level: dict[str, Any] = {
        "name": fields["name"],
        "read_pj_per_byte": _energy(actions.get("read"), fields, 8),
        "write_pj_per_byte": _energy(actions.get("write"), fields, 8),
        **_leakage(fields, per_second),
        **_bandwidths(fields, actions, per_second),
    }
    size = number(fields["size"], "a size in bits") if "size" in fields else None
    if size is not None:
        if size < 8:
            raise fields["size"].error(f"expected a size of at least 8 bits, found {size}")
        level["capacity_bytes"] = int(size) // 8
    _check_tensors(fields.get("tensors"))
    return level


def _actions(fields: dict[str, Node]) -> dict[str, dict[str, Node]]:
    found: dict[str, dict[str, Node]] = {}
    for node in fields["actions"].sequence() if "actions" in fields else ():
        action = node.mapping(known=_ACTION, required=("name",))
        found[action["name"].choice(("read", "write", "compute"))] = action
    return found


def _energy(action: dict[str, Node] | None, fields: dict[str, Node], times: int) -> float:
    """Energy in pJ of `times` bits, or of one operation."""
    if action is None or "energy" not in action:
        kind = fields.get("component_class")
        if kind is None:
            hint = "give each action its energy in joules, or component_class: Dummy for none"
            raise fields["name"].error(f"an energy of {fields['name'].text()!r} is missing", hint)
        if kind.text() == "Dummy":
            return 0
        raise kind.error(
            f"the energy of {fields['name'].text()!r} comes from the component model {kind.text()!r}",
            "models of AccelForge are not run here: give every action its energy in joules",
        )
    energy = _value(action["energy"], "an energy") or 0
    bits = _value(action.get("bits_per_action"), "bits per action") or 1
    return _plain(energy * _PICO * times / bits)


def _bandwidths(fields: dict[str, Node], actions: dict[str, dict[str, Node]], per_second: float) -> dict[str, Any]:
    """Bytes per cycle; reads and writes take turns, unless `total_latency` says that each has a port."""
    found = []
    for name in ("read", "write"):
        action = actions.get(name, {})
        if "latency" in action:
            raise action["latency"].error("a latency per action cannot be represented", "give a throughput")
        throughput = _value(action.get("throughput"), "a throughput")
        bits = _value(action.get("bits_per_action"), "bits per action") or 1
        found.append(None if throughput is None else _plain(throughput * bits / 8 / per_second))
    read, write = found
    if "total_latency" in fields:
        node = fields["total_latency"]
        if str(node.value).replace(" ", "") != _SEPARATE:
            raise node.error(
                "this latency cannot be represented", "known: max(a.n_calls / a.throughput for a in actions)"
            )
        return {"read_bandwidth_bytes_per_cycle": read, "write_bandwidth_bytes_per_cycle": write}
    if read != write:
        place = actions.get("write", actions.get("read", {}))["name"]
        raise place.error(
            "reads and writes that take turns at different throughputs cannot be represented",
            "equal ones, or total_latency: max(a.n_calls / a.throughput for a in actions)",
        )
    return {} if read is None else {"bandwidth_bytes_per_cycle": read}


def _leakage(fields: dict[str, Node], per_second: float) -> dict[str, Any]:
    """Power in W and area in m2, where they are not zero."""
    power = _value(fields.get("leak_power"), "a power") or 0
    area = _value(fields.get("area"), "an area") or 0
    found: dict[str, Any] = {}
    if power:
        found["leakage_pj_per_cycle"] = _plain(power * _PICO / per_second)
    if area:
        found["area_mm2"] = _plain(area * 1e6)
    return found


def _check_tensors(node: Node | None) -> None:
    """What the mapper has to keep; a mapping says it by itself."""
    fields = node.mapping(known=("keep", "may_keep")) if node is not None and node.value is not None else {}
    for entry in fields.values():
        if str(entry.value).strip() not in _FREE:
            raise entry.error(
                f"the constraint {str(entry.value)!r} cannot be represented",
                f"known: {', '.join(_FREE)}; levels have `keeps` and `bypasses` in our own format",
            )


def _value(node: Node | None, what: str) -> float | None:
    return None if node is None else number(node, what)


def _plain(value: float) -> float:
    """A number without the noise of the last digits."""
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
