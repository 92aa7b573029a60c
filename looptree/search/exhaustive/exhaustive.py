"""The exhaustive search: the best of all plans, each of the best designs of all its groups."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model.axis import Array
from looptree.search.asked.metrics import METRICS
from looptree.search.asked.space import Space
from looptree.search.exhaustive.designs import Designs, undominated
from looptree.search.exhaustive.group import Group
from looptree.search.exhaustive.network import Names, Network
from looptree.search.exhaustive.plans import Step, plans_of
from looptree.workload import Workload


class Exhaustive:
    """The exhaustive search, for any objective and capacity.

    Args:
        workload: the network. architecture: its first two levels are used. space: what is searched.

    Attributes:
        make: what lists the designs of a group; tests widen it to designs that `Group` does not have.

    Raises:
        UnsupportedError: it cannot tell what the hardware takes.
    """

    def __init__(self, workload: Workload, architecture: Architecture, space: Space | None = None) -> None:
        self.network = Network(workload, architecture, space or Space())
        self.make: type[Group] = Group
        known = (architecture.off_chip, architecture.level(self.network.level))
        if any(v.limits and v.bandwidth_bytes_per_cycle is None for v in known) or architecture.leakage_pj_per_cycle:
            raise UnsupportedError(
                "the exhaustive search knows bandwidths for reads and writes together, and no leakage"
            )
        self.bandwidths = [float(v.bandwidth_bytes_per_cycle or math.inf) for v in known]
        self._designs: dict[tuple[Names, Names, Names], Designs] = {}

    def value(self, objective: str, capacity: float = math.inf) -> float:
        """The objective of the best plan in so many bytes, infinite if there is none."""
        known = {
            step: self.designs(*step[:3]).least(objective, capacity - step[3], self.bandwidths)
            for step in {step for plan in self.plans for step in plan}
        }
        return min((sum(known[step] for step in plan) for plan in self.plans), default=math.inf)

    def totals(self, capacity: float = math.inf) -> Array:
        """The metrics of the plans in so many bytes that no other one matches or beats, one plan per row."""
        known = {
            step: self.designs(*step[:3]).totals(capacity - step[3], self.bandwidths)
            for step in {step for plan in self.plans for step in plan}
        }
        found = np.zeros((0, len(METRICS)))
        for plan in self.plans:
            sums = np.zeros((1, len(METRICS)))
            for step in plan:
                sums = undominated((sums[:, None] + known[step][None]).reshape(-1, len(METRICS)))
            found = undominated(np.vstack([found, sums]))
        return found

    def designs(self, layers: Names, resident: Names = frozenset(), fetched: Names = frozenset()) -> Designs:
        """Designs of a group with some of its inputs and outputs on chip, which take no bytes of its own.

        Args:
            resident: these tensors. fetched: those of them that the group fetches.
        """
        key = (layers, resident, fetched)
        if key not in self._designs:
            self._designs[key] = self.make(self.network, layers, resident, fetched).designs()
        return self._designs[key]

    @cached_property
    def plans(self) -> set[frozenset[Step]]:
        """Every partition into connected groups, order of them, and set of tensors on chip between them."""
        return plans_of(self.network)
