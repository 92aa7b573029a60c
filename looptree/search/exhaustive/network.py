"""What every plan and every design of a network is asked of: its tensors, the hardware and the space."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from looptree.architecture import Architecture
from looptree.model import Evaluation, evaluate
from looptree.model.result import Traffic
from looptree.search.asked.hardware import buffer_of
from looptree.search.asked.space import Space
from looptree.search.group.goal.prices import direct
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.workload import Workload

Names = frozenset[str]


class Network:
    """A network on hardware without limits: those of capacity and bandwidth are put on designs afterwards.

    Args:
        workload: the network. architecture: its first two levels are used. space: what is searched.
    """

    def __init__(self, workload: Workload, architecture: Architecture, space: Space) -> None:
        self.workload = workload
        self.level = buffer_of(architecture)
        known = (architecture.off_chip, architecture.level(self.level))
        unlimited = tuple(replace(v, capacity_bytes=None, bandwidth_bytes_per_cycle=None) for v in known)
        self.architecture = replace(architecture, levels=unlimited)
        self.space = space
        self.live = space.live and architecture.allocation == "live"

    def users(self, tensor: str) -> Names:
        """Layers that read or write a tensor."""
        return frozenset(e.name for e in self.workload.einsums if tensor in (*e.reads, e.output.tensor))

    @property
    def whole_bytes(self) -> Mapping[str, int]:
        """Bytes of each tensor that may stay on chip between groups."""
        kept = self._whole.occupancy[self.level].per_tensor
        return {t: kept[t][0] for t in self._crossing}

    @property
    def fetched_words(self) -> Mapping[str, int]:
        """Words of each that come from off chip once."""
        return {t: words(self._whole.transfers[self.architecture.off_chip.name].get(t))[0] for t in self._crossing}

    @property
    def written_words(self) -> Mapping[str, int]:
        """Words of each that are written off chip, because it is an output of the network as well."""
        return {t: words(self._whole.transfers[self.architecture.off_chip.name].get(t))[1] for t in self._crossing}

    @cached_property
    def _crossing(self) -> list[str]:
        inner = list(self.workload.intermediates)
        elsewhere = direct(self.workload, self.architecture.level(self.level))
        return inner + [t for t in self.workload.inputs if len(self.users(t)) > 1 and t not in elsewhere]

    @cached_property
    def _whole(self) -> Evaluation:
        """Every layer by itself, with all that may stay on chip there from the first one that uses it to the last."""
        choices = [GroupChoice((e.name,), level=self.level) for e in self.workload.einsums]
        tree = plan_tree(self.workload, self.architecture, choices, resident=self._crossing)
        return evaluate(self.workload, self.architecture, tree, stepwise=False)


def subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every subset of some names, the smallest first."""
    return itertools.chain.from_iterable(itertools.combinations(names, count) for count in range(len(names) + 1))


def words(traffic: Traffic | None) -> tuple[int, int]:
    """Words that pass a level as reads and as writes."""
    return (0, 0) if traffic is None else (traffic.reads_words, traffic.writes_words)
