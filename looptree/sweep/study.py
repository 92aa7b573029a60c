"""A study: axes, what they set in an architecture, what is run at each point, and what is kept.

Points are numbered: the last axis is fastest, and a number says everything about its point.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looptree.architecture import Architecture
from looptree.architecture.reader import architecture_from_node
from looptree.documents import Node
from looptree.errors import InputError, nearest
from looptree.search import Space
from looptree.sweep.expression import Expression

METRICS = ("energy", "offchip", "latency", "operations", "recomputed", "capacity", "power")
"""What is known of a plan: pJ, bytes, cycles, counts, bytes on chip, and pJ per cycle."""
KEEP = ("all", "front", "best")


@dataclass(frozen=True)
class Axis:
    """A parameter and its values."""

    name: str
    values: tuple[Fraction, ...]


@dataclass(frozen=True)
class NetworkChoice:
    """A network with one choice of its parameters.

    Attributes:
        source: name or path. settings: its parameters, such as `batch`.
    """

    source: str
    settings: tuple[tuple[str, int], ...] = ()

    @property
    def label(self) -> str:
        """Name and settings."""
        return " ".join([self.source, *(f"{name}={value}" for name, value in self.settings)])


@dataclass(frozen=True)
class GroupSurvey:
    """What a survey at each point of the hardware looks at.

    Attributes:
        network: whose layers. layers: the fusion group, all if empty. order: the only loop order, all if empty.
    """

    network: NetworkChoice
    layers: tuple[str, ...]
    order: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """What a study file says.

    Attributes:
        name: of the study. base: the architecture as a document. axes: of the hardware.
        settings: what is set in the architecture, by path of keys. derived: further numbers, by name.
        networks, spaces, objectives: what is searched at each point of the hardware; or `group`, what is surveyed.
        constraints: comparisons that must hold. keep: which results are kept. front: numbers of the Pareto front.
        seconds: time limit of each search. text: what the study is, for its fingerprint.
        folder: where its file stands.
    """

    name: str
    base: Node
    axes: tuple[Axis, ...]
    settings: Mapping[str, Expression]
    derived: Mapping[str, Expression]
    networks: tuple[NetworkChoice, ...]
    spaces: tuple[tuple[str, Space], ...]
    objectives: tuple[str, ...]
    group: GroupSurvey | None
    constraints: tuple[Expression, ...]
    keep: str
    front: tuple[str, ...]
    seconds: float | None
    text: str
    folder: str

    @property
    def fingerprint(self) -> str:
        """Equal for studies that mean the same points."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @property
    def hardware(self) -> int:
        """Combinations of the axes."""
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def runs(self) -> int:
        """Runs at each point of the hardware."""
        return 1 if self.group else len(self.networks) * len(self.spaces) * len(self.objectives)

    @property
    def points(self) -> int:
        """Runs at all points of the hardware."""
        return self.hardware * self.runs

    def values(self, hardware: int) -> dict[str, Fraction]:
        """The parameters of one point of the hardware."""
        found = {}
        for axis in reversed(self.axes):
            hardware, at = divmod(hardware, len(axis.values))
            found[axis.name] = axis.values[at]
        return {axis.name: found[axis.name] for axis in self.axes}

    def known(self, hardware: int) -> dict[str, Fraction]:
        """The parameters of one point of the hardware and all derived numbers that need no result."""
        return self.with_derived(self.values(hardware))

    def with_derived(self, known: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """These numbers and all derived ones that follow from them."""
        found = dict(known)
        for name, expression in self.derived.items():
            if name not in found and expression.names <= found.keys():
                found[name] = expression.value(found)
        return found

    def holds(self, known: Mapping[str, Fraction]) -> bool:
        """Whether no constraint that these numbers decide is broken."""
        return all(c.value(known) != 0 for c in self.constraints if c.names <= known.keys())

    def architecture(self, hardware: int) -> Architecture:
        """The architecture at one point of the hardware.

        Raises:
            InputError: a parameter that it lacks, or a value that makes no sense there.
        """
        known, document = self.known(hardware), self.base
        for path, expression in self.settings.items():
            document = placed(document, path, _plain(expression.value(known)), expression.node)
        return architecture_from_node(document)

    def chosen(self, point: int) -> tuple[int, NetworkChoice, str, Space, str]:
        """Of one point the number of its hardware, the network, the space with its name, and the objective."""
        rest, objective = divmod(point, len(self.objectives))
        rest, space = divmod(rest, len(self.spaces))
        hardware, network = divmod(rest, len(self.networks))
        return hardware, self.networks[network], *self.spaces[space], self.objectives[objective]


def placed(document: Node, path: str, value: int | float, asked: Node) -> Node:
    """The document of an architecture with one value replaced.

    Args:
        path: the name of a level or `compute`, then keys: `GLB.capacity_bytes`, `compute.spatial.m`.
    """
    head, *keys = path.split(".")
    fields = dict(document.value)
    if head == "compute" and "compute" in fields:
        fields["compute"] = _replaced(fields["compute"], keys, value, asked, path)
        return Node(fields, document.file, document.line, document.path)
    levels = list(fields["levels"].value)
    names = [str(level.value["name"].value) for level in levels]
    if head not in names:
        hint = nearest(head, [*names, "compute"])
        raise asked.error(f"the architecture has no level {head!r}, set by {path!r}", hint)
    at = names.index(head)
    levels[at] = _replaced(levels[at], keys, value, asked, path)
    fields["levels"] = Node(levels, fields["levels"].file, fields["levels"].line, fields["levels"].path)
    return Node(fields, document.file, document.line, document.path)


def _replaced(node: Node, keys: Sequence[str], value: int | float, asked: Node, path: str) -> Node:
    if not keys:
        raise asked.error(f"expected a key below {path!r}", "such as GLB.capacity_bytes or compute.spatial.m")
    fields = dict(node.mapping())
    first, *rest = keys
    if rest:
        inner = fields.get(first, Node({}, asked.file, asked.line, asked.path))
        fields[first] = _replaced(inner, rest, value, asked, path)
    else:
        fields[first] = Node(value, asked.file, asked.line, asked.path)
    return Node(fields, node.file, node.line, node.path)


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def canonical(node: Node) -> object:
    """A document as plain data, for a fingerprint."""
    if isinstance(node.value, dict):
        return {key: canonical(inner) for key, inner in node.value.items()}
    if isinstance(node.value, list):
        return [canonical(inner) for inner in node.value]
    return node.value


def text_of(plain: object) -> str:
    """Plain data as one text that is equal for equal data; the order of keys counts, as it numbers the points."""
    return json.dumps(plain, default=str)


def families(study: Study) -> Iterator[list[tuple[int, float]]]:
    """Points that differ in the capacity of the buffer alone, with that, the largest first.

    Those that break a constraint without any result are left out.
    """
    found: dict[tuple[str, int], list[tuple[float, int]]] = {}
    for hardware in range(study.hardware):
        if not study.holds(study.known(hardware)):
            continue
        architecture = study.architecture(hardware)
        if len(architecture.levels) < 2:
            raise InputError("expected an off-chip level and an on-chip one", where=f"study {study.name!r}")
        buffer = architecture.levels[1]
        key = repr(architecture.with_capacity(buffer.name, None))
        size = math.inf if buffer.capacity_bytes is None else float(buffer.capacity_bytes)
        for run in range(study.runs):
            found.setdefault((key, run), []).append((-size, hardware * study.runs + run))
    for listed in found.values():
        yield [(point, -size) for size, point in sorted(listed)]
