"""Words that move at one memory level."""

from __future__ import annotations

from typing import NamedTuple


class Movement(NamedTuple):
    """Words of one tensor read and written at one level on behalf of one chain.

    Attributes:
        busy_reads, busy_writes: those of the instance of the level that has most; `None` where there is only one.
    """

    chain: int
    level: str
    tensor: str
    reads: int
    writes: int
    busy_reads: int | None = None
    busy_writes: int | None = None

    def unread(self) -> Movement:
        """The same without its reads."""
        return self._replace(reads=0, busy_reads=None if self.busy_reads is None else 0)
