"""What designs with tensors inside branches take at least, from the group as it is.

Each set of tensors that may be stored inside branches makes a group of its own (`looptree.search.group.parted`), and
there may be very many. All of their designs are designs of the group as it is in which these tensors take no room, and
cost what the layers that use them move at least; what is made in the group is computed once. So the group as it is gets
one place more for each such tensor, and is searched with all of them first: if nothing that is found then is good
enough, no set of tensors leads to a better design. If something is, each set is searched the same way, with its tensors
nowhere else. That needs the tables of the group as it is only. A set that this does not rule out is searched itself,
which takes longer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from looptree.search.group.bound.book import PatternBook
from looptree.search.group.bound.branch_and_bound import BranchAndBound
from looptree.search.group.bound.places import Within
from looptree.search.group.bound.placing import Placing
from looptree.search.group.bound.problems import Problems
from looptree.search.group.group import Group
from looptree.search.group.parted import InBranches
from looptree.search.group.quest import Quest


class Eased:
    """Bounds of the `parted` groups of one group.

    Args:
        books: its loop orders. within: the sets of tensors.
    """

    def __init__(self, group: Group, books: Callable[[], Iterator[PatternBook]], within: InBranches) -> None:
        self.group = group
        self.books = books
        self.within = within

    def sets(self, quest: Quest) -> Iterator[frozenset[str]]:
        """The sets of tensors with which there may be a better design; they may wait for a thorough search."""
        told = []
        for found in self.within.sets:
            if quest.resident.isdisjoint(found) and self._compulsory(found, quest) < quest.below:
                if not self._bounds(found, quest):
                    yield found
                elif self._any_roots(found, quest):
                    told.append(found)
        together = frozenset[str]().union(*told)
        least = self.least(together, quest, only=len(told) == 1) if told else quest.below
        if not quest.thorough:
            quest.leaves(least)
        elif least < quest.below:
            yield from (found for found in told if len(told) == 1 or self.least(found, quest, only=True) < quest.below)

    def least(self, within: Collection[str], quest: Quest, *, only: bool) -> float:
        """What no design undercuts in which some tensors may be stored inside branches, as far as it is `below`.

        Args:
            only: whether all of these are stored there.
        """
        branch = self._branch(within, quest, only=only)
        left = branch.search_all(self.books(), quest.until, quest.effort, thorough=quest.thorough)
        return min(left, branch.met.bound, branch.below)

    def _compulsory(self, within: Collection[str], quest: Quest) -> float:
        """What all designs with these tensors inside branches take."""
        group = self.group
        added = self.within.added(group.everything, within)
        return group.goal.aim.weights.of(group.least(quest.resident.union(within), quest.fetched, added))

    def _any_roots(self, within: Collection[str], quest: Quest) -> bool:
        """Whether some design may be better, as far as bounds of whole loop orders say."""
        branch = self._branch(within, quest, only=True)
        return any(len(branch.roots(book)) for book in self.books())

    def _bounds(self, within: Collection[str], quest: Quest) -> bool:
        """Whether designs of the group as it is, its layers in turns, bound those with tensors inside branches."""
        group = self.group
        pipelined = group.space.pipeline and group.goal.timed and set(group.part.inputs).issuperset(within)
        live = group.space.live and group.goal.architecture.allocation == "live"
        fewer = group.goal.timed and any(self._fewer_cycles(tensor) for tensor in within)
        return not pipelined and not live and not fewer and group.patterns.complete

    def _fewer_cycles(self, tensor: str) -> bool:
        """Whether some layer that uses a tensor may leave out cycles by loops of its own, which the tensor allows."""
        return any(self.group.divider(layer).leasts.cycles < 1 for layer in self.group.users[tensor])

    def _branch(self, within: Collection[str], quest: Quest, *, only: bool) -> BranchAndBound:
        group = self.group
        rows = {group.tensors.index(tensor): self.within.added(group.goal, {tensor}) for tensor in within}
        known = Problems(group, quest.resident, quest.room, fetched=quest.fetched, within=Within(rows, only))
        return BranchAndBound(Placing(known), quest.floor, quest.below, quest.tally)
