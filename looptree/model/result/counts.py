"""What is counted: operations, words and bytes moved, and what a memory level holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class OperationCount:
    """Operations of an Einsum; `recomputed` of them had been done before."""

    total: int
    recomputed: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Words and bytes of one tensor read and written at one level.

    Attributes:
        busy_words: words read and written by the instance of the level that moves most; `None` where there is only one.
    """

    reads_words: int
    writes_words: int
    reads_bytes: int
    writes_bytes: int
    busy_words: tuple[int, int] | None = None

    @property
    def per_instance(self) -> tuple[int, int]:
        """Words read and written by the instance that moves most."""
        return (self.reads_words, self.writes_words) if self.busy_words is None else self.busy_words

    def __add__(self, other: Traffic) -> Traffic:
        busy = None
        if self.busy_words is not None or other.busy_words is not None:
            (a, b), (c, d) = self.per_instance, other.per_instance
            busy = (a + c, b + d)
        return Traffic(
            self.reads_words + other.reads_words,
            self.writes_words + other.writes_words,
            self.reads_bytes + other.reads_bytes,
            self.writes_bytes + other.writes_bytes,
            busy,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, in words; `per_instance` only where there are several instances."""
        data: dict[str, Any] = {"reads_words": self.reads_words, "writes_words": self.writes_words}
        if self.busy_words is not None:
            reads, writes = self.busy_words
            data["per_instance"] = {"reads_words": reads, "writes_words": writes}
        return data


@dataclass(frozen=True, slots=True)
class PartOccupancy:
    """What one partition of a memory level has to hold, in bytes; see `Occupancy`."""

    window_bytes: int
    live_bytes: int
    capacity_bytes: int
    fits: bool


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What a memory level has to hold, in bytes.

    Attributes:
        window_bytes: with fixed tiles. live_bytes: with an ideal allocator.
        capacity_bytes: `None` if unlimited. fits: the counted one is within the capacity, in every partition.
        per_tensor: (window_bytes, live_bytes) of each tensor. partitions: by name; empty where there are none.
    """

    window_bytes: int
    live_bytes: int
    capacity_bytes: int | None
    fits: bool
    per_tensor: Mapping[str, tuple[int, int]]
    partitions: Mapping[str, PartOccupancy] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; partitions only where there are some."""
        data: dict[str, Any] = {
            "window_bytes": self.window_bytes,
            "live_bytes": self.live_bytes,
            "capacity_bytes": self.capacity_bytes,
            "fits": self.fits,
            "per_tensor": {t: {"window_bytes": w, "live_bytes": v} for t, (w, v) in self.per_tensor.items()},
        }
        if self.partitions:
            data["partitions"] = {name: asdict(part) for name, part in self.partitions.items()}
        return data
