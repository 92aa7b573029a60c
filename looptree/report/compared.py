"""A comparison and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from looptree.architecture import Architecture
from looptree.model.result import GroupResult
from looptree.report.planned import Planned
from looptree.search import Comparison
from looptree.workload import Workload


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison and what it is about.

    Attributes:
        workload: the network.
        architecture: the hardware, with the capacity that was asked for.
        comparison: both plans with their evaluations.
    """

    workload: Workload
    architecture: Architecture
    comparison: Comparison

    @property
    def layer_by_layer(self) -> Planned:
        """The plan of layers one by one, on the hardware with the capacity that it was found for."""
        return Planned(self.workload, self.comparison.layer_by_layer.architecture, self.comparison.layer_by_layer)

    @property
    def fused(self) -> Planned:
        """The plan of fused layers, likewise."""
        return Planned(self.workload, self.comparison.fused.architecture, self.comparison.fused)

    @property
    def objective(self) -> str:
        """What both were searched for."""
        return self.comparison.fused.statistics.objective

    @property
    def apart(self) -> Mapping[str, GroupResult]:
        """The results of layer by layer, by layer."""
        return {e: group for group in self.comparison.layer_by_layer.evaluation.groups for e in group.einsums}
