"""Instances of the covering problem, and an obviously correct solution of the small ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from looptree.search.covering import Column, Cover

Edges = list[tuple[int, int]]


@dataclass(frozen=True)
class Instance:
    """What `cover` takes."""

    layers: int
    edges: Edges
    columns: list[Column]
    limits: tuple[int | None, ...] = ()


def column(members: str, cost: int, *uses: int) -> Column:
    """A column; its members are the digits of a text."""
    return Column(frozenset(map(int, members)), cost, uses)


def waits_in_a_cycle(edges: Edges, groups: Sequence[frozenset[int]]) -> bool:
    """Whether groups wait for each other in a cycle: take away what waits for nothing until nothing can be taken."""
    left = list(groups)
    while left:
        ready = [g for g in left if not any(b in g and a not in g and any(a in h for h in left) for a, b in edges)]
        if not ready:
            return True
        left = [g for g in left if g not in ready]
    return False


def partitions(instance: Instance) -> Iterator[tuple[int, ...]]:
    """Every choice of columns that holds every layer once, whatever it waits for and uses."""

    def extend(chosen: tuple[int, ...], left: frozenset[int]) -> Iterator[tuple[int, ...]]:
        if not left:
            yield chosen
            return
        for number, candidate in enumerate(instance.columns):
            if min(left) in candidate.members and candidate.members <= left:
                yield from extend((*chosen, number), left - candidate.members)

    yield from extend((), frozenset(range(instance.layers)))


def prices(instance: Instance) -> list[tuple[int, ...]]:
    """Cost and uses of every cover."""
    found = []
    for chosen in partitions(instance):
        groups = [instance.columns[number] for number in chosen]
        uses = tuple(sum(group.uses[k] for group in groups) for k in range(len(instance.limits)))
        within = all(limit is None or used <= limit for used, limit in zip(uses, instance.limits, strict=True))
        if within and not waits_in_a_cycle(instance.edges, [group.members for group in groups]):
            found.append((sum(group.cost for group in groups), *uses))
    return found


def check(instance: Instance, found: Cover) -> None:
    """Asserts that what was found is a cover, in an order in which it can run, with the numbers that it states."""
    groups = [instance.columns[number] for number in found.chosen]
    assert sorted(layer for group in groups for layer in group.members) == list(range(instance.layers))
    place = {layer: at for at, group in enumerate(groups) for layer in group.members}
    assert all(place[first] <= place[second] for first, second in instance.edges)
    assert found.cost == sum(group.cost for group in groups)
    assert found.uses == tuple(sum(group.uses[k] for group in groups) for k in range(len(instance.limits)))
    for used, limit in zip(found.uses, instance.limits, strict=True):
        assert limit is None or used <= limit
    assert found.bound <= found.cost


def random_instance(seed: int, quantities: int = 0, largest: int = 6) -> Instance:
    """A small instance: any directed acyclic graph, any groups, some twice, costs small, huge or nearly equal."""
    draw = random.Random(seed)
    layers = draw.randint(1, largest)
    names = draw.sample(range(layers), layers)
    dense = draw.choice([0.2, 0.4, 0.7])
    edges = [(names[i], names[j]) for j in range(layers) for i in range(j) if draw.random() < dense]
    cost = draw.choice([_small, _huge, _nearly_equal, _constant])
    groups = [frozenset({i}) for i in range(layers) if draw.random() < 0.9]
    groups += [
        frozenset(draw.sample(range(layers), draw.randint(1, min(4, layers)))) for _ in range(draw.randint(0, 24))
    ]
    columns = [
        Column(group, cost(draw, len(group)), tuple(draw.randint(0, 9) for _ in range(quantities)))
        for group in groups
        for _ in range(draw.choice([1, 1, 1, 2, 3]))
    ]
    draw.shuffle(columns)
    limits = tuple(draw.choice([None, draw.randint(0, 9), draw.randint(5, 5 * layers)]) for _ in range(quantities))
    return Instance(layers, edges, columns, limits)


def crossed_instance(seed: int, quantities: int = 0) -> Instance:
    """A small instance whose cheap groups wait for each other: chains side by side, groups across them."""
    draw = random.Random(seed)
    chains, length = draw.choice([(2, 2), (2, 3), (3, 2), (2, 4), (4, 2), (3, 3)])
    layers = chains * length
    edges = [(i, i + 1) for i in range(layers - 1) if (i + 1) % length]
    groups = [frozenset({i}) for i in range(layers)]
    for _ in range(draw.randint(6, 30)):
        members = draw.sample(range(chains), draw.randint(2, min(3, chains)))
        groups.append(frozenset(chain * length + draw.randrange(length) for chain in members))
    columns = []
    for group in groups:
        cost = draw.randint(8, 10) if len(group) == 1 else len(group) * draw.randint(3, 8)
        columns.append(Column(group, cost, tuple(draw.randint(0, 9) for _ in range(quantities))))
    limits = tuple(draw.choice([None, draw.randint(2 * layers, 5 * layers)]) for _ in range(quantities))
    return Instance(layers, edges, columns, limits)


def _small(draw: random.Random, members: int) -> int:
    return draw.randint(0, 4 + 3 * members)


def _huge(draw: random.Random, members: int) -> int:
    return draw.randint(0, members * 10**18)


def _nearly_equal(draw: random.Random, members: int) -> int:
    return members * 10**18 + draw.randint(-2, 2)


def _constant(draw: random.Random, members: int) -> int:
    return members


def network(modules: int, largest: int, seed: int, ways: int = 1, quantities: int = 0, scale: int = 1) -> Instance:
    """A network like Inception: a stem of three layers, then modules of four branches with 1, 2, 3 and 2 layers.

    The first layers of a module read the ends of all branches before it. Groups are the convex ones of up to `largest`
    layers that are connected by edges or by reading the same layer. A group costs what it reads from outside, what
    others read from it, and its weights, and the larger it is the more a random factor adds.

    Args:
        ways: columns for each group of several layers. scale: what costs are multiplied by, and a bit more.
    """
    edges, layers = _inception(modules)
    draw = random.Random(seed)
    before, after = _neighbours(layers, edges)
    out = [draw.randint(20_000, 200_000) for _ in range(layers)]
    weights = [draw.randint(5_000, 60_000) for _ in range(layers)]
    columns = []
    for group in sorted(_groups(layers, edges, largest), key=sorted):
        reads = set().union(*(before[i] for i in group)) - group
        writes = {i for i in group if after[i] - group or not after[i]}
        traffic = sum(out[i] for i in (*reads, *writes)) + sum(weights[i] for i in group)
        cost = int(traffic * (1 + 0.25 * draw.random() * (len(group) - 1)))
        for way in range(ways if len(group) > 1 else 1):
            uses = tuple(draw.randint(1, 10 * len(group)) for _ in range(quantities))
            some = int(cost * (1 + 0.1 * way * draw.random()))
            columns.append(Column(group, some * scale + draw.randrange(scale), uses))
    return Instance(layers, edges, columns, (None,) * quantities)


def _inception(modules: int) -> tuple[Edges, int]:
    edges, layers, tips = [(0, 1), (1, 2)], 3, [2]
    for _ in range(modules):
        ends = []
        for length in (1, 2, 3, 2):
            edges += [(tip, layers) for tip in tips]
            edges += [(i, i + 1) for i in range(layers, layers + length - 1)]
            layers += length
            ends.append(layers - 1)
        tips = ends
    return edges, layers


def _neighbours(layers: int, edges: Edges) -> tuple[list[set[int]], list[set[int]]]:
    before = [{a for a, b in edges if b == i} for i in range(layers)]
    after = [{b for a, b in edges if a == i} for i in range(layers)]
    return before, after


def _groups(layers: int, edges: Edges, largest: int) -> list[frozenset[int]]:
    before, after = _neighbours(layers, edges)
    near = [before[i] | after[i] | set().union(*(after[p] for p in before[i])) for i in range(layers)]
    level = {frozenset({i}) for i in range(layers)}
    found = set(level)
    for _ in range(largest - 1):
        level = {group | {j} for group in level for i in group for j in near[i] - group}
        found |= level
    below = [set(after[i]) for i in range(layers)]
    for i in reversed(range(layers)):
        below[i] |= set().union(*(below[j] for j in after[i]))
    outside = [set().union(*(below[j] for j in after[i])) | after[i] for i in range(layers)]
    return [g for g in found if not any(outside[j] & g for i in g for j in outside[i] - g)]


def front_by_ideals(instance: Instance) -> list[tuple[int, ...]]:
    """The front of cost and uses by dynamic programming over the sets of layers that can be done first."""
    before, _ = _neighbours(instance.layers, instance.edges)
    starting: list[list[tuple[int, int, tuple[int, ...]]]] = [[] for _ in range(instance.layers)]
    for candidate in instance.columns:
        needed = set().union(*(before[i] for i in candidate.members)) - candidate.members
        price = (candidate.cost, *candidate.uses)
        starting[min(candidate.members)].append((_mask(candidate.members), _mask(needed), price))
    levels: list[dict[int, set[tuple[int, ...]]]] = [{} for _ in range(instance.layers + 1)]
    levels[0][0] = {(0,) * (1 + len(instance.limits))}
    for level in levels[:-1]:
        for done, reached in level.items():
            least = _least(reached)
            for layer in range(instance.layers):
                if done >> layer & 1 or _mask(before[layer]) & ~done:
                    continue
                for mask, waits, price in starting[layer]:
                    if not (mask & done or waits & ~done):
                        then = levels[(done | mask).bit_count()].setdefault(done | mask, set())
                        then.update(tuple(map(sum, zip(known, price, strict=True))) for known in least)
        level.clear()
    return sorted(_least(levels[-1].get((1 << instance.layers) - 1, set())))


def _mask(layers: Iterable[int]) -> int:
    return sum(1 << layer for layer in layers)


def _least(found: set[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Those that no other one is at most as large as in every entry."""
    kept: list[tuple[int, ...]] = []
    for one in sorted(found):
        if not any(all(a <= b for a, b in zip(other, one, strict=True)) for other in kept):
            kept.append(one)
    return kept
