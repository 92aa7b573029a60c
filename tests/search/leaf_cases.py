"""The exhaustive search with loops of a layer's own, by the rule of `looptree.search.group.leaf`, slow and obvious."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.tiles import useful_tiles
from looptree.search.exhaustive import Exhaustive, Group, undominated
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload

CYCLES = 5
Way = tuple[Array, dict[str, Array]]
"""What own loops add to the work of a layer, and what each tensor takes and adds in each place below them."""


def streaming(search: Exhaustive) -> Exhaustive:
    """The same search with loops of a layer's own."""
    search.make = StreamingGroup
    return search


def driven(part: Workload, loops: Sequence[Temporal]) -> dict[str, set[str]]:
    """Ranks of each layer that follow some loops above the branch, from the sinks upwards."""
    found: dict[str, set[str]] = {e.name: set() for e in part.einsums}
    for loop in loops:
        for ref in loop.ranks:
            found[ref.einsum or ""].add(ref.rank)
    for e in reversed(part.einsums):
        for access in e.inputs:
            producer = part.producer(access.tensor)
            for form, written in zip(access.projection, producer.output.projection if producer else (), strict=False):
                if producer and found[e.name] & set(form.ranks):
                    found[producer.name] |= set(written.ranks)
    return found


class StreamingGroup(Group):
    """Tensors that only one layer of a group uses may also be stored inside its branch, below loops of its own."""

    def items(self, choice: GroupChoice) -> Iterator[Array]:
        """The tensors of a layer that may be streamed are one item, every other tensor is one."""
        above = self.above(choice)
        for layer in self.names if len(self.names) > 1 and self.space.leaf_loops else ():
            own = [t for t in above if self.search.users(t) & {*self.names} == {layer}]
            yield self.streamed(choice, layer, {t: above[t] for t in own})
            above = {t: places for t, places in above.items() if t not in own}
        yield from above.values()

    def streamed(self, choice: GroupChoice, layer: str, own: Mapping[str, Array]) -> Array:
        """Tensors of one layer in all their places above the branch, and inside it below any own loops."""
        alone = np.zeros((1, 7))
        return np.vstack(
            [
                reduce(beside, (_places(above, inside.get(t)) for t, above in own.items()), added)
                for added, inside in [(alone, {}), *self._ways(choice, layer, list(own))]
            ]
        )

    def _ways(self, choice: GroupChoice, layer: str, own: Sequence[str]) -> Iterator[Way]:
        """Each order and tile shapes of own loops; in a pipeline those that leave the array as full."""
        ranks = [r for r, extent in self.alone.einsum(layer).ranks.items() if extent > 1]
        for count in range(self.space.leaf_loops + 1):
            for order in itertools.permutations(ranks, count):
                for tiles in itertools.product(*(self._tiles(choice, layer, rank) for rank in order)):
                    loops = tuple(
                        Temporal((RankRef(rank, layer),), tile) for rank, tile in zip(order, tiles, strict=True)
                    )
                    added, inside = self._inside(replace(choice, leaf_loops={layer: loops}), layer, own)
                    if added[0, CYCLES] <= 0 or choice.parallelism != "pipeline":
                        yield added, inside

    def _tiles(self, choice: GroupChoice, layer: str, rank: str) -> Sequence[int]:
        """Every tile shape of a rank that follows the group's loops, because what is left of it is not known here."""
        extent = self.alone.einsum(layer).ranks[rank]
        following = driven(self.alone, choice.loops)[layer]
        return range(1, extent) if rank in following else useful_tiles(extent)

    def _inside(self, choice: GroupChoice, layer: str, own: Sequence[str]) -> Way:
        """What own loops add to the work, and what each tensor takes and adds below them.

        What is left of a rank that follows the group's loops is not known here: an own loop over it has more than one
        step if a window is smaller.
        """
        loops = choice.leaf_loops[layer]
        looped, plain = self.evaluated(choice), self.evaluated(replace(choice, leaf_loops={}))
        added = self.work(looped) - self.work(plain) if looped and plain else np.full(7, np.inf)
        following, last = (driven(self.alone, outer)[layer] for outer in (choice.loops, choice.loops[-1:]))
        found: dict[str, list[Array]] = {t: [] for t in own}
        for tensor in own:
            ranks = self._ranks(layer, tensor)
            for depth in range(len(loops) + 1):
                dividing = {loop.ranks[0].rank for loop in loops[:depth]} & ranks
                drop = not dividing - following and not (dividing and self._smaller(choice, layer, tensor, depth))
                kept = self._stored(choice, layer, tensor, depth, drop=drop) if not drop or ranks & last else None
                if kept is not None:
                    rooms = (kept[0], 0) if choice.parallelism == "pipeline" else (0, kept[0])
                    found[tensor].append(np.array([*rooms, *kept[2:]]))
        return added[None], {t: np.array(places) for t, places in found.items() if places}

    def _smaller(self, choice: GroupChoice, layer: str, tensor: str, depth: int) -> bool:
        """Whether a window is smaller below so many own loops than above all of them."""
        below, above = (self._stored(choice, layer, tensor, d, drop=True) for d in (depth, 0))
        return below is not None and above is not None and below[0] < above[0]

    def _stored(self, choice: GroupChoice, layer: str, tensor: str, depth: int, *, drop: bool) -> Array | None:
        """What a tensor takes and adds below so many own loops."""
        moved = replace(choice, leaf_retention={layer: {tensor: depth}}, drop=frozenset((tensor,) if drop else ()))
        result = self.evaluated(moved)
        return None if result is None else self.sums(result, tensor)

    def _ranks(self, layer: str, tensor: str) -> set[str]:
        einsum = self.alone.einsum(layer)
        return {r for access in (*einsum.inputs, einsum.output) if access.tensor == tensor for r in access.ranks}


def beside(one: Array, other: Array) -> Array:
    """Every combination of two tensors of one layer: the sum of everything."""
    return undominated((one[:, None] + other[None]).reshape(-1, one.shape[1]))


def _places(above: Array, inside: Array | None) -> Array:
    return above if inside is None else np.vstack([above, inside])
