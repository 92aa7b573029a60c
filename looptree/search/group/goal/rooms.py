"""What the buffer of a search can hold: all tensors together, or weights in a partition of their own.

What weights take of their partition is a sum with a limit, as metrics are. What all other tensors take is the capacity
of a search.
"""

from __future__ import annotations

from looptree.architecture import Level
from looptree.workload import Workload


def shared_bytes(level: Level) -> int | None:
    """Bytes for all tensors but weights in a partition of their own; `None` if unlimited."""
    part = level.partition("", "intermediate")
    return level.capacity_bytes if part is None else part.capacity_bytes


def weight_bytes(level: Level) -> int | None:
    """Bytes of a partition that only weights are in; `None` if there is none."""
    part = level.partition("", "weight")
    return None if part is None or part is level.partition("", "intermediate") else part.capacity_bytes


def apart(part: Workload, level: Level) -> frozenset[str]:
    """The tensors of a segment that are in a partition of their own."""
    if weight_bytes(level) is None:
        return frozenset()
    return frozenset(t for t in part.tensors if part.kind(t) == "weight")
