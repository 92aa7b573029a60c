"""Groups whose design is given: what it takes is known from the model, and nothing is left to be searched."""

from __future__ import annotations

from looptree.errors import InputError
from looptree.model import Evaluation, evaluate
from looptree.search.asked.metrics import METRICS, Totals
from looptree.search.asked.objective import value
from looptree.search.asked.rules import Pin
from looptree.search.group.design import GroupDesign
from looptree.search.network.groups.variant import Variant
from looptree.search.network.groups.workers import Searches
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.workload import Workload


def pinned(number: int, part: Workload, resident: frozenset[str], pin: Pin, searches: Searches) -> Variant:
    """A group whose design is given; there is none with tensors on chip that others leave or find there.

    Args:
        number: of its shape. part: its layers. resident: its tensors that stay on chip. searches: whose hardware it is.

    Raises:
        InputError: the buffer has partitions.
    """
    if searches.architecture.level(searches.level).partitions:
        hint = "leave the pin out, or give it one capacity_bytes"
        raise InputError(f"{searches.level} has partitions, where no published design is searched", hint=hint)
    choice, found = as_pinned(part, pin, searches)
    totals = Totals(*(float(value(name, found)) for name in METRICS))
    room = float(found.occupancy[searches.level].window_bytes)
    design = GroupDesign((), {}, frozenset(), {}, frozenset(), totals, room, pinned=choice)
    return Variant(number, resident, totals, pinned=True, designs=[] if resident else [design])


def as_pinned(part: Workload, pin: Pin, searches: Searches) -> tuple[GroupChoice, Evaluation]:
    """The design that a pin gives to layers, and what it takes with an unlimited buffer."""
    architecture = searches.architecture.with_capacity(searches.level, None)
    choice = pin.choice(part, architecture)
    return choice, evaluate(part, architecture, plan_tree(part, architecture, [choice]))
