"""Architectures: `arch:` with `nodes`, from the outside in: memories and compute units, and how many there are of each.

Energies are in joules per action (of `bits_per_action` bits, or of one), sizes in bits, throughputs in actions per
second. A cycle is the time of one operation of one unit. What the mapper may keep where, and which loops it may spread,
says nothing about the hardware.

Assumptions:

* Each fanout is an axis of the array. What instances need alike is read once, and their sums are added up, unless
  `may_reuse` is `Nothing`; halos are read by each. A tensor that passes several fanouts at once is shared as along
  the first of them.
* Where energies come from component models, ours of the same kind stand in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from looptree.documents import Node
from looptree.importers.accelforge.actions import (
    actions_of,
    bandwidths,
    compute_model,
    energy,
    memory_model,
    plain,
    rate,
    value,
)
from looptree.importers.accelforge.expressions import number
from looptree.importers.accelforge.parts import Fanout, Part, axes_of, parts_of
from looptree.importers.looptree_yaml.nodes import made

_COMPONENT = (
    "name", "leak_power", "leak_power_scale", "area", "area_scale", "energy_scale", "actions", "component_class",
    "total_latency", "enabled", "spatial", "extra_attributes_for_component_model",
)  # fmt: skip
_MEMORY = (*_COMPONENT, "size", "tensors", "skip_initial_output_write")
_TENSORS = (
    "keep", "may_keep", "back", "tile_shape", "no_refetch_from_above", "no_resend_to_below", "tensor_order_options",
    "force_memory_hierarchy_order",
)  # fmt: skip
_OTHERWISE = ("bits_per_value", "bits_per_value_scale", "actions_scale", "n_parallel_instances")
_FREE = ("All", "~Intermediates", "~MainMemory", "~MainMemory.tensors")
_WORD = re.compile(r"\w+\.bits_per_value(\s+if\s+\w+\s+else\s+\d+)?")
_TENSOR_COUNT = re.compile(r"len\(All\)==(\d)")
_PICO = 1e12
_SINGLE = ("apply", "reduce")
"""Operations of Einsums with one input, as workloads of AccelForge are read."""


def architecture_document(document: Node) -> tuple[Node, tuple[str, ...]]:
    """The architecture of a document in our own format, and what of it that does not represent.

    Raises:
        InputError: naming file, line and key of a mistake, or of what cannot be represented.
    """
    body = document.mapping()["arch"]
    fields = body.mapping(known=("version", "nodes", "extra_attributes_for_all_component_models"), required=("nodes",))
    common = fields.get("extra_attributes_for_all_component_models")
    technology = common.mapping().get("tech_node") if common is not None and common.value is not None else None
    parts = parts_of(fields["nodes"])
    memories, unit, single = _arranged(parts, fields["nodes"])
    notes: list[str] = []
    compute, per_second = _compute(unit, single, technology, notes)
    levels = [made(_level(part, unit.fanouts, per_second, technology, notes), part.node) for part in memories]
    notes += _constraints(memories, unit)
    return made({"levels": levels, "compute": made(compute, unit.node)}, body), tuple(notes)


def _arranged(parts: list[Part], nodes: Node) -> tuple[list[Part], Part, Part | None]:
    """The memories, the unit inside of them, and one for Einsums with one input if there is another."""
    memories = [part for part in parts if part.is_memory]
    computes = [part for part in parts if not part.is_memory]
    by_count = {_tensor_count(part): part for part in computes}
    unit = next((part for count, part in by_count.items() if count != 2), None)
    if not memories or unit is None or parts[-1] is not unit or len(by_count) != len(computes) or len(computes) > 2:
        found = f"{len(memories)} memories and {len(computes)} computes"
        hint = "a second compute has to be for other Einsums: enabled: len(All) == 2"
        raise nodes.error(f"expected memories and then one compute, found {found}", hint)
    for part in memories:
        if "enabled" in part.fields:
            raise part.fields["enabled"].error("a memory that is there for some Einsums only cannot be represented")
    return memories, unit, by_count.get(2)


def _tensor_count(part: Part) -> int:
    """How many tensors the Einsums of a unit have; 0 for any number."""
    if "enabled" not in part.fields:
        return 0
    node = part.fields["enabled"]
    match = _TENSOR_COUNT.fullmatch("".join(str(node.value).split()))
    if match is None:
        raise node.error("units for some Einsums only cannot be represented", "known: len(All) == 2, len(All) == 3")
    return int(match[1])


def _compute(
    unit: Part, single: Part | None, technology: Node | None, notes: list[str]
) -> tuple[dict[str, Any], float]:
    """The compute units in our format, and the operations per second of one."""
    fields = unit.node.mapping(known=_COMPONENT, required=("name",))
    action = actions_of(fields).get("compute")
    per_second = rate(fields, action or {}) or 1
    per_operation = energy(action, fields, 1)
    found: dict[str, Any] = {"name": fields["name"], **_still(unit, per_second)}
    if per_operation is None:
        found["model"] = compute_model(fields, technology, unit.instances)
        notes.append(_modelled(fields))
    else:
        found["pj_per_operation"] = per_operation
    found["pj_of"] = {"copy": 0}
    if single is not None:
        other = single.node.mapping(known=_COMPONENT, required=("name",))
        cost = energy(actions_of(other).get("compute"), other, 1)
        found["pj_of"] |= dict.fromkeys(_SINGLE, cost or 0)
        names = [known["name"].text() for known in (fields, other)]
        found["name"] = "/".join(names)
        notes.append(f"{single.node.where}: operations of {names[1]!r} take as long as those of {names[0]!r}")
    axes = axes_of(unit.fanouts)
    if any(count > 1 for count in axes.values()):
        found["array"] = axes
        text = "fanouts say along no rank, so that a search counts one unit; mappings spread by !Spatial"
        notes.append(f"{unit.fanouts[0].node.where}: {text}")
    return found, per_second


def _level(
    part: Part, fanouts: tuple[Fanout, ...], per_second: float, technology: Node | None, notes: list[str]
) -> dict[str, Any]:
    for key in _OTHERWISE:
        if key in part.fields:
            raise part.fields[key].error(f"{key} of one component cannot be represented")
    fields = part.node.mapping(known=_MEMORY, required=("name",))
    actions = actions_of(fields)
    level: dict[str, Any] = {"name": fields["name"], **_still(part, per_second)}
    level |= _network(fanouts[len(part.fanouts) :])
    costs = {f"{name}_pj_per_byte": energy(actions.get(name), fields, 8) for name in ("read", "write")}
    level |= {name: cost for name, cost in costs.items() if cost is not None} | bandwidths(fields, actions, per_second)
    if None in costs.values():
        level |= memory_model(fields, actions, technology)
        notes.append(_modelled(fields))
    first = fields.get("skip_initial_output_write")
    if first is not None and not first.boolean():
        raise first.error("a first read of outputs cannot be represented: it is left out")
    size = fields.get("size")
    if size is not None and isinstance(size.value, str) and _WORD.fullmatch(size.value.strip()):
        notes.append(f"{size.where}: a size of one value of a tensor is not checked")
    elif size is not None:
        bits = number(size, "a size in bits")
        if bits is not None and bits < 8:
            raise size.error(f"expected a size of at least 8 bits, found {bits}")
        level["capacity_bytes"] = None if bits is None else int(bits) // 8
    return level


def _network(below: tuple[Fanout, ...]) -> dict[str, Any]:
    """What the instances below a memory share."""
    if not below:
        return {}
    around = [fanout for fanout in below if fanout.component == below[0].component]
    for fanout in around:
        if fanout.shares != around[0].shares:
            raise fanout.node.error("axes of one component that share differently cannot be represented")
    return {"network": {"multicast": around[0].shares, "reduce": around[0].shares}}


def _still(part: Part, per_second: float) -> dict[str, Any]:
    """Leakage and area of all instances, where they are not zero."""
    fields = part.fields
    power = value(fields.get("leak_power"), "a power") * value(fields.get("leak_power_scale"), "a scale", 1)
    area = value(fields.get("area"), "an area") * value(fields.get("area_scale"), "a scale", 1)
    found: dict[str, Any] = {}
    if power:
        found["leakage_pj_per_cycle"] = plain(power * part.instances * _PICO / per_second)
    if area:
        found["area_mm2"] = plain(area * part.instances * 1e6)
    return found


def _modelled(fields: dict[str, Node]) -> str:
    kind = fields["component_class"]
    return f"{kind.where}: energy and area are those of looptree's model, not of {kind.text()!r}"


def _constraints(memories: list[Part], unit: Part) -> Iterator[str]:
    """What AccelForge's mapper would have to obey, in one sentence."""
    found = [entry for fanout in unit.fanouts for entry in fanout.constraints]
    for place, part in enumerate(memories):
        node = part.fields.get("tensors")
        fields = node.mapping(known=_TENSORS) if node is not None and node.value is not None else {}
        for key, entry in fields.items():
            is_free = key in ("keep", "may_keep") and str(entry.value).strip() in _FREE
            if not is_free or (place == 0 and key == "keep" and str(entry.value).strip() == "All"):
                found.append(entry)
    if found:
        lines = ", ".join(str(line) for line in sorted({entry.line for entry in found}))
        yield f"{found[0].file}: constraints of AccelForge's mapper, which a search does not know, on line {lines}"
