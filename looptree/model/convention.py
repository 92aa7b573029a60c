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
        single_steps: an iteration of all temporal loops around a computation is one cycle, whatever its tile.
    """

    name: str
    drains_read: bool = True
    groups_overlap: bool = False
    single_steps: bool = False


OWN = Convention("own")
"""Ours; see `docs/model.md`."""

LOOPTREE = Convention("looptree", drains_read=False, groups_overlap=True, single_steps=True)
"""Those of the original LoopTree: its latency is the larger of compute steps and each component's accesses over its
ports, and drains are not charged as reads. What no temporal loop takes apart is one compute step. The first read of a
partial sum is elided, as in ours.

Source: PyTimeloop, `pytimeloop.looptree` and its tests (github.com/Accelergy-Project/timeloop-python), read for the
convention."""

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
