"""The best way through the states of a network when several sums count: shortest paths with one label per trade-off.

A label is what the groups so far take of each metric. At a state a label is dropped if another one there takes no more
of any metric, or if what is still to come at least takes it beyond what is asked of plans: a limit, the best plan
known, or all boxes in which plans are looked for (`looptree.search.answers.uncovered`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.metrics import Weights
from looptree.search.network.states.states import StateGraph
from looptree.search.undominated import undominated

AT_ONCE = 4_000_000  # pairs of labels and designs, or of labels and boxes


@dataclass(frozen=True, eq=False)
class Rule:
    """A plan counts only in boxes in which its weighted sum is below `most`.

    Attributes:
        weights: of the metrics. most: of each box. cost: least weighted sum of each query.
        before, after: least weighted sum up to each state, and from there on.
    """

    weights: Weights
    most: Array
    cost: Array
    before: Array
    after: Array

    @property
    def reach(self) -> float:
        """The largest weighted sum that counts in some box."""
        return float(self.most.max(initial=-np.inf))


@dataclass(frozen=True, slots=True)
class Labelled:
    """The best plan found.

    Attributes:
        steps: of the plan, and the option taken in each; empty if nothing was found.
        complete: whether no label was dropped for want of room.
    """

    steps: tuple[int, ...]
    options: tuple[int, ...]
    complete: bool


class Labels:
    """Labels of all states.

    Args:
        options: what the designs of each query take, of shape (designs, metrics). columns: numbers of the metrics.
        rules: what plans have to keep. steps: those that are looked at. most: labels that are kept at a state.
        going: asked before each state whether to go on.
    """

    def __init__(
        self,
        graph: StateGraph,
        options: Mapping[int, Array],
        columns: Sequence[int],
        rules: Sequence[Rule],
        steps: Sequence[int],
        most: int,
        going: Callable[[], bool] = lambda: True,
    ) -> None:
        self.most = most
        self.graph = graph
        self.options = options
        self.rules = rules
        self.complete = True
        self._weights = [np.array([rule.weights[i] for i in columns]) for rule in rules]
        self.sums: dict[int, Array] = {0: np.zeros((1, len(columns)))}
        self._from: dict[int, Array] = {0: np.zeros((1, 3), dtype=np.int64)}
        into: dict[int, list[int]] = {}
        for step in steps:
            into.setdefault(int(graph.target[step]), []).append(step)
        for state in sorted(into):
            if not going():
                self.complete = False
                break
            self._reach(state, into[state])

    def best(self, value: Callable[[Array], Array]) -> Labelled:
        """The label of the last state with the least value, and its plan."""
        state = len(self.graph.order) - 1
        if state not in self.sums:
            return Labelled((), (), self.complete)
        return self._way(state, int(value(self.sums[state]).argmin()))

    def all(self) -> list[Labelled]:
        """The labels of the last state, and their plans."""
        state = len(self.graph.order) - 1
        return [self._way(state, at) for at in range(len(self.sums.get(state, ())))]

    def _way(self, state: int, at: int) -> Labelled:
        """The plan of a label."""
        steps, options = [], []
        while state:
            step, label, option = self._from[state][at].tolist()
            steps.append(step)
            options.append(option)
            state, at = int(self.graph.source[step]), label
        return Labelled(tuple(steps[::-1]), tuple(options[::-1]), self.complete)

    def _reach(self, state: int, steps: Sequence[int]) -> None:
        sums, origins = [], []
        for step in steps:
            before = self.sums.get(int(self.graph.source[step]))
            designs = self.options[int(self.graph.query[step])]
            if before is None or not len(designs):
                continue
            if len(before) * len(designs) > AT_ONCE:
                before, self.complete = before[: AT_ONCE // len(designs)], False
            together = (before[:, None] + designs[None]).reshape(-1, before.shape[1])
            keep = self._hopeful(together, state)
            label, option = np.divmod(keep, len(designs))
            sums.append(together[keep])
            origins.append(np.stack([np.full(len(keep), step), label, option], axis=1))
        if not sums:
            return
        known, origin = np.concatenate(sums), np.concatenate(origins)
        best = undominated(known)
        if len(best) > self.most:
            best, self.complete = self._most_hopeful(known, best, state), False
        if len(best):
            self.sums[state], self._from[state] = known[best], origin[best]

    def _hopeful(self, sums: Array, state: int) -> Array:
        """Those that may be part of a plan in some box."""
        totals = [sums @ weights + rule.after[state] for rule, weights in zip(self.rules, self._weights, strict=True)]
        good = np.ones(len(sums), dtype=bool)
        for total, rule in zip(totals, self.rules, strict=True):
            good &= total < rule.reach
        some = np.flatnonzero(good)
        boxes = len(self.rules[0].most)
        if boxes == 1:
            return some
        each = max(1, AT_ONCE // boxes)
        parts = [some[start : start + each] for start in range(0, len(some), each)]
        return np.concatenate([part[self._in_boxes([total[part] for total in totals])] for part in parts] or [some])

    def _in_boxes(self, totals: Sequence[Array]) -> Array:
        """Whether each label is within all rules of some box; `totals` are its least weighted sums."""
        within = np.ones((len(totals[0]), len(self.rules[0].most)), dtype=bool)
        for total, rule in zip(totals, self.rules, strict=True):
            within &= total[:, None] < rule.most
        return np.asarray(within.any(axis=1))

    def _most_hopeful(self, sums: Array, some: Array, state: int) -> Array:
        """Those that stay furthest from the limits of all rules."""
        used = np.zeros(len(some))
        for rule, weights in zip(self.rules, self._weights, strict=True):
            if np.isfinite(rule.reach):
                used = np.maximum(used, (sums[some] @ weights + rule.after[state]) / rule.reach)
        return some[np.argsort(used, kind="stable")[: self.most]]
