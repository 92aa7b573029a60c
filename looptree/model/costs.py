"""What the words that pass through one memory level cost: energy and cycles."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from looptree.architecture import Level
from looptree.model.result import Traffic
from looptree.workload import Workload


def level_energy(level: Level, workload: Workload, per_tensor: Mapping[str, Traffic]) -> dict[str, Fraction]:
    """Energy of the reads and writes of a level, in pJ."""
    reads: dict[int, int] = {}
    writes: dict[int, int] = {}
    for tensor, traffic in per_tensor.items():
        bits = workload.tensors[tensor].bits
        reads[bits] = reads.get(bits, 0) + traffic.reads_words
        writes[bits] = writes.get(bits, 0) + traffic.writes_words
    return {
        "read": sum((words * level.read_pj_per_word(bits) for bits, words in reads.items()), Fraction(0)),
        "write": sum((words * level.write_pj_per_word(bits) for bits, words in writes.items()), Fraction(0)),
    }


def level_accesses(level: Level, workload: Workload, per_tensor: Mapping[str, Traffic]) -> tuple[Fraction, Fraction]:
    """Accesses that read, and that write, each of `word_bits` bits."""
    per_word = {tensor: level.accesses(workload.tensors[tensor].bits) for tensor in per_tensor}
    reads = sum((t.reads_words * per_word[name] for name, t in per_tensor.items()), Fraction(0))
    writes = sum((t.writes_words * per_word[name] for name, t in per_tensor.items()), Fraction(0))
    return reads, writes


def level_cycles(
    level: Level, workload: Workload, per_tensor: Mapping[str, Traffic], *, whole_bytes: bool
) -> Fraction | None:
    """Cycles that the slowest resource of a level is busy; `None` where nothing limits it.

    What counts are accesses where the level has ports, bytes where it has a bandwidth: of the instance that moves most.

    Args:
        whole_bytes: whether what is read, and written, of each tensor is rounded up to whole bytes, as it is reported
            off chip.
    """
    if not level.limits:
        return None
    if level.ports is None and whole_bytes:
        reads = Fraction(sum(t.reads_bytes for t in per_tensor.values()))
        writes = Fraction(sum(t.writes_bytes for t in per_tensor.values()))
    else:
        per_word = {tensor: _amount(level, workload.tensors[tensor].bits) for tensor in per_tensor}
        reads = sum((t.per_instance[0] * per_word[name] for name, t in per_tensor.items()), Fraction(0))
        writes = sum((t.per_instance[1] * per_word[name] for name, t in per_tensor.items()), Fraction(0))
    return max(limit.cycles(reads, writes) for limit in level.limits)


def _amount(level: Level, bits: int) -> Fraction:
    """Accesses, or bytes, that a word of so many bits takes."""
    return Fraction(bits, 8) if level.ports is None else level.accesses(bits)
