"""The components of an architecture, from the outside in, each with how many instances of it there are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from looptree.documents import Node
from looptree.importers.accelforge.expressions import extent

_BRANCHES = ("Container", "Nested", "Hierarchical")
_FANOUT = ("name", "fanout", "may_reuse", "reuse", "loop_bounds", "min_usage", "power_gateable")
_MAPPER = ("reuse", "loop_bounds", "min_usage")


@dataclass(frozen=True, slots=True)
class Fanout:
    """Instances side by side along one axis.

    Attributes:
        name: of the axis. component: which there are instances of. count: how many.
        shares: whether instances share what they need alike; otherwise each has its own.
        constraints: what only AccelForge's mapper obeys.
        node: where it stands.
    """

    name: str
    component: str
    count: int
    shares: bool
    constraints: tuple[Node, ...]
    node: Node


@dataclass(frozen=True, slots=True)
class Part:
    """A memory or a compute unit.

    Attributes:
        node, fields: what is written. fanouts: of it and of all containers around it, outside in.
    """

    node: Node
    fields: dict[str, Node]
    fanouts: tuple[Fanout, ...]

    @property
    def is_memory(self) -> bool:
        """Whether it holds tensors."""
        return self.node.tag == "Memory"

    @property
    def instances(self) -> int:
        """How many there are of it in all."""
        return math.prod(fanout.count for fanout in self.fanouts)


def parts_of(nodes: Node) -> list[Part]:
    """All memories and compute units; fanouts of a component hold for those further in, too."""
    return list(_parts(nodes, []))


def _parts(nodes: Node, fanouts: list[Fanout]) -> Iterator[Part]:
    for node in nodes.sequence():
        fields = node.mapping()
        if node.tag not in (*_BRANCHES, "Memory", "Compute"):
            kind = f"!{node.tag}" if node.tag else "a node without a tag"
            raise node.error(f"{kind} cannot be represented", "known: !Memory, !Container, !Compute")
        fanouts += [_fanout(item, fields) for item in fields["spatial"].sequence()] if "spatial" in fields else []
        if "nodes" in fields:
            yield from _parts(fields["nodes"], fanouts)
        elif node.tag in ("Memory", "Compute"):
            yield Part(node, fields, tuple(fanouts))


def _fanout(node: Node, component: dict[str, Node]) -> Fanout:
    fields = node.mapping(known=_FANOUT, required=("name", "fanout"))
    name = fields["name"]
    label = str(name.value) if isinstance(name.value, int) and not isinstance(name.value, bool) else name.text()
    reuse = str(fields["reuse"].value).strip() if "reuse" in fields else ""
    shared = str(fields["may_reuse"].value).strip() if "may_reuse" in fields else reuse or "All"
    if shared not in ("All", "Nothing", reuse):
        hint = "known: All, Nothing, and the same as reuse"
        raise fields["may_reuse"].error(f"sharing of some tensors only ({shared!r}) cannot be represented", hint)
    return Fanout(
        label,
        component["name"].text() if "name" in component else "",
        extent(fields["fanout"], "a number of instances"),
        shared != "Nothing",
        tuple(fields[key] for key in _MAPPER if key in fields),
        node,
    )


def axes_of(fanouts: tuple[Fanout, ...]) -> dict[str, int]:
    """Instances along each axis, by its name, or by component and name where a name is there twice.

    >>> here = Node(None, "arch.yaml", 1, "")
    >>> axes_of(tuple(Fanout("X", component, 2, True, (), here) for component in ("Buffer", "MAC")))
    {'Buffer.X': 2, 'MAC.X': 2}
    """
    times = Counter(fanout.name for fanout in fanouts)
    return {axis_name(fanout, times[fanout.name] == 1): fanout.count for fanout in fanouts}


def axis_name(fanout: Fanout, alone: bool) -> str:
    """What the axis of a fanout is called."""
    return fanout.name if alone else f"{fanout.component}.{fanout.name}"
