"""Every plan of a network: its groups, their order, and what stays on chip between them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

from looptree.search.exhaustive.network import Names, Network, subsets
from looptree.taxonomy.group_tensors import group_tensors

Step = tuple[Names, Names, Names, int]
"""A group of a plan, the tensors that it finds or leaves on chip whole, those of them that it fetches, and the bytes of
all that are on chip then."""


def plans_of(network: Network) -> set[frozenset[Step]]:
    """Every partition into connected groups, order of them, and set of tensors on chip between them."""
    found = set()
    for groups in _partitions(network, [e.name for e in network.workload.einsums]):
        for order in itertools.permutations(groups):
            if _made_before_read(network, order):
                crossing = [t for t in network.whole_bytes if sum(bool(network.users(t) & g) for g in order) > 1]
                rules = {t: network.space.restrictions.tensor(t).between for t in crossing}
                must = {t for t, rule in rules.items() if rule == "always"}
                for kept in subsets([t for t in crossing if rules[t] != "never"]):
                    outer = [t for t in kept if t in network.workload.inputs]
                    few = _most_between(network, order, outer) <= network.space.resident_inputs
                    if must <= set(kept) and few and _most_between(network, order, kept) <= network.space.resident:
                        found.add(frozenset(steps_of(network, order, kept)))
    return found


def _partitions(network: Network, names: Sequence[str]) -> Iterator[list[Names]]:
    """Partitions of some layers into groups that the space allows."""
    if not names:
        yield []
    for others in subsets(names[1:]) if names else ():
        group = frozenset((names[0], *others))
        allowed = network.space.restrictions.allows(sorted(group))
        few = len(group) <= network.space.most_layers[_chain(network, group)]
        if few and _connected(network, group) and allowed:
            for rest in _partitions(network, [n for n in names if n not in group]):
                yield [group, *rest]


def _connected(network: Network, group: Names) -> bool:
    """Whether the layers of a group hang together by tensors that they share."""
    reached = {min(group)}
    for _ in group:
        shared = group_tensors(network.workload, sorted(reached))
        reached |= {name for tensor in shared for name in network.users(tensor) & group}
    return reached == group


def _chain(network: Network, group: Names) -> bool:
    """Whether all but one read one tensor made in the group, and all but one make one that is read once."""
    einsums = [network.workload.einsum(name) for name in group]
    made = {e.output.tensor for e in einsums}
    read = [made & set(e.reads) for e in einsums]
    readers = [sum(e.output.tensor in known for known in read) for e in einsums]
    return sorted(map(len, read)) == sorted(readers) == [0] + [1] * (len(group) - 1)


def _made_before_read(network: Network, order: Sequence[Names]) -> bool:
    """Whether each group comes after those that make what it reads."""
    at = {name: i for i, group in enumerate(order) for name in group}
    made = [(t, network.workload.producer(t)) for t in network.workload.intermediates]
    return all(at[c.name] >= at[e.name] for t, e in made if e for c in network.workload.consumers(t))


def _most_between(network: Network, order: Sequence[Names], kept: Collection[str]) -> int:
    """The most tensors that are on chip between two groups."""
    cuts = [(frozenset().union(*order[:i]), frozenset().union(*order[i:])) for i in range(1, len(order))]
    return max((sum(bool(network.users(t) & a and network.users(t) & b) for t in kept) for a, b in cuts), default=0)


def steps_of(network: Network, order: Sequence[Names], kept: Collection[str]) -> Iterator[Step]:
    """The groups of a plan in their order, with what each has on chip of the tensors that are kept."""
    using = {t: [i for i, group in enumerate(order) if network.users(t) & group] for t in kept}
    for index, group in enumerate(order):
        alive = [t for t, groups in using.items() if groups[0] <= index <= groups[-1]]
        touched = frozenset(t for t in alive if index in using[t])
        fetched = frozenset(t for t in touched if t in network.workload.inputs and index == using[t][0])
        yield group, touched, fetched, sum(network.whole_bytes[t] for t in alive)
