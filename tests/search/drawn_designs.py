"""Networks whose groups have designs that were drawn, so that metrics contradict each other; and all of their plans."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import METRICS, Totals
from looptree.search.asked.space import Space
from looptree.search.group.design import Collected, GroupDesign, Outcome, Tally
from looptree.search.network.groups.workers import Gather, Job, Question, Searches, Workers
from looptree.search.network.planner import Planner
from looptree.search.network.plans.partition import Partition
from tests.search.network.states.test_search_states import paths
from tests.search.search_cases import architecture, network

DESIGNS = 4


class Drawn(Workers):
    """Answers searches of groups from designs that were drawn; somebody presses Ctrl-C after some of them."""

    def __init__(self, searches: Searches, seed: int, presses: float = math.inf, coarse: int = 1) -> None:
        super().__init__(searches, 1)
        self.seed = seed
        self.presses = presses
        self.coarse = coarse

    def designs(self, job: Job) -> list[GroupDesign]:
        """Of one group, with some tensors on chip."""
        on_chip = [*sorted(job.resident), *(f"fetched {tensor}" for tensor in sorted(job.fetched))]
        draw = random.Random(f"{self.seed} {job.shape} {on_chip}")
        group = self.searches.of(job.shape, job.part).group
        least, held = group.least(job.resident, job.fetched), group.resident_bytes(job.resident)
        return [
            GroupDesign(
                (),
                {},
                frozenset(),
                {},
                frozenset(),
                Totals(*(x + draw.randrange(self.coarse, 200, self.coarse) for x in least)),
                float(held + draw.randrange(1, 30)),
            )
            for _ in range(DESIGNS)
        ]

    def run(self, jobs: Sequence[Any]) -> list[Any]:
        """What searches and collections of designs would return."""
        if any(isinstance(job, Question) for job in jobs):
            return [job.run(self.searches) for job in jobs]
        self.presses -= 1
        if self.presses < 0:
            self.presses = math.inf
            raise KeyboardInterrupt
        return [self._collected(job.job) if isinstance(job, Gather) else self._best(job) for job in jobs]

    def _best(self, job: Job) -> Outcome:
        weights = job.aim.weights
        fitting = [d for d in self.designs(job) if d.room <= job.capacity]
        best = min(fitting, key=lambda d: weights.of(d.totals), default=None)
        value = math.inf if best is None else weights.of(best.totals)
        found = best if value < job.below else None
        return Outcome(found, value if found else math.inf, min(value, job.below), Tally(groups=1))

    def _collected(self, job: Job) -> Collected:
        kept = [
            d
            for d in self.designs(job)
            if d.room <= job.capacity
            and job.aim.weights.of(d.totals) < job.below
            and all(weights.of(d.totals) <= most for weights, most in job.aim.limits)
        ]
        return Collected(tuple(kept), True, Tally(groups=1))


def planner(kind: str, seed: int, *, layers: int = 3, presses: float = math.inf, coarse: int = 1) -> Planner:
    """For a network with drawn designs; coarse ones take the same more often.

    All groups are listed first, because designs are drawn by the number that a shape gets.
    """
    searches = Searches(architecture(), "GLB", Space(resident=1))
    found = Planner(network(kind, seed, layers=layers), Drawn(searches, seed, presses, coarse), None, None)
    found.catalogue.pj_per_byte = 0.0  # energies are drawn, and say nothing of bytes
    found.partition(math.inf)
    return found


def plans(known: Planner, capacity: float) -> Array:
    """The metrics of every plan in so many bytes, and the bytes that it needs."""
    partition, workers = known.partition(capacity), known.catalogue.workers
    assert isinstance(partition, Partition)
    assert isinstance(workers, Drawn)
    found = set()
    for path in paths(partition.graph):
        listed = []
        for step in map(partition.graph.step, path):
            variant = known.catalogue.variants[step.variant]
            aim: Any = None
            part, on_chip = known.catalogue.parts[variant.shape], variant.resident
            job = Job(variant.shape, part, aim, on_chip, step.capacity, fetched=variant.fetched)
            listed.append([(d, d.room + step.held) for d in workers.designs(job) if d.room <= step.capacity])
        for chosen in itertools.product(*listed):
            totals = tuple(sum(d.totals[i] for d, _ in chosen) for i in range(len(METRICS)))
            found.add((*totals, max(room for _, room in chosen)))
    return np.array(sorted(found)).reshape(len(found), len(METRICS) + 1)
