"""What traffic and operations cost: energy and cycles of one memory level, and of all components together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from looptree.architecture import Level
from looptree.model.result import Energy, Traffic
from looptree.taxonomy.design import Design
from looptree.workload import Workload

Table = Mapping[str, Mapping[str, Traffic]]
"""By level and tensor."""


def level_energy(level: Level, workload: Workload, per_tensor: Mapping[str, Traffic]) -> dict[str, Fraction]:
    """Energy of the reads and writes of a level, in pJ."""
    reads: dict[int, int] = {}
    writes: dict[int, int] = {}
    for tensor, traffic in per_tensor.items():
        bits = workload.tensors[tensor].bits
        reads[bits] = reads.get(bits, 0) + traffic.reads_words
        writes[bits] = writes.get(bits, 0) + traffic.writes_words
    read = [words * level.read_pj_per_word(bits) for bits, words in reads.items()]
    written = [words * level.write_pj_per_word(bits) for bits, words in writes.items()]
    return {"read": total(read), "write": total(written)}


def total(amounts: Sequence[Fraction]) -> Fraction:
    """Amounts added up, 0 if there are none."""
    return sum(amounts[1:], amounts[0]) if amounts else Fraction(0)


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


def energy_of(design: Design, table: Table, operations: Mapping[str, int], cycles: Fraction) -> Energy:
    """Energy of traffic, operations by kind, and of leaking for so many cycles."""
    compute = design.architecture.compute
    per_component = {
        level.name: level_energy(level, design.workload, table.get(level.name, {}))
        for level in design.architecture.levels
    }
    spent = sum((compute.energy_pj(kind) * count for kind, count in operations.items()), Fraction(0))
    per_component[compute.name] = {"operation": spent}
    leaking = {level.name: level.leakage_pj_per_cycle for level in design.architecture.levels}
    for component, pj_per_cycle in {**leaking, compute.name: compute.leakage_pj_per_cycle}.items():
        if pj_per_cycle:
            per_component[component]["leakage"] = pj_per_cycle * cycles
    return Energy(per_component)


def busy_cycles(design: Design, table: Table, compute: int) -> dict[str, Fraction]:
    """Cycles by component: compute, then every level that something limits."""
    found = {design.architecture.compute.name: Fraction(compute)}
    for level in design.architecture.levels:
        off_chip = level is design.architecture.off_chip
        cycles = level_cycles(level, design.workload, table.get(level.name, {}), whole_bytes=off_chip)
        if cycles is not None:
            found[level.name] = cycles
    return found
