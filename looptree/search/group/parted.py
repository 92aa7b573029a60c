"""Tensors that several layers of a group use, stored inside the branch of each of them.

Such a tensor may have a storage node inside the branch of every layer that reads or makes it, below own loops of each,
instead of one above all branches. Off chip it stands anyway: it comes from there, or it leaves the group, or it is
spilled. Each reader fetches it for itself, and the layer that makes it writes it out in pieces. What it takes and moves
in one branch does not depend on the others, so a group with such nodes is a group in which each of these layers uses a
tensor of its own, which is only ever stored inside its branch. A mapping has no tensor both above the branches and
inside one of them. Layers that then have no tensor in common are no group, as elsewhere.

Where the layer that makes such a tensor is in the group, too, it still makes what its readers need: what each layer
does is inferred as in the group as it is. Each word is computed once, as of any tensor that is off chip as well.

The loops above the branch are those of the group as it is: which ranks of several sinks they tile together may depend
on what these share.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from functools import cached_property

import numpy as np

from looptree.model.axis import Array
from looptree.search.asked.loops import merged
from looptree.search.asked.rules import TensorRule
from looptree.search.group.goal.goal import Goal
from looptree.search.group.group import Group
from looptree.search.group.loops.bounds import words_in_branches
from looptree.search.group.parting import parting
from looptree.workload import Workload


class InBranches:
    """Which tensors of a group may be stored inside the branches of the layers that use them, and what that takes.

    Args:
        group: with any goal.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self._words: dict[str, tuple[int, int]] = {}

    @cached_property
    def sets(self) -> list[frozenset[str]]:
        """Sets of tensors that several layers use, and that no restriction places; without them these hang together."""
        group = self.group
        if not group.fused or not group.space.leaf_loops or group.inside is not None or not group.possible:
            return []
        found = [
            tensor
            for tensor, rule in zip(group.tensors, group.rules, strict=True)
            if len(group.users[tensor]) > 1
            and not rule.given
            and tensor not in group.apart | group.direct
            and (tensor in group.part.inputs or self._off_chip(tensor, rule))
        ]
        return list(_sets(group.part, found))

    def _off_chip(self, tensor: str, rule: TensorRule) -> bool:
        """Whether a tensor that is made in the group may be off chip and inside branches.

        Its words have whole bytes: these are rounded up for all its readers together. The group is no long chain: what
        is known of the last layers of these takes for granted that they hang together without such a tensor, too (see
        `looptree.search.network.plans.suffixes`).
        """
        part, space = self.group.part, self.group.space
        if len(self.group.layers) > min(space.pieces, space.group_layers) or space.live:
            return False
        return part.tensors[tensor].bits % 8 == 0 and (tensor in part.outputs or (space.spill and rule.spill))

    def added(self, goal: Goal, within: Collection[str]) -> Array:
        """What some tensors add to each sum of a goal at least where they are only stored inside branches."""
        tensors = sorted(within)
        for tensor in tensors:
            if tensor not in self._words:
                self._words[tensor] = words_in_branches(self.group.part, tensor)
        words = np.array([self._words[tensor] for tensor in tensors], dtype=np.float64)
        return np.array([p.moved_all(*words.T).sum() for p in goal.prices(self.group.part, tensors)])

    def parted(self, within: Collection[str]) -> Group:
        """The group with some of its tensors only stored inside branches."""
        found = self.group.of(parting(self.group.part, within))
        found.ordered = self.group.part
        found.mirrors = self.group.mirrors  # they turn all that is one tensor alike
        return found


def _sets(part: Workload, tensors: Collection[str]) -> Iterator[frozenset[str]]:
    """All sets of some tensors without which the layers of a group still hang together, small ones first.

    Without one of its tensors such a set is one as well, so each comes from a smaller one.
    """
    found = [frozenset[str]()]
    while found:
        larger = dict.fromkeys(known | {tensor} for known in found for tensor in tensors if tensor not in known)
        found = [known for known in larger if _linked(part, known)]
        yield from found


def _linked(part: Workload, but: Collection[str]) -> bool:
    """Whether all layers hang together by tensors that they share, other than some."""
    users: dict[str, list[int]] = {}
    for number, einsum in enumerate(part.einsums):
        for tensor in {*einsum.reads, einsum.output.tensor}.difference(but):
            users.setdefault(tensor, []).append(number)
    tied = [pair for numbers in users.values() for pair in itertools.pairwise(numbers)]
    return len(merged(tuple((number,) for number in range(len(part.einsums))), tied)) == 1
