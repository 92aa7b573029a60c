"""How much time has passed and how much is left."""

from __future__ import annotations

import time


class Clock:
    """Wall-clock time since the clock was made, and until its time is over.

    Args:
        limit: seconds that it runs; None for ever.

    Raises:
        ValueError: the limit is negative.
    """

    def __init__(self, limit: float | None) -> None:
        if limit is not None and not limit >= 0:
            raise ValueError(f"a time limit of {limit} seconds: expected no negative number, or None for no limit")
        self._start = time.monotonic()
        self._limit = limit

    @property
    def seconds(self) -> float:
        """Passed so far."""
        return time.monotonic() - self._start

    @property
    def left(self) -> float | None:
        """Seconds left, at least 0; None if there is no end."""
        return None if self._limit is None else max(0.0, self._limit - self.seconds)

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return self.left == 0.0
