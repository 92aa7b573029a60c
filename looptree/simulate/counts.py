"""What the simulator hands back."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Counts:
    """Everything that was counted while a design ran, as exact numbers.

    Attributes:
        operations: per Einsum (operations, those among them that were done before).
        transfers: per (memory level, tensor) (words read there, words written there).
        busy_words: per (memory level, tensor), where the level has instances, words read and written by the busiest.
        window_words: per place id, words of the largest window.
        live_words: per place id, the most words needed at once by an ideal allocator.
        demand_window_bytes: per memory level, bytes of all windows; chains of a sequential branch share
            the space, chains of a pipeline do not, and what stays while it is used counts from its first to
            its last chain.
        demand_live_bytes: the same with live words.
        per_tensor_window_bytes: per (memory level, tensor), the demand of that tensor alone.
        per_tensor_live_bytes: the same with live words.
        partition_window_bytes: per (memory level, partition), the demand of the tensors in it.
        partition_live_bytes: the same with live words.
        compute_cycles: per Einsum, cycles of all its steps one after the other.
        total_compute_cycles: cycles of the whole mapping, pipelines overlapped.
        stepwise_cycles: per group in order, cycles step by step, transfers with the neighbouring steps.
    """

    operations: dict[str, tuple[int, int]]
    transfers: dict[tuple[str, str], tuple[int, int]]
    busy_words: dict[tuple[str, str], tuple[int, int]]
    window_words: dict[int, int]
    live_words: dict[int, int]
    demand_window_bytes: dict[str, int]
    demand_live_bytes: dict[str, int]
    per_tensor_window_bytes: dict[tuple[str, str], int]
    per_tensor_live_bytes: dict[tuple[str, str], int]
    partition_window_bytes: dict[tuple[str, str], int]
    partition_live_bytes: dict[tuple[str, str], int]
    compute_cycles: dict[str, int]
    total_compute_cycles: int
    stepwise_cycles: tuple[Fraction, ...]
