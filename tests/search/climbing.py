"""Random plans of the whole taxonomy, and steps from one to another: attacks on what a search says is optimal."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.model import Evaluation, evaluate
from looptree.model.inside.tiles import useful_tiles
from looptree.search import Plan
from looptree.search.asked.loops import Rank, candidate_ranks, sinks_of
from looptree.search.asked.objective import value
from looptree.search.asked.segment import segment
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.group_tensors import group_tensors
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload

Mapped = tuple[tuple[GroupChoice, ...], frozenset[str]]
"""The groups of a plan and what stays on chip between them."""


class Climber:
    """Steps of one to three random changes, each of which is kept unless it is worse.

    Args:
        workload, architecture, objective: of the search. seed: of the changes.
    """

    def __init__(self, workload: Workload, architecture: Architecture, objective: str, seed: int) -> None:
        self.workload, self.architecture, self.objective = workload, architecture, objective
        self.level = architecture.levels[1].name
        self.draw = random.Random(seed)

    def better(self, plan: Plan, steps: int) -> float | None:
        """The value of a plan that fits and is better than a proven one, if the climb from there meets any."""
        best = plan.statistics.value
        at: Mapped = plan.groups, plan.resident
        now = self.score(at) or (math.inf, math.inf)
        for _ in range(steps):
            following = self.changed(at)
            score = self.score(following)
            if score is not None and score[0] == 0 and score[1] < best * (1 - 1e-9):
                return score[1]
            if score is not None and score[1] * (1 + score[0]) <= now[1] * (1 + now[0]) * self.draw.choice([1, 1, 1.2]):
                at, now = following, score
        return None

    def evaluated(self, mapped: Mapped) -> Evaluation | None:
        """What the model says, if it is a mapping at all."""
        try:
            tree = plan_tree(self.workload, self.architecture, mapped[0], resident=mapped[1])
            return evaluate(self.workload, self.architecture, tree, stepwise=False)
        except InputError:
            return None

    def score(self, mapped: Mapped) -> tuple[float, float] | None:
        """By what share it is too large, and its value."""
        result = self.evaluated(mapped)
        if result is None:
            return None
        held = result.occupancy[self.level]
        over = 0.0 if result.fits or not held.capacity_bytes else held.window_bytes / held.capacity_bytes - 1
        return over, float(value(self.objective, result))

    def changed(self, mapped: Mapped) -> Mapped:
        """One to three changes."""
        groups, resident = list(mapped[0]), set(mapped[1])
        kinds = [self.tile, self.place, self.place, self.order, self.loop, self.own_loop, self.spill]
        for _ in range(self.draw.choice([1, 1, 2, 3])):
            at = self.draw.randrange(len(groups))
            if self.draw.random() < 0.2:
                self._regrouped(groups, at)
            elif self.draw.random() < 0.1:
                resident ^= {self.draw.choice(sorted(self.workload.tensors))}
            else:
                change: Callable[[GroupChoice], GroupChoice] = self.draw.choice(kinds)
                groups[at] = change(groups[at])
        users = {t: sum(t in group_tensors(self.workload, g.einsums) for g in groups) for t in resident}
        kept = frozenset(t for t in resident if users[t] > 1)
        return tuple(self._placed(group, kept) for group in groups), kept

    # -- changes of one group --------------------------------------------------------------

    def tile(self, group: GroupChoice) -> GroupChoice:
        """Another tile shape of a loop."""
        if not group.loops:
            return group
        at = self.draw.randrange(len(group.loops))
        ranks = tuple((ref.einsum or "", ref.rank) for ref in group.loops[at].ranks)
        return replace(group, loops=(*group.loops[:at], self._loop(ranks), *group.loops[at + 1 :]))

    def place(self, group: GroupChoice) -> GroupChoice:
        """Another storage node of a tensor, above the branch or inside it."""
        tensor = self.draw.choice(group_tensors(self.workload, group.einsums))
        layers = [n for n in group.einsums if tensor in group_tensors(self.workload, (n,))]
        inside = {n: {t: d for t, d in own.items() if t != tensor} for n, own in group.leaf_retention.items()}
        above = {t: d for t, d in group.retention.items() if t != tensor}
        if len(layers) == 1 < len(group.einsums) and self.draw.random() < 0.5:
            depth = self.draw.randint(0, len(group.leaf_loops.get(layers[0], ())))
            inside[layers[0]] = {**inside.get(layers[0], {}), tensor: depth}
        else:
            above[tensor] = self.draw.randint(0, len(group.loops))
        return replace(group, retention=above, leaf_retention=inside)

    def order(self, group: GroupChoice) -> GroupChoice:
        """The same loops in another order."""
        return replace(group, loops=tuple(self.draw.sample(group.loops, len(group.loops))))

    def loop(self, group: GroupChoice) -> GroupChoice:
        """A loop more or less."""
        loops, at = list(group.loops), self.draw.randint(0, len(group.loops))
        tiled = {(ref.einsum, ref.rank) for loop in loops for ref in loop.ranks}
        free = [ranks for ranks in self._ranks(group.einsums) if not tiled & set(ranks)]
        if free and len(loops) < (3 if len(group.einsums) > 1 else 5) and self.draw.random() < 0.7:
            loops.insert(at, self._loop(self.draw.choice(free)))
        elif len(loops) > (len(group.einsums) > 1):
            del loops[min(at, len(loops) - 1)]
        above = {t: min(d, len(loops)) for t, d in group.retention.items()}
        return replace(group, loops=tuple(loops), retention=above)

    def own_loop(self, group: GroupChoice) -> GroupChoice:
        """Other own loops of a layer."""
        layer = self.draw.choice(group.einsums)
        ranks = [rank for rank, extent in self.workload.einsum(layer).ranks.items() if extent > 1]
        chosen = self.draw.sample(ranks, min(len(ranks), self.draw.randint(0, 2))) if len(group.einsums) > 1 else []
        extents = self.workload.einsum(layer).ranks
        loops = tuple(Temporal((RankRef(r, layer),), self.draw.randrange(1, extents[r])) for r in chosen)
        own = {t: self.draw.randint(0, len(loops)) for t in group.leaf_retention.get(layer, {})}
        leaf_loops = {n: known for n, known in group.leaf_loops.items() if n != layer} | (
            {layer: loops} if loops else {}
        )
        return replace(group, leaf_loops=leaf_loops, leaf_retention={**group.leaf_retention, layer: own})

    def spill(self, group: GroupChoice) -> GroupChoice:
        """An intermediate written out and fetched again, or not any more."""
        made = {self.workload.einsum(n).output.tensor for n in group.einsums}
        read = {t for n in group.einsums for t in self.workload.einsum(n).reads}
        return replace(group, spilled=group.spilled ^ set(self.draw.sample(sorted(made & read), bool(made & read))))

    # -- what the changes are made of ------------------------------------------------------

    def _ranks(self, names: tuple[str, ...]) -> list[Rank]:
        part = segment(self.workload, names)
        return candidate_ranks(part, sinks_of(part))

    def _loop(self, ranks: Rank) -> Temporal:
        refs = tuple(RankRef(rank, einsum or None) for einsum, rank in ranks)
        extents = [self.workload.einsum(e).ranks[r] for e, r in ranks if e]
        return Temporal(refs, self.draw.choice(list(useful_tiles(max(extents, default=2)))))

    def _regrouped(self, groups: list[GroupChoice], at: int) -> None:
        """A group divided, or joined with the next one; with other loops."""
        one = groups[at].einsums
        if len(one) > 1 and self.draw.random() < 0.5:
            cut = self.draw.randrange(1, len(one))
            groups[at : at + 1] = [self._fresh(one[:cut]), self._fresh(one[cut:])]
        elif at + 1 < len(groups):
            both = {*one, *groups[at + 1].einsums}
            groups[at : at + 2] = [self._fresh(tuple(e.name for e in self.workload.einsums if e.name in both))]

    def _fresh(self, names: tuple[str, ...]) -> GroupChoice:
        ranks = self._ranks(names)
        chosen = self.draw.sample(ranks, min(len(ranks), self.draw.randint(1, 3)))
        return GroupChoice(names, tuple(map(self._loop, chosen)), level=self.level)

    def _placed(self, group: GroupChoice, resident: frozenset[str]) -> GroupChoice:
        """Places for the tensors that need one, and for no others; what is inside a branch is fetched in each run."""
        used = [t for t in group_tensors(self.workload, group.einsums) if t not in resident]
        inside = {n: {t: d for t, d in own.items() if t in used} for n, own in group.leaf_retention.items()}
        stored = {t for own in inside.values() for t in own}
        above = {t: group.retention.get(t, self.draw.randint(0, len(group.loops))) for t in used if t not in stored}
        return replace(
            group,
            retention=above,
            leaf_retention={n: own for n, own in inside.items() if own},
            spilled=group.spilled - resident,
            drop=frozenset[str](),
            reload=frozenset(stored),
        )
