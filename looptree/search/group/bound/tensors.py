"""What bounds need to know of the tensors of a group, where some of them stay on chip anyway."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from looptree.search.group.bound.places import Tensors, Within
from looptree.search.group.bound.relax import MOST_LOOPS
from looptree.search.group.group import Group
from looptree.search.group.patterns.branches import NestedBranch


def streamed_rows(
    group: Group, free: Sequence[int], capacity: float, branch: NestedBranch | None, *, timed: bool
) -> dict[str, list[int]]:
    """Per layer the rows of tensors that only it uses, and that it may stream.

    Where there is room for everything, only those of which pieces leave out words that a stride skips, those of a layer
    of which pieces leave out cycles, and those that are inside in any case.

    Args:
        free: rows of the tensors that do not stay on chip anyway. branch: a nested one. timed: whether cycles count.
    """
    found: dict[str, list[int]] = {}
    for row in free:
        users = group.users[group.tensors[row]]
        streamed = not group.roles[row].inner and group.tensors[row] not in group.apart
        alone = len(users) == 1 and (branch is None or users[0] not in branch.chosen.layers)
        open_ = alone and streamed and not group.rules[row].given
        wanted = math.isfinite(capacity) or group.tensors[row] in group.origin
        if open_ and (wanted or _pays(group, users[0], group.tensors[row], timed=timed)):
            found.setdefault(users[0], []).append(row)
    return found


def _pays(group: Group, layer: str, tensor: str, *, timed: bool) -> bool:
    """Whether own loops may leave out words of a tensor, or cycles of the layer, if these count."""
    leasts = group.divider(layer).leasts
    return leasts.entering(tensor) < 1 or (timed and leasts.cycles < 1)


def tensors_of(
    group: Group,
    free: Sequence[int],
    streamed: Mapping[str, Sequence[int]],
    nested: Sequence[int],
    within: Within,
) -> Tensors:
    """What bounds need to know of the tensors.

    Args:
        free, within: rows of the tensors that do not stay on chip anyway, and of which several layers may store some
        inside their branches. streamed: see `streamed_rows`. nested: rows of those that may be stored inside a nested
        branch.
    """
    share = np.full(len(group.tensors), np.inf)
    for layer, rows in streamed.items():
        for row in rows:
            share[row] = group.divider(layer).leasts.entering(group.tensors[row])
    rules, every = group.rules, np.arange(len(group.tensors))
    open_ = [frozenset(rule.depths(MOST_LOOPS)) for rule in rules]
    only = [row for row, t in enumerate(group.tensors) if t in group.origin or (within.only and row in within.added)]
    return Tensors(
        group.width,
        group.roles,
        np.isin(every, free),
        share,
        np.array([group.space.spill and rule.spill for rule in rules], dtype=bool),
        np.array([[depth not in depths for depth in range(MOST_LOOPS + 1)] for depths in open_]),
        np.array([rule.drop for rule in rules], dtype=bool),
        np.array([t in group.apart for t in group.tensors], dtype=bool),
        group.words,
        *group.making,
        np.isin(every, nested),
        np.isin(every, only),
        within.added,
        group.copies,
    )
