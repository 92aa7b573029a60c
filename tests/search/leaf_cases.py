"""The exhaustive search with loops of a layer's own, slow and obvious: what is stored below them is reloaded."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
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

    def placings(self, choice: GroupChoice) -> Iterator[Iterator[Array]]:
        """With each set of the tensors that several layers use inside the branches of all of these."""
        made = len(self.names) <= self.space.pieces and choice.parallelism == "sequential"
        shared = [t for t in self.free(choice) if len(self.users(t)) > 1 and (made or t in self.alone.inputs)]
        for count in range(len(shared) + 1 if self.space.leaf_loops else 1):
            for within in itertools.combinations(shared, count):
                if self._hangs_together(within):
                    yield self.streams(choice, within)

    def _hangs_together(self, but: Collection[str]) -> bool:
        """Whether the layers share tensors other than some."""
        reached = {self.names[0]}
        for tensor in [t for _ in self.names for t in self.alone.tensors if t not in but]:
            reached |= self.users(tensor) if self.users(tensor) & reached else set()
        return len(reached) == len(self.names)

    def users(self, tensor: str) -> frozenset[str]:
        """Layers of the group that read or write a tensor."""
        return self.network.users(tensor) & {*self.names}

    def streams(self, choice: GroupChoice, within: Collection[str]) -> Iterator[Array]:
        """The tensors of a layer that may be streamed are one item, every other tensor is one."""
        above = self.above(choice) | {t: np.zeros((0, 7)) for t in within}
        for layer in self.names if len(self.names) > 1 and self.space.leaf_loops else ():
            own = [t for t in above if self.users(t) == {layer} or (t in within and layer in self.users(t))]
            yield self.streamed(choice, layer, {t: above[t] for t in own})
            above = {t: places for t, places in above.items() if t not in own or t in within}
        yield from (places for t, places in above.items() if t not in within)

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
        """What own loops add to the work, and what each tensor takes and adds below them."""
        loops = choice.leaf_loops[layer]
        looped, plain = self.evaluated(choice), self.evaluated(replace(choice, leaf_loops={}))
        added = self.work(looped) - self.work(plain) if looped and plain else np.full(7, np.inf)
        found: dict[str, list[Array]] = {t: [] for t in own}
        for tensor in own:
            for depth in range(len(loops) + 1):
                kept = self._apart(choice, layer, tensor, depth)
                if kept is not None:
                    rooms = (kept[0], 0) if choice.parallelism == "pipeline" else (0, kept[0])
                    found[tensor].append(np.array([*rooms, *kept[2:]]))
        return added[None], {t: np.array(places) for t, places in found.items() if places}

    def _apart(self, choice: GroupChoice, layer: str, tensor: str, depth: int) -> Array | None:
        """What a tensor takes and adds inside the branch of one layer, without what others read and write off chip."""
        within = replace(choice, leaf_retention={layer: {tensor: depth}}, reload=frozenset((tensor,)))
        result, maker = self.evaluated(within), self.alone.producer(tensor)
        if result is None:
            return None
        kept = self.sums(result, tensor, self.users(tensor) - {layer, maker.name if maker else ""})
        if maker is not None and maker.name != layer:
            nowhere = self.evaluated(choice, off_chip=(tensor,))
            assert nowhere is not None, "that has one node less"
            kept -= self.sums(nowhere, tensor, self.users(tensor) - {maker.name})
        return kept


def beside(one: Array, other: Array) -> Array:
    """Every combination of two tensors of one layer: the sum of everything."""
    return undominated((one[:, None] + other[None]).reshape(-1, one.shape[1]))


def _places(above: Array, inside: Array | None) -> Array:
    return above if inside is None else np.vstack([above, inside])
