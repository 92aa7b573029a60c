"""The same search, slow and obvious: every design of every group is evaluated by the model, every plan is tried.

It looks at what `search` looks at (see `Space`), and has no tables of loops, no bounds and no branches that are cut.
The time grows exponentially: it is for networks of a few small layers, where it shows whether `search` misses anything.

A group is evaluated with the layers that depend on it, since these say what is needed of it; they read and write off
chip. What one tensor moves and takes does not depend on where another one is kept, as long as that changes nothing of
what is computed: so one evaluation serves for a place of all these tensors, and their places are combined afterwards.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model import Evaluation, evaluate, evaluate_design
from looptree.model.axis import Array
from looptree.model.result import Traffic
from looptree.search.asked.metrics import METRICS
from looptree.search.asked.segment import segment
from looptree.search.asked.space import Space
from looptree.search.group.goal.prices import direct
from looptree.search.network.planner import buffer_of
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, group_tensors, plan_tree
from looptree.taxonomy.tree import LoopTree, RankRef, Temporal
from looptree.workload import Workload

Names = frozenset[str]
Step = tuple[Names, Names, Names, int]
"""A group of a plan, the tensors that it finds or leaves on chip whole, those of them that it fetches, and the bytes of
all that are on chip then."""


@dataclass(frozen=True, slots=True)
class Designs:
    """Designs of a group that no other one beats.

    Attributes:
        rows: of each the bytes above the branch and inside it, pJ, bytes that pass off chip and the buffer, cycles and
        operations.
    """

    rows: Array

    def totals(self, capacity: float, bandwidths: Sequence[float]) -> Array:
        """The metrics of those that fit in so many bytes, in the order of `METRICS`."""
        fitting = self.rows[self.rows[:, :2].sum(axis=1) <= capacity]
        _, _, energy, offchip, buffer, cycles, operations = fitting.T
        slowest = np.maximum(cycles, np.maximum(offchip / bandwidths[0], buffer / bandwidths[1]))
        return undominated(np.stack([energy, offchip, slowest, operations], axis=1))

    def least(self, objective: str, capacity: float, bandwidths: Sequence[float]) -> float:
        """The least objective in so many bytes, infinite if nothing fits."""
        column = self.totals(capacity, bandwidths)[:, METRICS.index(objective)]
        return float(column.min(initial=math.inf))


class Exhaustive:
    """The exhaustive search, for any objective and capacity.

    Args:
        workload: the network. architecture: its first two levels are used. space: what is searched.
    """

    def __init__(self, workload: Workload, architecture: Architecture, space: Space | None = None) -> None:
        self.workload = workload
        self.make: type[Group] = Group
        self.level = buffer_of(architecture)
        known = (architecture.off_chip, architecture.level(self.level))
        if any(v.limits and v.bandwidth_bytes_per_cycle is None for v in known) or architecture.leakage_pj_per_cycle:
            raise UnsupportedError(
                "the exhaustive search knows bandwidths for reads and writes together, and no leakage"
            )
        self.bandwidths = [float(v.bandwidth_bytes_per_cycle or math.inf) for v in known]
        unlimited = tuple(replace(v, capacity_bytes=None, bandwidth_bytes_per_cycle=None) for v in known)
        self.architecture = replace(architecture, levels=unlimited)
        self.space = space or Space()
        self.live = self.space.live and architecture.allocation == "live"
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
            self._designs[key] = self.make(self, layers, resident, fetched).designs()
        return self._designs[key]

    # -- plans -----------------------------------------------------------------------------

    @cached_property
    def plans(self) -> set[frozenset[Step]]:
        """Every partition into connected groups, order of them, and set of tensors on chip between them."""
        found = set()
        for groups in self._partitions([e.name for e in self.workload.einsums]):
            for order in itertools.permutations(groups):
                if self._made_before_read(order):
                    crossing = [t for t in self.whole_bytes if sum(bool(self.users(t) & g) for g in order) > 1]
                    rules = {t: self.space.restrictions.tensor(t).between for t in crossing}
                    must = {t for t, rule in rules.items() if rule == "always"}
                    for kept in _subsets([t for t in crossing if rules[t] != "never"]):
                        outer = [t for t in kept if t in self.workload.inputs]
                        few = self._most_between(order, outer) <= self.space.resident_inputs
                        if must <= set(kept) and few and self._most_between(order, kept) <= self.space.resident:
                            found.add(frozenset(self._steps(order, kept)))
        return found

    def _partitions(self, names: Sequence[str]) -> Iterator[list[Names]]:
        if not names:
            yield []
        for others in _subsets(names[1:]) if names else ():
            group = frozenset((names[0], *others))
            allowed = self.space.restrictions.allows(sorted(group))
            few = len(group) <= self.space.most_layers[self._chain(group)]
            if few and self._connected(group) and allowed:
                for rest in self._partitions([n for n in names if n not in group]):
                    yield [group, *rest]

    def _connected(self, group: Names) -> bool:
        reached = {min(group)}
        for _ in group:
            shared = group_tensors(self.workload, sorted(reached))
            reached |= {name for tensor in shared for name in self.users(tensor) & group}
        return reached == group

    def _chain(self, group: Names) -> bool:
        """Whether all but one read one tensor made in the group, and all but one make one that is read once."""
        einsums = [self.workload.einsum(name) for name in group]
        made = {e.output.tensor for e in einsums}
        read = [made & set(e.reads) for e in einsums]
        readers = [sum(e.output.tensor in known for known in read) for e in einsums]
        return sorted(map(len, read)) == sorted(readers) == [0] + [1] * (len(group) - 1)

    def _made_before_read(self, order: Sequence[Names]) -> bool:
        at = {name: i for i, group in enumerate(order) for name in group}
        made = [(t, self.workload.producer(t)) for t in self.workload.intermediates]
        return all(at[c.name] >= at[e.name] for t, e in made if e for c in self.workload.consumers(t))

    def _most_between(self, order: Sequence[Names], kept: Collection[str]) -> int:
        """The most tensors that are on chip between two groups."""
        cuts = [(frozenset().union(*order[:i]), frozenset().union(*order[i:])) for i in range(1, len(order))]
        return max((sum(bool(self.users(t) & a and self.users(t) & b) for t in kept) for a, b in cuts), default=0)

    def _steps(self, order: Sequence[Names], kept: Collection[str]) -> Iterator[Step]:
        using = {t: [i for i, group in enumerate(order) if self.users(t) & group] for t in kept}
        for index, group in enumerate(order):
            alive = [t for t, groups in using.items() if groups[0] <= index <= groups[-1]]
            touched = frozenset(t for t in alive if index in using[t])
            fetched = frozenset(t for t in touched if t in self.workload.inputs and index == using[t][0])
            yield group, touched, fetched, sum(self.whole_bytes[t] for t in alive)

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
        return {t: _words(self._whole.transfers[self.architecture.off_chip.name].get(t))[0] for t in self._crossing}

    @property
    def written_words(self) -> Mapping[str, int]:
        """Words of each that are written off chip, because it is an output of the network as well."""
        return {t: _words(self._whole.transfers[self.architecture.off_chip.name].get(t))[1] for t in self._crossing}

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


class Group:
    """Every design of a group. Tensors are *free* if their place changes nothing of what is computed.

    Args:
        layers: its layers. resident: its inputs and outputs that are on chip as a whole anyway.
        fetched: those of them that it fetches.
    """

    def __init__(self, search: Exhaustive, layers: Names, resident: Names, fetched: Names = frozenset()) -> None:
        self.search, self.resident, self.space, self.level = search, resident, search.space, search.level
        self.fetched = fetched
        after = set(layers)
        for e in search.workload.einsums:
            after |= {c.name for c in search.workload.consumers(e.output.tensor) if e.name in after}
        order = [e.name for e in search.workload.einsums]
        self.names = tuple(n for n in order if n in layers)
        self.after = [n for n in order if n in after - layers]
        self.alone, self.context = segment(search.workload, self.names), segment(search.workload, sorted(after))
        self.inner = [t for t in self.alone.intermediates if t not in self.alone.outputs]
        self.direct = direct(search.workload, search.architecture.level(self.level)) & frozenset(self.alone.tensors)
        self._evaluations: dict[LoopTree, Evaluation | None] = {}

    def designs(self) -> Designs:
        """All of them."""
        found = np.zeros((0, 7))
        for choice in self.choices():
            whole = self.evaluated(choice)
            if whole is not None and self._computes_enough_once(whole):
                known = (*choice.retention, *self.resident, *self.direct)
                fixed = [self.work(whole), *(self.sums(whole, t) for t in known)]
                for items in self.placings(choice):
                    rows = reduce(together, items, np.sum(fixed, axis=0, keepdims=True))
                    found = undominated(np.vstack([found, rows]))
        return Designs(found)

    def _computes_enough_once(self, whole: Evaluation) -> bool:
        """Whether nothing is computed again that must not be."""
        if not self.space.recompute:
            return not whole.groups[0].recomputed
        rules = {name: self.space.restrictions.tensor(self.alone.einsum(name).output.tensor) for name in self.names}
        return all(rule.recompute or not whole.operations[name].recomputed for name, rule in rules.items())

    def choices(self) -> Iterator[GroupChoice]:
        """Loops above the branch with places of the intermediates that are not spilled."""
        for order in self.space.orders(self.alone):
            for tiles in self.space.restrictions.tilings(self.alone, order):
                loops = tuple(
                    Temporal(tuple(RankRef(r, e) for e, r in o), t) for o, t in zip(order, tiles, strict=True)
                )
                may = [t for t in self.inner if self.space.spill and self.space.restrictions.tensor(t).spill]
                for spilled in _subsets(may):
                    kept = [t for t in self.inner if t not in spilled]
                    for depths in itertools.product(*(self._depths(t, loops) for t in kept)):
                        places = dict(zip(kept, depths, strict=True))
                        choice = GroupChoice(self.names, loops, places, spilled=frozenset(spilled), level=self.level)
                        yield choice
                        if self.space.pipeline and len(self.names) > 1:
                            yield replace(choice, parallelism="pipeline")

    def _depths(self, tensor: str, loops: Sequence[Temporal]) -> list[int]:
        """Numbers of loops that may be above the node of a tensor."""
        return self.space.restrictions.tensor(tensor).depths(len(loops))

    def free(self, choice: GroupChoice) -> list[str]:
        """Tensors that have no place yet."""
        placed = {*choice.retention, *self.resident, *self.direct}
        return [t for t in self.alone.tensors if t not in placed]

    def placings(self, choice: GroupChoice) -> Iterator[Iterator[Array]]:
        """Ways to place the free tensors: what each takes and adds in each of its places, or some do together."""
        yield self.items(choice)

    def items(self, choice: GroupChoice) -> Iterator[Array]:
        """Those of the only such way."""
        yield from self.above(choice).values()

    def above(self, choice: GroupChoice) -> dict[str, Array]:
        """What each free tensor takes and adds above the branch, below each number of loops."""
        free, depths = self.free(choice), range(len(choice.loops) + 1)
        everywhere = [replace(choice, retention={**choice.retention, **dict.fromkeys(free, depth)}) for depth in depths]
        results = [self.evaluated(moved) for moved in everywhere]
        return {
            t: np.array([self.sums(r, t) for d in self._depths(t, choice.loops) if (r := results[d])]).reshape(-1, 7)
            for t in free
        }

    def evaluated(self, choice: GroupChoice) -> Evaluation | None:
        """What the model says, where it says anything; tensors without a place are whole on chip."""
        stored = {t for depths in choice.leaf_retention.values() for t in depths}
        stored |= {t for part in choice.nested for t in part.retention}
        whole = {t: 0 for t in self.alone.tensors if t not in stored | self.direct}
        choices = [GroupChoice((name,), level=self.level) for name in self.after]
        drop = choice.drop | {
            t for t in self.alone.tensors if self.space.restrictions.tensor(t).drop and t not in stored
        }
        choices.insert(0, replace(choice, retention={**whole, **choice.retention}, drop=drop))
        tree = plan_tree(self.context, self.search.architecture, choices)
        if tree not in self._evaluations:
            self._evaluations[tree] = self._evaluated(tree)
        return self._evaluations[tree]

    def _evaluated(self, tree: LoopTree) -> Evaluation | None:
        try:
            design = bind(self.context, self.search.architecture, tree)
            return evaluate_design(design, stepwise=False, live=self.search.live)
        except UnsupportedError:
            return None

    def sums(self, result: Evaluation, tensor: str, past: Collection[str] = ()) -> Array:
        """What one tensor takes and adds: bytes above the branch, none inside it, pJ, bytes off chip and in the buffer.

        No cycles are added. `past`: layers that read it off chip, for each operation, which is left out.
        """
        outer, inner = self.search.architecture.levels
        known = self.alone.tensors[tensor]
        reads, writes = _words(result.transfers[outer.name].get(tensor))
        fetched, stored = _words(result.transfers[inner.name].get(tensor))
        for name in (*self.after, *past):  # those after the group read off chip, for each operation
            einsum = self.context.einsum(name)
            reads -= result.operations[name].total * sum(access.tensor == tensor for access in einsum.inputs)
        room = result.occupancy[inner.name].per_tensor.get(tensor, (0, 0))[self.search.live]
        if tensor in self.resident:  # neither filled nor drained
            fetched, stored, reads, writes, room = fetched - writes, stored - reads, 0, 0, 0
            if tensor not in self.alone.inputs:
                writes = self.search.written_words[tensor]
                fetched += writes
        if tensor in self.fetched:
            reads = self.search.fetched_words[tensor]
            stored += reads
        energy = reads * outer.read_pj_per_word(known.bits) + writes * outer.write_pj_per_word(known.bits)
        energy += fetched * inner.read_pj_per_word(known.bits) + stored * inner.write_pj_per_word(known.bits)
        offchip, buffer = known.bytes(reads) + known.bytes(writes), (fetched + stored) * known.bits / 8
        return np.array([room, 0, float(energy), offchip, buffer, 0, 0], dtype=np.float64)

    def work(self, result: Evaluation) -> Array:
        """What the operations add."""
        compute = self.search.architecture.compute
        spent = [result.operations[n].total * compute.energy_pj(self.alone.einsum(n).operation) for n in self.names]
        done = sum(result.operations[n].total for n in self.names)
        return np.array([0, 0, float(sum(spent)), 0, 0, float(result.groups[0].latency_cycles), done])


def together(one: Array, other: Array) -> Array:
    """Every combination of two items: the larger room inside, where layers take turns, all else added up."""
    rows = (one[:, None] + other[None]).reshape(-1, one.shape[1])
    rows[:, 1] = np.maximum(one[:, None, 1], other[None, :, 1]).reshape(-1)
    return undominated(rows)


def undominated(rows: Array) -> Array:
    """Rows that no other row matches or beats in every column."""
    rows = np.unique(rows, axis=0)
    beaten = (rows[None] <= rows[:, None]).all(axis=2).sum(axis=1) > 1
    return np.asarray(rows[~beaten])


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(names, count) for count in range(len(names) + 1))


def _words(traffic: Traffic | None) -> tuple[int, int]:
    return (0, 0) if traffic is None else (traffic.reads_words, traffic.writes_words)
