"""Layers that compute nothing: they are left out of a search, and put back into its plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload


def with_idle(
    network: Workload, idle: Sequence[str], groups: Sequence[GroupChoice], resident: Collection[str], level: str
) -> tuple[GroupChoice, ...]:
    """The groups of a plan with idle layers.

    Each is a group of its own, before those that read nothing of it. It runs after the groups that make its inputs, and
    if one of these stays on chip, after the first group that reads that, which fetches it; if the last of all these
    groups is the one to read nothing of it, it runs in there. So it changes nothing of what the other groups take.

    Args:
        idle: these layers, in the order of the network; see `looptree.search.group.trimmed.idle_layers`.
    """
    found = list(groups)
    for name in idle:
        at = {layer: i for i, group in enumerate(found) for layer in group.einsums}
        einsum = network.einsum(name)
        makers = [at[made.name] for made in map(network.producer, einsum.reads) if made is not None]
        stays = [[at[c.name] for c in network.consumers(t) if c.name in at] for t in einsum.reads if t in resident]
        after, first = max([*makers, *map(min, stays)], default=-1), _first_reader(network, name, at)
        if after == first and found[first].parallelism == "sequential":
            found[first] = _joined(network, found[first], name)
        else:
            found.insert(min(after + 1, first), GroupChoice((name,), level=level))
    return tuple(found)


def _joined(network: Workload, group: GroupChoice, name: str) -> GroupChoice:
    """A group with an idle layer that one of it reads nothing of; a loop of one step makes one group of two layers."""
    makers = {made.name for made in map(network.producer, network.einsum(name).reads) if made is not None}
    position = max((at + 1 for at, layer in enumerate(group.einsums) if layer in makers), default=0)
    layers = (*group.einsums[:position], name, *group.einsums[position:])
    once = [Temporal((RankRef(rank),), extent) for rank, extent in network.einsum(group.einsums[-1]).ranks.items()]
    retention = {**group.retention, network.einsum(name).output.tensor: 0}
    return replace(group, einsums=layers, loops=group.loops or tuple(once[:1]), retention=retention)


def _first_reader(network: Workload, name: str, at: Mapping[str, int]) -> int:
    """The first group that reads what a layer makes, or what layers make that have no group yet and read that."""
    readers = network.consumers(network.einsum(name).output.tensor)
    return min(at[e.name] if e.name in at else _first_reader(network, e.name, at) for e in readers)
