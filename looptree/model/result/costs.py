"""What counts cost: energy by component and action, and cycles by component, layer and step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from looptree.model.result.plain import plain


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy in pJ, by component (memory level or compute unit) and action."""

    per_component: Mapping[str, Mapping[str, Fraction]]

    @property
    def total(self) -> Fraction:
        """All components, in pJ."""
        return sum((pj for actions in self.per_component.values() for pj in actions.values()), Fraction(0))

    def less(self, part: Energy) -> Energy:
        """What is left without a part, whose actions are among these."""
        return Energy(
            {
                component: {action: pj - part.per_component[component].get(action, 0) for action, pj in actions.items()}
                for component, actions in self.per_component.items()
            }
        )

    def __add__(self, other: Energy) -> Energy:
        return Energy(
            {
                component: {action: pj + other.per_component[component][action] for action, pj in actions.items()}
                for component, actions in self.per_component.items()
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, in pJ."""
        return {
            "total": plain(self.total),
            "per_component": {
                component: {action: plain(pj) for action, pj in actions.items()}
                for component, actions in self.per_component.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Stepwise:
    """Cycles step by step: neighbouring steps overlap, the first load and the last store do not.

    Attributes:
        spent: cycles by layer and by the component that takes longest in its steps.
    """

    spent: Mapping[str, Mapping[str, Fraction]]

    @property
    def cycles(self) -> Fraction:
        """Cycles of all layers."""
        return sum(self.per_layer.values(), Fraction(0))

    @property
    def per_layer(self) -> dict[str, Fraction]:
        """Cycles of the steps of each layer."""
        return {layer: sum(of.values(), Fraction(0)) for layer, of in self.spent.items()}

    @property
    def per_component(self) -> dict[str, Fraction]:
        """Cycles of the steps in which each component takes longest."""
        found: dict[str, Fraction] = {}
        for of in self.spent.values():
            for component, cycles in of.items():
                found[component] = found.get(component, Fraction(0)) + cycles
        return found

    @property
    def bottleneck(self) -> str | None:
        """The component that determines most of it; `None` where nothing is done."""
        return _longest(self.per_component)

    @property
    def bottlenecks(self) -> dict[str, str | None]:
        """The component that determines most of each layer."""
        return {layer: _longest(of) for layer, of in self.spent.items()}


def _longest(spent: Mapping[str, Fraction]) -> str | None:
    return max(spent, key=lambda component: spent[component]) if spent else None


@dataclass(frozen=True, slots=True)
class LayerCycles:
    """What the compute units do for one layer.

    Attributes:
        cycles: in which they work for it. units: how many of them work for it at most.
    """

    cycles: int
    units: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Cycles.

    Attributes:
        compute: cycles of the compute units.
        memory: cycles that each level is busy which something limits: bytes over bandwidth, or accesses over ports.
        overlapped: per fusion group the largest of compute and every level, added up over groups.
        bottleneck: the component that determines most of it.
        stepwise: step by step, all groups; `None` where it was not asked for, or refused.
        refused: why there is no stepwise latency.
        layers: of each layer by itself; empty where the stepwise latency was not asked for.
    """

    compute: int
    memory: Mapping[str, Fraction]
    overlapped: Fraction
    bottleneck: str
    stepwise: Stepwise | None = None
    refused: str = ""
    layers: Mapping[str, LayerCycles] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, in cycles; what steps take only where it is known, or why it is not."""
        steps = self.stepwise
        data: dict[str, Any] = {
            "overlapped": plain(self.overlapped),
            "stepwise": None if steps is None else plain(steps.cycles),
            "compute": self.compute,
            "memory": {level: plain(cycles) for level, cycles in self.memory.items()},
            "bottleneck": self.bottleneck,
        }
        if steps is not None:
            data["stepwise_bottleneck"] = steps.bottleneck
            data["stepwise_per_layer"] = {
                layer: {component: plain(cycles) for component, cycles in of.items()}
                for layer, of in steps.spent.items()
            }
            data["stepwise_bottleneck_per_layer"] = steps.bottlenecks
        if self.layers:
            data["compute_per_layer"] = {
                layer: {"cycles": work.cycles, "units": work.units} for layer, work in self.layers.items()
            }
        if self.refused:
            data["stepwise_refused"] = self.refused
        return data
