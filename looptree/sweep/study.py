"""A study: architectures, axes, what they set there, what is run at each point, and what is kept.

Points are numbered: the architecture is slowest, the last axis is fastest. A number says everything about its point.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from looptree.architecture import Architecture, Compute, Level
from looptree.architecture.reader import architecture_from_node
from looptree.documents import Node
from looptree.errors import InputError
from looptree.search import Space
from looptree.search.asked.limits import LIMITED, Limit
from looptree.sweep.document import placed, plain_number
from looptree.sweep.expression import Expression
from looptree.workload import TENSOR_KINDS

KINDS = {kind: f"capacity_{kind}s" for kind in TENSOR_KINDS}
"""The result that says how many bytes tensors of a kind take on chip."""
METRICS = ("energy", "offchip", "latency", "operations", "recomputed", "capacity", *KINDS.values(), "power")
"""What is known of a plan: pJ, bytes, cycles, counts, bytes on chip in total and by kind of tensor, pJ per cycle."""
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
        name: of the study. description: in a sentence. bases: architectures as documents, by name.
        axes: parameters of the hardware.
        settings: what is set in the architecture, by path of keys. derived: further numbers, by name.
        networks, spaces, objectives: what is searched at each point of the hardware; or `group`, what is surveyed.
        constraints: comparisons that must hold. keep: which results are kept. front: numbers of the Pareto front.
        seconds: time limit of each search. text: what the study is. networks_digest: of what its networks are.
        folder: where its file stands.
    """

    name: str
    description: str
    bases: Mapping[str, Node]
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
    networks_digest: str
    folder: str

    @property
    def fingerprint(self) -> str:
        """Equal for studies that mean the same points."""
        return hashlib.sha256(f"{self.text}{self.networks_digest}".encode()).hexdigest()[:32]

    @property
    def combinations(self) -> int:
        """Combinations of the axes."""
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def hardware(self) -> int:
        """Points of the hardware: combinations of the axes on each architecture."""
        return len(self.bases) * self.combinations

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

    def place(self, hardware: int) -> dict[str, str | int | float]:
        """What tells a point of the hardware from others: its parameters, and its architecture if there are several."""
        named: dict[str, str | int | float] = {"architecture": self.base(hardware)} if len(self.bases) > 1 else {}
        return named | {name: plain_number(value) for name, value in self.values(hardware).items()}

    def base(self, hardware: int) -> str:
        """The name of the architecture of one point of the hardware."""
        return list(self.bases)[hardware // self.combinations]

    def known(self, hardware: int) -> dict[str, Fraction]:
        """The parameters of one point of the hardware and all derived numbers that need no result."""
        found = self.with_derived(self.values(hardware))
        if self.priced:
            found = self.with_derived({**found, "area": self._area(hardware)})
        return found

    @property
    def choices(self) -> dict[str, tuple[str | int | float, ...]]:
        """What there is to choose from, by what `place` calls it."""
        named: dict[str, tuple[str | int | float, ...]] = (
            {"architecture": tuple(self.bases)} if len(self.bases) > 1 else {}
        )
        return named | {axis.name: tuple(map(plain_number, axis.values)) for axis in self.axes}

    @property
    def computed(self) -> tuple[str, ...]:
        """Numbers of a result beyond those of its plan."""
        return (*(("area",) if self.priced and not self.group else ()), *self.derived)

    @cached_property
    def priced(self) -> bool:
        """Whether `area` is that of the architecture: the study asks for it and does not say what it is."""
        used = {name for e in (*self.constraints, *self.derived.values()) for name in e.names} | set(self.front)
        return "area" in used and "area" not in self.derived and all(axis.name != "area" for axis in self.axes)

    def _area(self, hardware: int) -> Fraction:
        """Square millimetres, as the models of the architecture say."""
        found = Fraction(0)
        for part, area in self.architecture(hardware).areas_mm2.items():
            if area is None:
                raise InputError(
                    f"the area of {part} is not known",
                    where=f"study {self.name!r}, architecture {self.base(hardware)!r}",
                    hint=f"say what area is under derived, or give {part} a model or area_mm2",
                )
            found += area
        return found

    def with_derived(self, known: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """These numbers and all derived ones that follow from them."""
        found = dict(known)
        for name, expression in self.derived.items():
            if name not in found and expression.names <= found.keys():
                found[name] = expression.value(found)
        return found

    def holds(self, known: Mapping[str, Fraction]) -> bool:
        """Whether no constraint that these numbers decide is broken; every plan keeps the limits of its search."""
        decided = (c for c in self.constraints if c.names <= known.keys() and c not in self.limiting)
        return all(c.value(known) != 0 for c in decided)

    def architecture(self, hardware: int) -> Architecture:
        """The architecture at one point of the hardware.

        Raises:
            InputError: a parameter that it lacks, or a value that makes no sense there.
        """
        base, known = self.base(hardware), self.with_derived(self.values(hardware))
        values = {path: plain_number(expression.value(known)) for path, expression in self.settings.items()}
        keys: dict[str, tuple[int | float, ...]] = {}
        for path, value in values.items():
            head = path.partition(".")[0]
            keys[head] = (*keys.get(head, ()), value)
        parts = self._parts.setdefault(base, {})
        if base not in self._read or any((head, key) not in parts for head, key in keys.items()):
            document = self.bases[base]
            for path, value in values.items():
                document = placed(document, path, value, self.settings[path].node)
            self._read[base] = read = architecture_from_node(document)
            for head, key in keys.items():
                parts[head, key] = read.compute if head == "compute" else read.level(head)
            return read
        read, chosen = self._read[base], {head: parts[head, key] for head, key in keys.items()}
        levels = tuple(chosen.get(level.name, level) for level in read.levels)
        return replace(read, levels=levels, compute=chosen.get("compute", read.compute))  # type: ignore[arg-type]

    @cached_property
    def _read(self) -> dict[str, Architecture]:
        """The last architecture that was read of each base."""
        return {}

    @cached_property
    def _parts(self) -> dict[str, dict[tuple[str, tuple[int | float, ...]], Level | Compute]]:
        """Of each base the levels and compute units that were read, by what is set in them: most points share them."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: nothing that it can find again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def limiting(self) -> tuple[Expression, ...]:
        """Constraints of the form `metric <= amount`, which are limits of the searches themselves."""
        if self.group or not self.constraints:
            return ()
        known, found = self.known(0).keys(), []
        for constraint in self.constraints:
            metric, amount = constraint.upper or ("", None)
            if amount is not None and metric in LIMITED and amount.names <= known:
                found.append(constraint)
        return tuple(found)

    def limits(self, hardware: int) -> tuple[Limit, ...]:
        """What plans on one point of the hardware may take.

        Raises:
            InputError: an amount that no plan can keep.
        """
        found: dict[str, Limit] = {}
        for constraint in self.limiting:
            assert constraint.upper is not None
            metric, amount = constraint.upper
            try:
                limit = Limit(metric, amount.value(self.known(hardware)))
            except InputError as problem:
                raise problem if problem.where else problem.at(constraint.node.where) from None
            found[metric] = min(found.get(metric, limit), limit, key=lambda known: known.most)
        return tuple(found[metric] for metric in LIMITED if metric in found)

    def chosen(self, point: int) -> tuple[int, NetworkChoice, str, Space, str]:
        """Of one point the number of its hardware, the network, the space with its name, and the objective."""
        rest, objective = divmod(point, len(self.objectives))
        rest, space = divmod(rest, len(self.spaces))
        hardware, network = divmod(rest, len(self.networks))
        return hardware, self.networks[network], *self.spaces[space], self.objectives[objective]


def families(study: Study) -> Iterator[list[tuple[int, float]]]:
    """Points that differ in the capacity of the buffer alone, with that, the largest first.

    They share the limits of their searches, too, and all energies: a model may have others for another capacity. Those
    that break a constraint without any result are left out.
    """
    found: dict[tuple[str, int], list[tuple[float, int]]] = {}
    for hardware in range(study.hardware):
        if not study.holds(study.known(hardware)):
            continue
        architecture = study.architecture(hardware)
        if len(architecture.levels) < 2:
            raise InputError("expected an off-chip level and an on-chip one", where=f"study {study.name!r}")
        buffer = architecture.levels[1]
        levels = (architecture.levels[0], replace(buffer, capacity_bytes=None, model=None), *architecture.levels[2:])
        key = repr((replace(architecture, levels=levels), study.limits(hardware)))
        size = math.inf if buffer.capacity_bytes is None else float(buffer.capacity_bytes)
        for run in range(study.runs):
            found.setdefault((key, run), []).append((-size, hardware * study.runs + run))
    for listed in found.values():
        yield [(point, -size) for size, point in sorted(listed)]
