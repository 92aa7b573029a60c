"""What an action of a component costs and how often it can be done, in our units; models of AccelForge are not run."""

from __future__ import annotations

import math
import re
from typing import Any

from looptree.architecture.energy.dram import PJ_PER_BIT
from looptree.documents import Node
from looptree.errors import InputError
from looptree.importers.accelforge.expressions import number

_ACTION = (
    "name", "energy", "throughput", "latency", "bits_per_action", "energy_scale", "throughput_scale",
    "extra_attributes_for_component_model",
)  # fmt: skip
_TOGETHER = "sum(a.n_calls/a.throughputforainactions)"
_SEPARATE = "max(a.n_calls/a.throughputforainactions)"
_COUNTED = re.compile(r"sum\(a\.n_callsforainactions\)((?:/[^/]+)*)")
_PICO = 1e12
_WIDTH = 64
"""Bits of an access of a modelled buffer whose width is not said."""

Actions = dict[str, dict[str, Node]]


def actions_of(fields: dict[str, Node]) -> Actions:
    """The actions of a component by their names."""
    found: Actions = {}
    for node in fields["actions"].sequence() if "actions" in fields else ():
        action = node.mapping(known=_ACTION, required=("name",))
        found[action["name"].choice(("read", "write", "compute"))] = action
    return found


def value(node: Node | None, what: str, default: float = 0) -> float:
    """A finite number, or the default where there is none; `inf` is an error."""
    if node is None:
        return default
    found = number(node, what)
    if found is None:
        raise node.expected(f"{what} (a number)")
    return found


