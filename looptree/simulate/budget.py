"""How much work a simulation may do before it gives up.

Work is counted in points: one for every operation or tensor point that is looked at, and one for
every step of a loop.
"""

from __future__ import annotations

from looptree.errors import UnsupportedError
from looptree.workload import Workload


class Budget:
    """Points that may still be looked at.

    Args:
        limit: points in all.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    def spend(self, points: int) -> None:
        """Look at so many points.

        Raises:
            UnsupportedError: that is more than the limit allows.
        """
        self.spent += points
        if self.spent > self.limit:
            raise self._too_large(f"takes more than {self.limit:,} point visits")

    def check(self, workload: Workload) -> None:
        """Refuse before any work is done what cannot fit: every operation and tensor point is visited.

        Raises:
            UnsupportedError: operations and tensor points alone exceed the limit.
        """
        least = workload.operations + sum(tensor.size for tensor in workload.tensors.values())
        if least > self.limit:
            raise self._too_large(f"takes at least {least:,} point visits; the limit is {self.limit:,}")

    def _too_large(self, problem: str) -> UnsupportedError:
        return UnsupportedError(
            f"simulating this design {problem}", hint="use smaller rank extents, or raise the limit"
        )
