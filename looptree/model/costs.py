"""What traffic and operations cost: energy and cycles of one memory level, and of all components together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial

from looptree.architecture import Level
from looptree.model.result import Energy, Traffic
from looptree.taxonomy.design import Design
from looptree.workload import Workload

Table = Mapping[str, Mapping[str, Traffic]]
"""By level and tensor."""


def level_energy(level: Level, workload: Workload, per_tensor: Mapping[str, Traffic]) -> dict[str, Fraction]:
    """Energy of the reads and writes of a level, in pJ."""
    moved = {name: (traffic.reads_words, traffic.writes_words) for name, traffic in per_tensor.items()}
    reads, writes = _weighed(workload, moved, level.read_pj_per_word, level.write_pj_per_word)
    return {"read": reads, "write": writes}


def level_accesses(level: Level, workload: Workload, per_tensor: Mapping[str, Traffic]) -> tuple[Fraction, Fraction]:
    """Accesses that read, and that write, each of `word_bits` bits."""
    moved = {name: (traffic.reads_words, traffic.writes_words) for name, traffic in per_tensor.items()}
    return _weighed(workload, moved, level.accesses, level.accesses)


def _weighed(
    workload: Workload,
    moved: Mapping[str, tuple[int, int]],
    read: Callable[[int], Fraction],
    write: Callable[[int], Fraction],
) -> tuple[Fraction, Fraction]:
    """Words of each tensor that are read, and that are written, each times what a word of so many bits counts."""
    words: dict[int, tuple[int, int]] = {}
    for name, (reads, writes) in moved.items():
        bits = workload.tensors[name].bits
        more = words.get(bits, (0, 0))
        words[bits] = more[0] + reads, more[1] + writes
    return (
        added([count * read(bits) for bits, (count, _) in words.items()]),
        added([count * write(bits) for bits, (_, count) in words.items()]),
    )


def added(amounts: Sequence[Fraction]) -> Fraction:
    """Amounts added up, 0 if there are none."""
    return sum(amounts[1:], amounts[0]) if amounts else Fraction(0)


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
        per_word = partial(_amount, level)
        moved = {name: traffic.per_instance for name, traffic in per_tensor.items()}
        reads, writes = _weighed(workload, moved, per_word, per_word)
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
    spent = added([compute.energy_pj(kind) * count for kind, count in operations.items()])
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