def plain(found: float) -> float:
    """A number without the noise of the last digits."""
    rounded = float(f"{found:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


def energy(action: dict[str, Node] | None, fields: dict[str, Node], times: int) -> float | None:
    """Energy in pJ of `times` bits, or of one operation; `None` where a component model has to say it.

    Raises:
        InputError: neither an energy nor a model.
    """
    if action is None or "energy" not in action:
        kind = fields.get("component_class")
        if kind is None:
            hint = "give each action its energy in joules, or component_class: Dummy for none"
            raise fields["name"].error(f"an energy of {fields['name'].text()!r} is missing", hint)
        return 0 if kind.text() == "Dummy" else None
    scale = value(fields.get("energy_scale"), "a scale", 1) * value(action.get("energy_scale"), "a scale", 1)
    return plain(value(action["energy"], "an energy") * scale * _PICO * times / _bits(action))


def throughput(action: dict[str, Node]) -> float | None:
    """Actions per second; `None` is unlimited."""
    scale = value(action.get("throughput_scale"), "a scale", 1)
    if "throughput" in action:
        found = number(action["throughput"], "a throughput")
        return None if found is None else _positive(action["throughput"], found * scale)
    latency = value(action.get("latency"), "a latency")
    return scale / latency if latency > 0 else None


def rate(fields: dict[str, Node], action: dict[str, Node]) -> float | None:
    """Actions per second of a component that has one kind of action; `None` is unlimited.

    Raises:
        InputError: a latency that is another formula.
    """
    node = fields.get("total_latency")
    if node is None or _formula(node) in (_TOGETHER, _SEPARATE):
        return throughput(action)
    counted = _counted(node)
    return counted if counted is None else _positive(node, counted)


def bandwidths(fields: dict[str, Node], actions: Actions, per_second: float) -> dict[str, Any]:
    """Bytes per cycle; reads and writes take turns, unless `total_latency` says that each has a port."""
    reads, writes = actions.get("read", {}), actions.get("write", {})
    node = fields.get("total_latency")
    if node is not None and _formula(node) not in (_TOGETHER, _SEPARATE):
        counted = _counted(node)
        if counted is None:
            return {}
        if _bits(reads) != _bits(writes):
            raise node.error("reads and writes of different widths that take turns cannot be represented")
        return {"bandwidth_bytes_per_cycle": plain(_positive(node, counted) * _bits(reads) / 8 / per_second)}
    found = [(throughput(action), _bits(action)) for action in (reads, writes)]
    read, write = (None if times is None else plain(times * bits / 8 / per_second) for times, bits in found)
    if node is not None and _formula(node) == _SEPARATE:
        return {"read_bandwidth_bytes_per_cycle": read, "write_bandwidth_bytes_per_cycle": write}
    if read != write:
        place = (writes or reads)["name"]
        raise place.error(
            "reads and writes that take turns at different throughputs cannot be represented",
            "equal ones, or total_latency: max(a.n_calls / a.throughput for a in actions)",
        )
    return {} if read is None else {"bandwidth_bytes_per_cycle": read}


def memory_model(fields: dict[str, Node], actions: Actions, technology: Node | None) -> dict[str, Any]:
    """Our model in the place of a component model of a memory.

    Raises:
        InputError: none of ours is of that kind.
    """
    kind, extra = fields["component_class"], _extra(fields)
    if kind.text() in ("SmartBufferSRAM", "SRAM"):
        read = actions.get("read", {})
        bits = int(_bits(read)) if "bits_per_action" in read else _whole(extra.get("width"), "a width in bits", _WIDTH)
        banks = {"banks": _whole(extra["n_banks"], "a number of banks", 1)} if "n_banks" in extra else {}
        return {"word_bits": bits, "model": {"sram": {**banks, **_node_nm(extra.get("tech_node", technology))}}}
    if kind.text() not in PJ_PER_BIT:
        raise _unknown(fields)
    return {"model": {"dram": {"kind": kind}}}


def compute_model(fields: dict[str, Node], technology: Node | None, units: int) -> dict[str, Any]:
    """Our model in the place of a component model of compute units.

    Raises:
        InputError: none of ours is of that kind.
    """
    extra = _extra(fields)
    if fields["component_class"].text() not in ("IntMAC", "IntMultiplier"):
        raise _unknown(fields)
    bits = _whole(extra.get("multiplier_width", extra.get("width")), "a width in bits", 8)
    return {"operations": {"bits": bits, "units": units, **_node_nm(extra.get("tech_node", technology))}}


def _unknown(fields: dict[str, Node]) -> InputError:
    kind = fields["component_class"]
    return kind.error(
        f"the energy of {fields['name'].text()!r} comes from the component model {kind.text()!r}",
        "models of AccelForge are not run here: give every action its energy in joules",
    )


def _extra(fields: dict[str, Node]) -> dict[str, Node]:
    node = fields.get("extra_attributes_for_component_model")
    return {} if node is None or node.value is None else node.mapping()


def _whole(node: Node | None, what: str, default: int) -> int:
    found = value(node, what, default)
    if node is not None and (found < 1 or found != int(found)):
        raise node.expected(f"{what} (a whole number from 1 on)")
    return int(found)


def _node_nm(technology: Node | None) -> dict[str, Any]:
    if technology is None:
        return {}
    return {"technology_nm": plain(_positive(technology, value(technology, "a technology node in m")) * 1e9)}


def _bits(action: dict[str, Node]) -> float:
    node = action.get("bits_per_action")
    return 1 if node is None else _positive(node, value(node, "bits per action"))


def _positive(node: Node, found: float) -> float:
    if not 0 < found < math.inf:
        raise node.expected("a number above zero")
    return found


def _formula(node: Node) -> str:
    return "".join(str(node.value).split())


def _counted(node: Node) -> float | None:
    """Actions per second from `sum(a.n_calls for a in actions) / 32 / 200e6`; `None` for a latency of 0."""
    text = _formula(node)
    match = _COUNTED.fullmatch(text)
    if match is None:
        if text in ("0", "0.0"):
            return None
        hint = "known: max or sum of a.n_calls / a.throughput for a in actions; sum(a.n_calls for a in actions) / 1e9"
        raise node.error("this latency cannot be represented", hint)
    factors = [Node(part, node.file, node.line, node.path) for part in match[1].split("/")[1:]]
    return math.prod(value(factor, "actions per second") for factor in factors)
