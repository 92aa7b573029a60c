"""Which points follow from others that differ in the capacity of the buffer alone.

Three proofs, for plans that are proven optimal:

* *Nothing fits.* If nothing fits a capacity, nothing fits a smaller one.
* *A plan that needs less.* If the best plan at a capacity needs less, it is best at every capacity down to what it
  needs: a better plan there would fit here, too.
* *A bigger buffer that cannot help.* If the best plans at two capacities are equally good, the one of the smaller is
  best at every capacity in between.

So the largest capacity is searched first, then the smallest, then the middle of what is left. Which points are searched
follows from the results alone: it is the same however often a sweep is interrupted, and with any number of workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from looptree.sweep.store import Result


@dataclass(frozen=True, slots=True)
class Member:
    """One point of a family.

    Attributes:
        item: its number. capacity: bytes of the buffer, infinite where it has no limit. objective: what is searched.
    """

    item: int
    capacity: float
    objective: str


def step(family: Sequence[Member], known: Mapping[int, Result]) -> tuple[list[Result], int | None]:
    """What follows from the results of a family, and the next point to search; `None` where all is known.

    Args:
        family: from the largest capacity to the smallest.
    """
    found = dict(known)
    new: list[Result] = []

    def settle(at: int, above: int | None, below: int | None) -> bool:
        member = family[at]
        if member.item in found:
            return True
        listed = [found[family[i].item] if i is not None else None for i in (above, below)]
        result = decided(member, *listed)
        if result is None:
            return False
        found[member.item] = result
        new.append(result)
        return True

    last = len(family) - 1
    for at, above in ((0, None), (last, 0)):
        if not settle(at, above, None):
            return new, family[at].item
    open_ = [(0, last)]
    while open_:
        above, below = open_.pop()
        if below - above < 2:
            continue
        middle = (above + below) // 2
        if not settle(middle, above, below):
            return new, family[middle].item
        open_ += [(middle, below), (above, middle)]
    return new, None


def decided(member: Member, above: Result | None, below: Result | None) -> Result | None:
    """The result of a point that follows from those of a larger and of a smaller buffer, if it does."""
    if above is None:
        return None
    if above.status == "infeasible":
        return _same(member, above)
    if above.status != "optimal":
        return None
    if above.data["capacity"] <= member.capacity:
        return _same(member, above)
    if below is not None and below.status == "optimal" and below.data["value"] <= above.data["value"]:
        return _same(member, below)
    return None


def _same(member: Member, known: Result) -> Result:
    source = known.item if known.source is None else known.source
    return replace(known, item=member.item, seconds=0.0, source=source, plan=None)
