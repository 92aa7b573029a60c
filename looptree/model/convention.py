"""Conventions of counting, where tools differ."""

from __future__ import annotations

from dataclasses import dataclass

from looptree.errors import InputError, close


@dataclass(frozen=True, slots=True)
class Convention:
    """How reads and cycles are counted.

    Attributes:
        name: as on the command line.
        drains_read: a word that leaves for a level further out is read where it was.
        groups_overlap: the latency is that of the slowest component over the whole run; otherwise fusion groups run
            one after the other, and each takes as long as its slowest component.
    """

    name: str
    drains_read: bool = True
    groups_overlap: bool = False


OWN = Convention("own")
"""Ours; see `docs/model.md`."""

LOOPTREE = Convention("looptree", drains_read=False, groups_overlap=True)
"""Those of the original LoopTree: its latency is the larger of compute steps and each component's accesses over its
ports, and drains are not charged as reads. The first read of a partial sum is elided, as in ours."""

CONVENTIONS = {convention.name: convention for convention in (OWN, LOOPTREE)}


def convention(name: str) -> Convention:
    """The convention of that name.

    Raises:
        InputError: there is none.
    """
    if name not in CONVENTIONS:
        problem = f"expected one of {', '.join(CONVENTIONS)} as convention, found {name!r}"
        raise InputError(problem, hint=close(name, CONVENTIONS))
    return CONVENTIONS[name]
