"""Words and bytes of all that moves, by level and tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from looptree.model.costs import level_accesses
from looptree.model.movement import Movement
from looptree.model.result import Traffic
from looptree.taxonomy.design import Design

Tables = dict[str, dict[str, Traffic]]
"""By level and tensor."""


def traffic_of(design: Design, listed: Iterable[Movement]) -> Tables:
    """Words and bytes of movements, by level and tensor."""
    words: dict[tuple[str, str], list[int]] = {}
    instances: set[tuple[str, str]] = set()
    for movement in listed:
        key = movement.level, movement.tensor
        entry = words.setdefault(key, [0, 0, 0, 0])
        entry[0] += movement.reads
        entry[1] += movement.writes
        if movement.busy_reads is None or movement.busy_writes is None:
            entry[2] += movement.reads
            entry[3] += movement.writes
        else:
            instances.add(key)
            entry[2] += movement.busy_reads
            entry[3] += movement.busy_writes
    found: Tables = {}
    for (level, tensor), (reads, writes, busy_reads, busy_writes) in words.items():
        busy = (busy_reads, busy_writes) if (level, tensor) in instances else None
        width = design.workload.tensors[tensor]
        moved = width.bytes(reads), width.bytes(writes)
        found.setdefault(level, {})[tensor] = Traffic(reads, writes, *moved, busy)
    return found


def merged(design: Design, tables: Sequence[Tables]) -> Tables:
    """All groups together, levels outside in, tensors in the order of the workload."""
    found: Tables = {level.name: {} for level in design.architecture.levels}
    for table in tables:
        for level, per_tensor in table.items():
            for tensor, traffic in per_tensor.items():
                known = found[level].get(tensor)
                found[level][tensor] = traffic if known is None else known + traffic
    return found


def accesses_of(design: Design, transfers: Tables) -> dict[str, tuple[Fraction, Fraction]]:
    """Accesses of the levels that say how wide one is."""
    return {
        level.name: level_accesses(level, design.workload, transfers[level.name])
        for level in design.architecture.levels
        if level.word_bits is not None
    }
