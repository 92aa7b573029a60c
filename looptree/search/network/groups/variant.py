"""What is known of the groups of one shape with some tensors on chip: designs, and bounds for any weights of metrics.

What a search proved for one capacity says something about others: with less room nothing gets better, and a design that
takes little room serves wherever it fits. What it proved for some weights says something about others, too: where no
design x has a_i . x < v_i, none has w . x < sum of c_i v_i for any c_i >= 0 with sum of c_i a_i <= w, as no metric is
negative. With two facts that is exact on the segment between two neighbouring corners of the hull of all designs.

Every byte off chip takes some energy, `pj_per_byte` at least. So what is proven of bytes says much about energy: energy
counts as that of these bytes and all the rest, which is what no design has less of, `Totals.apart`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from looptree.search.asked.metrics import METRICS, Totals, Weights
from looptree.search.group.design import GroupDesign, Outcome
from looptree.search.group.goal.goal import ROUNDING

_PAIRS = np.array(list(combinations(range(len(METRICS)), 2)))


@dataclass(frozen=True, slots=True)
class Fact:
    """No design in `capacity` bytes has a smaller weighted sum than `bound`."""

    weights: Weights
    capacity: float
    bound: float


@dataclass(slots=True)
class Variant:
    """What is known of the groups of one shape with some tensors on chip.

    Attributes:
        shape: number of the shape. resident: tensors of its first group that stay on chip. least: holds for all
        designs. facts, designs: what searches found. pinned: whether there is no other design than those known.
        left: weights and capacities of searches that were not thorough, with designs left for one that is.
        fetched: those of the tensors on chip that the group fetches, for itself and for others, or makes and writes
        out. pj_per_byte: see `least_pj_per_byte`.
    """

    shape: int
    resident: frozenset[str]
    least: Totals
    pinned: bool = False
    fetched: frozenset[str] = frozenset()
    pj_per_byte: float = 0.0
    facts: list[Fact] = field(default_factory=list)
    designs: list[GroupDesign] = field(default_factory=list)
    left: set[tuple[Weights, float]] = field(default_factory=set)
    _weights: Weights | None = None
    _known: dict[float, tuple[float, float]] = field(default_factory=dict)

    def bounded(self, least: Totals) -> None:
        """Keep what all designs take at least."""
        self._known.clear()
        self.least = least

    def learn(self, weights: Weights, capacity: float, outcome: Outcome) -> None:
        """Keep what a search for the least weighted sum proved."""
        self._known.clear()
        new = Fact(weights, capacity, outcome.bound)
        if not any(_says_more(fact, new) for fact in self.facts):
            self.facts = [fact for fact in self.facts if not _says_more(new, fact)] + [new]
        if outcome.design is not None:
            self.add(outcome.design)
        if not outcome.thorough:
            self.left.add((weights, capacity))

    def add(self, design: GroupDesign) -> None:
        """Keep a design, unless one is known that is as good in every way."""
        if not any(_as_good(known, design) for known in self.designs):
            self._known.clear()
            self.designs = [known for known in self.designs if not _as_good(design, known)] + [design]

    def between(self, weights: Weights, capacity: float) -> tuple[float, float]:
        """What no design in that many bytes undercuts, and the best one known to fit."""
        if weights != self._weights:
            self._weights, self._known = weights, {}
        if capacity not in self._known:
            self._known[capacity] = self._lower(weights, capacity), self._upper(weights, capacity)
        return self._known[capacity]

    def lower(self, weights: Weights, capacity: float) -> float:
        """What no design in that many bytes undercuts."""
        return self.between(weights, capacity)[0]

    def upper(self, weights: Weights, capacity: float) -> float:
        """The weighted sum of the best design known to fit, infinite if there is none."""
        return self.between(weights, capacity)[1]

    def best(self, weights: Weights, capacity: float) -> GroupDesign | None:
        """The best design known to fit."""
        fitting = [d for d in self.designs if d.room <= capacity]
        return min(fitting, key=lambda d: (weights.of(d.totals), d.room), default=None)

    def exact(self, weights: Weights, capacity: float) -> bool:
        """Whether nothing is left to be found out."""
        lower, upper = self.between(weights, capacity)
        return lower == upper or lower >= upper * (1 - ROUNDING)

    def _lower(self, weights: Weights, capacity: float) -> float:
        facts = [fact for fact in self.facts if fact.capacity >= capacity]
        floor = weights.of(self.least)
        if self.pinned:
            return self._upper(weights, capacity)
        if any(fact.bound == math.inf for fact in facts):
            return math.inf
        same = [fact.bound for fact in facts if fact.weights == weights]
        others = [fact for fact in facts if fact.weights != weights]
        return max([floor, *same, *([self._from(weights, others)] if others else [])])

    def _from(self, weights: Weights, facts: Sequence[Fact]) -> float:
        """The best bound from what is proven for other weights."""
        each = self.pj_per_byte
        known = [replace(fact, weights=fact.weights.apart(each)) for fact in facts] if each else facts
        return _combined(weights.apart(each), self.least.apart(each), known)

    def _upper(self, weights: Weights, capacity: float) -> float:
        return min((weights.of(d.totals) for d in self.designs if d.room <= capacity), default=math.inf)


def _says_more(one: Fact, other: Fact) -> bool:
    return one.weights == other.weights and one.capacity >= other.capacity and one.bound >= other.bound


def _as_good(one: GroupDesign, other: GroupDesign) -> bool:
    return one.room <= other.room and all(a <= b for a, b in zip(one.totals, other.totals, strict=True))


def _combined(weights: Weights, least: Totals, facts: Sequence[Fact]) -> float:
    """The best bound from one or two facts, and from the least of each metric for what weight they leave over."""
    wanted = np.array(weights)
    given = np.array([fact.weights for fact in facts])
    gain = np.array([fact.bound - fact.weights.of(least) for fact in facts])
    each = np.eye(len(facts))
    shares = [each]
    if len(facts) > 1:
        one, other = np.array(list(combinations(range(len(facts)), 2))).T
        first, second = given[one][:, _PAIRS], given[other][:, _PAIRS]
        target = wanted[_PAIRS]
        size = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
        safe = np.where(size == 0, 1.0, size)
        share = (target[:, 0] * second[..., 1] - target[:, 1] * second[..., 0]) / safe
        rest = (first[..., 0] * target[:, 1] - first[..., 1] * target[:, 0]) / safe
        good = (size != 0) & (share > 0) & (rest > 0)
        pair, _ = np.nonzero(good)
        shares.append(share[good][:, None] * each[one[pair]] + rest[good][:, None] * each[other[pair]])
    share_of = np.concatenate(shares)
    used = share_of @ given
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(used > 0, wanted / used, np.inf).min(axis=1)
    scale[len(facts) :] = np.minimum(scale[len(facts) :], 1.0)
    return weights.of(least) + float((scale * (share_of @ gain)).max(initial=0.0))
