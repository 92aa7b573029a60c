"""Every design of a group, evaluated by the model.

A group is evaluated with the layers that depend on it, since these say what is needed of it; they read and write off
chip. What one tensor moves and takes does not depend on where another one is kept, as long as that changes nothing of
what is computed: so one evaluation serves for a place of all these tensors, and their places are combined afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model import Evaluation, evaluate_design
from looptree.model.axis import Array
from looptree.search.asked.segment import segment
from looptree.search.exhaustive.designs import Designs, together, undominated
from looptree.search.exhaustive.network import Names, Network, subsets, words
from looptree.search.group.goal.prices import direct
from looptree.taxonomy.binding import bind
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import LoopTree, RankRef, Temporal


class Group:
    """Every design of a group. Tensors are *free* if their place changes nothing of what is computed.

    Args:
        network: that it is of. layers: its layers. resident: its inputs and outputs that are on chip as a whole anyway.
        fetched: those of them that it fetches.
    """

    def __init__(self, network: Network, layers: Names, resident: Names, fetched: Names = frozenset()) -> None:
        self.network, self.resident, self.space, self.level = network, resident, network.space, network.level
        self.fetched = fetched
        after = set(layers)
        for e in network.workload.einsums:
            after |= {c.name for c in network.workload.consumers(e.output.tensor) if e.name in after}
        order = [e.name for e in network.workload.einsums]
        self.names = tuple(n for n in order if n in layers)
        self.after = [n for n in order if n in after - layers]
        self.alone, self.context = segment(network.workload, self.names), segment(network.workload, sorted(after))
        self.inner = [t for t in self.alone.intermediates if t not in self.alone.outputs]
        self.direct = direct(network.workload, network.architecture.level(self.level)) & frozenset(self.alone.tensors)
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
                for spilled in subsets(may):
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

    def evaluated(self, choice: GroupChoice, off_chip: Collection[str] = ()) -> Evaluation | None:
        """What the model says, where it says anything; tensors without a place are whole on chip, but some."""
        stored = {t for depths in choice.leaf_retention.values() for t in depths}.union(off_chip)
        stored |= {t for part in choice.nested for t in part.retention}
        whole = {t: 0 for t in self.alone.tensors if t not in stored | self.direct}
        choices = [GroupChoice((name,), level=self.level) for name in self.after]
        drop = choice.drop | {
            t for t in self.alone.tensors if self.space.restrictions.tensor(t).drop and t not in stored
        }
        choices.insert(0, replace(choice, retention={**whole, **choice.retention}, drop=drop))
        tree = plan_tree(self.context, self.network.architecture, choices)
        if tree not in self._evaluations:
            self._evaluations[tree] = self._evaluated(tree)
        return self._evaluations[tree]

    def _evaluated(self, tree: LoopTree) -> Evaluation | None:
        try:
            design = bind(self.context, self.network.architecture, tree)
            return evaluate_design(design, stepwise=False, live=self.network.live)
        except UnsupportedError:
            return None

    def sums(self, result: Evaluation, tensor: str, past: Collection[str] = ()) -> Array:
        """What one tensor takes and adds: bytes above the branch, none inside it, pJ, bytes off chip and in the buffer.

        No cycles are added. `past`: layers that read it off chip, for each operation, which is left out.
        """
        outer, inner = self.network.architecture.levels
        known = self.alone.tensors[tensor]
        reads, writes = words(result.transfers[outer.name].get(tensor))
        fetched, stored = words(result.transfers[inner.name].get(tensor))
        for name in (*self.after, *past):  # those after the group read off chip, for each operation
            einsum = self.context.einsum(name)
            reads -= result.operations[name].total * sum(access.tensor == tensor for access in einsum.inputs)
        room = result.occupancy[inner.name].per_tensor.get(tensor, (0, 0))[self.network.live]
        if tensor in self.resident:  # neither filled nor drained
            fetched, stored, reads, writes, room = fetched - writes, stored - reads, 0, 0, 0
            if tensor not in self.alone.inputs:
                writes = self.network.written_words[tensor]
                fetched += writes
        if tensor in self.fetched:
            reads = self.network.fetched_words[tensor]
            stored += reads
        energy = reads * outer.read_pj_per_word(known.bits) + writes * outer.write_pj_per_word(known.bits)
        energy += fetched * inner.read_pj_per_word(known.bits) + stored * inner.write_pj_per_word(known.bits)
        offchip, buffer = known.bytes(reads) + known.bytes(writes), (fetched + stored) * known.bits / 8
        return np.array([room, 0, float(energy), offchip, buffer, 0, 0], dtype=np.float64)

    def work(self, result: Evaluation) -> Array:
        """What the operations add."""
        compute = self.network.architecture.compute
        spent = [result.operations[n].total * compute.energy_pj(self.alone.einsum(n).operation) for n in self.names]
        done = sum(result.operations[n].total for n in self.names)
        return np.array([0, 0, float(sum(spent)), 0, 0, float(result.groups[0].latency_cycles), done])
