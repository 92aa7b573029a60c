"""The one place where the parts of the model are put together.

Fusion groups run one after the other: they are the chains of the outermost `sequential` nodes that
have no loop above them. What a storage node above several groups exchanges is charged to the first
of them that uses the tensor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add

from looptree.architecture import Architecture
from looptree.errors import InputError, UnsupportedError
from looptree.model.convention import OWN, Convention
from looptree.model.convention import convention as named
from looptree.model.costs import level_accesses, level_cycles, level_energy
from looptree.model.fitting import occupancies
from looptree.model.groups import Owners, above, groups_of, within
from looptree.model.inference import infer
from looptree.model.inferred import Inferred
from looptree.model.inside import with_nests
from looptree.model.latency import chain_cycles, units_used
from looptree.model.movement import Movement
from looptree.model.occupancy import place_demands
from looptree.model.result import (
    Energy,
    Evaluation,
    GroupResult,
    Latency,
    LayerCycles,
    OperationCount,
    Stepwise,
    Traffic,
    stepwise_together,
)
from looptree.model.stepwise import stepwise as step_by_step
from looptree.model.transfers import movements
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import BoundChain, Design
from looptree.taxonomy.tree import LoopTree
from looptree.workload import Workload

Tables = dict[str, dict[str, Traffic]]


def evaluate(
    workload: Workload,
    architecture: Architecture,
    mapping: LoopTree,
    *,
    convention: str = OWN.name,
    stepwise: bool = True,
) -> Evaluation:
    """Exact counts, occupancy, energy and latency of a mapping.

    Args:
        workload: what is computed. architecture: where. mapping: how.
        convention: `own`, or `looptree` for the conventions of the original LoopTree; see `model.convention`.
        stepwise: whether to find the latency step by step as well, which takes longer than all other counts.

    Raises:
        InputError: the mapping does not fit the workload or the architecture.
        UnsupportedError: the mapping is well formed but has no closed form; the message says what stands in the way.
    """
    return evaluate_design(bind(workload, architecture, mapping), stepwise=stepwise, convention=named(convention))


def evaluate_design(design: Design, *, stepwise: bool = True, convention: Convention = OWN) -> Evaluation:
    """The same for a mapping that is already bound."""
    design = with_nests(design)
    try:
        return _evaluated(design, stepwise=stepwise, convention=convention)
    except InputError as problem:
        raise problem.at(design.tree.source) if design.tree.source else problem from None


def _evaluated(design: Design, *, stepwise: bool, convention: Convention) -> Evaluation:
    inferred = infer(design)
    sizes = place_demands(design, inferred)
    groups = groups_of(design, design.root)
    owner = Owners(design, groups)
    moved: list[list[Movement]] = [[] for _ in groups]
    for movement in movements(design, inferred, convention):
        moved[owner(movement)].append(movement)
    tables = [traffic_of(design, listed) for listed in moved]
    kept = above(design, sizes, groups)
    cycles = [chain_cycles(design, inferred, group) for group in groups]
    busy = [_cycles(design, table, compute) for table, compute in zip(tables, cycles, strict=True)]
    energies = [
        energy_of(design, table, _operations(design, inferred, group), max(taken.values()))
        for group, table, taken in zip(groups, tables, busy, strict=True)
    ]
    results = tuple(
        _group(design, inferred, group, table, within(design, sizes, group, kept[group.id]), energy, taken)
        for group, table, energy, taken in zip(groups, tables, energies, busy, strict=True)
    )
    refused = ""
    layers: dict[str, LayerCycles] = {}
    if stepwise and not convention.groups_overlap:
        for chain in design.chains:
            if chain.kind == "compute":
                units = units_used(design, inferred, chain)
                layers[chain.einsums[0]] = LayerCycles(chain_cycles(design, inferred, chain), units)
        steps = step_by_step(design, inferred)
        results = tuple(
            replace(result, stepwise=found) if isinstance(found, Stepwise) else result
            for result, found in zip(results, steps, strict=True)
        )
        refused = next((str(found) for found in steps if isinstance(found, UnsupportedError)), "")
    transfers = _merged(design, tables)
    overlapped = _cycles(design, transfers, sum(cycles)) if convention.groups_overlap else None
    latency = _overlapped(overlapped, sum(cycles)) if overlapped else _latency(busy, results, sum(cycles), refused)
    return Evaluation(
        operations={
            e.name: OperationCount(counts.operations, counts.operations - counts.distinct)
            for e in design.workload.einsums
            for counts in (inferred.einsums[e.name],)
        },
        transfers=transfers,
        occupancy=occupancies(design, sizes),
        energy=reduce(add, energies),
        latency=replace(latency, layers=layers),
        groups=results,
        off_chip=design.architecture.off_chip.name,
        areas_mm2=design.architecture.areas_mm2,
        accesses=_accesses(design, transfers),
        convention=convention.name,
    )


def _bytes(design: Design, tensor: str, words: int) -> int:
    return design.workload.tensors[tensor].bytes(words)


def _group(
    design: Design,
    inferred: Inferred,
    group: BoundChain,
    table: Tables,
    occupancy: dict[str, tuple[int, int]],
    energy: Energy,
    cycles: dict[str, Fraction],
) -> GroupResult:
    architecture = design.architecture
    off_chip = table.get(architecture.off_chip.name, {}).values()
    slowest = max(cycles, key=lambda name: cycles[name])
    counts = [inferred.einsums[name] for name in group.einsums]
    return GroupResult(
        einsums=group.einsums,
        operations=sum(c.operations for c in counts),
        recomputed=sum(c.operations - c.distinct for c in counts),
        offchip_reads_bytes=sum(t.reads_bytes for t in off_chip),
        offchip_writes_bytes=sum(t.writes_bytes for t in off_chip),
        occupancy=occupancy,
        energy=energy,
        busy_cycles=cycles,
        latency_cycles=cycles[slowest],
        bottleneck=slowest,
    )


# -- transfers --------------------------------------------------------------------------------


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
        moved = _bytes(design, tensor, reads), _bytes(design, tensor, writes)
        found.setdefault(level, {})[tensor] = Traffic(reads, writes, *moved, busy)
    return found


def _merged(design: Design, tables: list[Tables]) -> Tables:
    """All groups together, levels outside in, tensors in the order of the workload."""
    found: Tables = {level.name: {} for level in design.architecture.levels}
    for table in tables:
        for level, per_tensor in table.items():
            for tensor, traffic in per_tensor.items():
                known = found[level].get(tensor)
                found[level][tensor] = traffic if known is None else known + traffic
    return found


def _accesses(design: Design, transfers: Tables) -> dict[str, tuple[Fraction, Fraction]]:
    """Accesses of the levels that say how wide one is."""
    return {
        level.name: level_accesses(level, design.workload, transfers[level.name])
        for level in design.architecture.levels
        if level.word_bits is not None
    }


# -- occupancy, energy, latency ---------------------------------------------------------------


def _operations(design: Design, inferred: Inferred, chain: BoundChain) -> dict[str, int]:
    """Operations below a chain by kind."""
    found: dict[str, int] = {}
    for name in chain.einsums:
        kind = design.workload.einsum(name).operation
        found[kind] = found.get(kind, 0) + inferred.einsums[name].operations
    return found


def energy_of(design: Design, table: Tables, operations: dict[str, int], cycles: Fraction) -> Energy:
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


def _cycles(design: Design, table: Tables, compute: int) -> dict[str, Fraction]:
    """Cycles by component: compute, then every level that something limits."""
    found = {design.architecture.compute.name: Fraction(compute)}
    for level in design.architecture.levels:
        off_chip = level is design.architecture.off_chip
        cycles = level_cycles(level, design.workload, table.get(level.name, {}), whole_bytes=off_chip)
        if cycles is not None:
            found[level.name] = cycles
    return found


def _latency(busy: list[dict[str, Fraction]], groups: tuple[GroupResult, ...], compute: int, refused: str) -> Latency:
    spent: dict[str, Fraction] = {}
    for group in groups:
        spent[group.bottleneck] = spent.get(group.bottleneck, Fraction(0)) + group.latency_cycles
    _, *levels = busy[0]
    memory = {name: sum((cycles[name] for cycles in busy), Fraction(0)) for name in levels}
    overlapped = sum((group.latency_cycles for group in groups), Fraction(0))
    bottleneck = max(spent, key=lambda name: spent[name])
    return Latency(compute, memory, overlapped, bottleneck, stepwise_together(groups), refused)


def _overlapped(cycles: dict[str, Fraction], compute: int) -> Latency:
    """The slowest component of the whole run decides."""
    slowest = max(cycles, key=lambda name: cycles[name])
    _, *levels = cycles
    return Latency(compute, {name: cycles[name] for name in levels}, cycles[slowest], slowest)
