"""The exhaustive search with nested branches, slow and obvious: see `looptree.search.group.patterns.branches`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from looptree.model import Evaluation
from looptree.model.axis import Array
from looptree.model.inside.tiles import useful_tiles
from looptree.search.asked.loops import Rank, candidate_ranks, sinks_of
from looptree.search.asked.segment import segment
from looptree.search.exhaustive import Exhaustive, subsets
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload
from tests.search.leaf_cases import StreamingGroup, beside, driven


def nesting(search: Exhaustive) -> Exhaustive:
    """The same search with loops of a layer's own, and with one nested branch."""
    search.make = NestedGroup
    return search


def only_nesting(search: Exhaustive) -> Exhaustive:
    """The same with no design that has no nested branch."""
    search.make = OnlyNestedGroup
    return search


class NestedGroup(StreamingGroup):
    """Some layers of a group may have a branch of their own, below loops over ranks of their sinks."""

    def choices(self) -> Iterator[GroupChoice]:
        """Every design without a nested branch, and with every one."""
        for choice in super().choices():
            yield choice
            if choice.parallelism == "sequential" and self.space.nested:
                for order, names in self._neighbours():
                    inner = segment(self.alone, names)
                    for loops in self._own_loops(inner, choice):
                        for moved in subsets([t for t in inner.intermediates if choice.retention.get(t) == 0]):
                            yield from self._nested(replace(choice, einsums=order), names, loops, moved)

    def _nested(
        self, choice: GroupChoice, names: tuple[str, ...], loops: tuple[Temporal, ...], moved: Sequence[str]
    ) -> Iterator[GroupChoice]:
        """Some intermediates below each number of loops of the branch, instead of where they are."""
        above = {t: depth for t, depth in choice.retention.items() if t not in moved}
        for depths in itertools.product(range(len(loops) + 1), repeat=len(moved)):
            part = GroupChoice(names, loops, dict(zip(moved, depths, strict=True)), level=self.level)
            yield replace(choice, retention=above, nested=(part,))

    def _neighbours(self) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Layers linked by tensors that no other layer uses, and an order in which they are neighbours."""
        sets = [names for names in subsets(self.names) if 1 < len(names) < len(self.names)]
        for names in sets:
            inner = segment(self.alone, names)
            made_for_others = set(inner.intermediates) & set(inner.outputs)
            if not made_for_others and _linked(inner):
                others = [n for n in self.names if n not in names]
                orders = ((*others[:at], *names, *others[at:]) for at in range(len(others) + 1))
                yield from [(order, names) for order in orders if self._runs(order)][:1]

    def _runs(self, order: Sequence[str]) -> bool:
        """Whether every layer comes after what it reads."""
        made = [(name, self.alone.producer(t)) for name in order for t in self.alone.einsum(name).reads]
        return all(order.index(producer.name) < order.index(name) for name, producer in made if producer)

    def _own_loops(self, inner: Workload, choice: GroupChoice) -> Iterator[tuple[Temporal, ...]]:
        """Loops over ranks of its sinks that move dimensions which nothing else moves."""
        outer = driven(self.alone, choice.loops)
        for count in range(1, self.space.nested + 1):
            for order in itertools.permutations(candidate_ranks(inner, sinks_of(inner)), count):
                moved = [driven(inner, [_loop(rank, 1)]) for rank in order]
                if all(_apart(inner, e.name, [outer[e.name], *(m[e.name] for m in moved)]) for e in inner.einsums):
                    extents = [inner.einsum(rank[0][0]).ranks[rank[0][1]] for rank in order]
                    for tiles in itertools.product(*map(useful_tiles, extents)):
                        yield tuple(itertools.starmap(_loop, zip(order, tiles, strict=True)))

    def free(self, choice: GroupChoice) -> list[str]:
        """Tensors that have no place yet."""
        inside = {t for part in choice.nested for t in part.retention}
        return [t for t in super().free(choice) if t not in inside]

    def placings(self, choice: GroupChoice) -> Iterator[Iterator[Array]]:
        """Those without a nested branch, or with the one that is chosen."""
        yield from [self.items(choice)] if choice.nested else super().placings(choice)

    def items(self, choice: GroupChoice) -> Iterator[Array]:
        """What only the nested branch uses is one item; its layers have no loops of their own."""
        (part,) = choice.nested
        whole, above = self.evaluated(choice), self.above(choice)
        assert whole is not None
        rows = [self._inside_of(whole, t) for t in part.retention]
        for tensor in [t for t in above if self.users(t) <= {*part.einsums} and t not in choice.spilled]:
            places = [above.pop(tensor)]
            for depth in range(len(part.loops) + 1):
                moved = replace(part, retention={**part.retention, tensor: depth})
                result = self.evaluated(replace(choice, nested=(moved,)))
                assert result is not None
                places.append(self._inside_of(result, tensor))
            rows.append(np.vstack(places))
        yield reduce(beside, rows, np.zeros((1, 7)))
        for layer in self.names if self.space.leaf_loops else ():
            own = {t: above.pop(t) for t in list(above) if layer not in part.einsums and self.users(t) == {layer}}
            yield self.streamed(choice, layer, own)
        yield from above.values()

    def _inside_of(self, result: Evaluation, tensor: str) -> Array:
        sums = self.sums(result, tensor)
        return np.array([[0, sums[0], *sums[2:]]])


class OnlyNestedGroup(NestedGroup):
    """Without designs that have no nested branch."""

    def choices(self) -> Iterator[GroupChoice]:
        """Every design with a nested branch."""
        return (choice for choice in super().choices() if choice.nested)


def _loop(rank: Rank, tile: int) -> Temporal:
    return Temporal(tuple(RankRef(name, einsum) for einsum, name in rank), tile)


def _apart(inner: Workload, name: str, moved: Sequence[set[str]]) -> bool:
    """Whether each dimension and rank of a layer is moved once at most, and loops of the branch leave out no points.

    Args:
        moved: ranks that follow the loops of the group, and those that follow each loop of the branch.
    """
    einsum = inner.einsum(name)
    own = set[str]().union(*moved[1:])
    for form in (form for access in (*einsum.inputs, einsum.output) for form in access.projection):
        if sum(bool(ranks & set(form.ranks)) for ranks in moved) > 1:
            return False
        for rank, factor in form.terms:
            reach = 1 + sum(abs(other) * (einsum.ranks[r] - 1) for r, other in form.terms if r != rank)
            if rank in own and abs(factor) > reach:
                return False
    return sum(map(len, moved)) == len(set[str]().union(*moved))


def _linked(inner: Workload) -> bool:
    """Whether its layers hang together by tensors that they make."""
    reached = {inner.einsums[0].name}
    for tensor in [t for _ in inner.einsums for t in inner.intermediates]:
        users = {e.name for e in inner.einsums if tensor in (*e.reads, e.output.tensor)}
        reached |= users if users & reached else set()
    return len(reached) == len(inner.einsums)
