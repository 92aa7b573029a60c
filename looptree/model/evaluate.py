"""The one place where the parts of the model are put together.

Fusion groups run one after the other: they are the chains of the outermost `sequential` nodes that
have no loop above them. What a storage node above several groups exchanges is charged to the first
of them that uses the tensor.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import reduce
from operator import add

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.model.groups import Owners, above, groups_of, within
from looptree.model.inference import infer
from looptree.model.inferred import Inferred
from looptree.model.latency import chain_cycles
from looptree.model.occupancy import Demand, demands
from looptree.model.result import (
    Energy,
    Evaluation,
    GroupResult,
    Latency,
    Occupancy,
    OperationCount,
    Traffic,
)
from looptree.model.transfers import Movement, movements
from looptree.taxonomy.binding import BoundChain, Design, bind
from looptree.taxonomy.tree import LoopTree
from looptree.workload import Workload

Tables = dict[str, dict[str, Traffic]]


def evaluate(workload: Workload, architecture: Architecture, mapping: LoopTree) -> Evaluation:
    """Exact counts, occupancy, energy and latency of a mapping.

    Raises:
        InputError: the mapping does not fit the workload or the architecture.
        UnsupportedError: the mapping is well formed but has no closed form; the message says what stands in the way.
    """
    return evaluate_design(bind(workload, architecture, mapping))


def evaluate_design(design: Design) -> Evaluation:
    """The same for a mapping that is already bound."""
    try:
        inferred = infer(design)
    except InputError as problem:
        raise problem.at(design.tree.source) if design.tree.source else problem from None
    sizes = {
        place.id: Demand(*(_bytes(design, place.tensor, words) for words in (counts.window, counts.live)))
        for place in design.places
        for counts in (inferred.places[place.id],)
    }
    groups = groups_of(design, design.root)
    owner = Owners(design, groups)
    moved: list[list[Movement]] = [[] for _ in groups]
    for movement in movements(design, inferred):
        moved[owner(movement)].append(movement)
    tables = [_traffic(design, listed) for listed in moved]
    kept = above(design, sizes, groups)
    cycles = [chain_cycles(design, inferred, group) for group in groups]
    energies = [
        _energy(design, table, _operations(design, inferred, group))
        for group, table in zip(groups, tables, strict=True)
    ]
    results = tuple(
        _group(design, inferred, group, table, within(design, sizes, group, kept[group.id]), energy, compute)
        for group, table, energy, compute in zip(groups, tables, energies, cycles, strict=True)
    )
    transfers = _merged(design, tables)
    return Evaluation(
        operations={
            e.name: OperationCount(counts.operations, counts.operations - counts.distinct)
            for e in design.workload.einsums
            for counts in (inferred.einsums[e.name],)
        },
        transfers=transfers,
        occupancy=_occupancy(design, sizes),
        energy=reduce(add, energies),
        latency=_latency(design, transfers, results, sum(cycles)),
        groups=results,
        off_chip=design.architecture.off_chip.name,
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
    compute: int,
) -> GroupResult:
    architecture = design.architecture
    off_chip = table.get(architecture.off_chip.name, {}).values()
    cycles = _cycles(design, table, compute)
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


def _traffic(design: Design, listed: Iterable[Movement]) -> Tables:
    words: dict[tuple[str, str], list[int]] = {}
    for movement in listed:
        entry = words.setdefault((movement.level, movement.tensor), [0, 0])
        entry[0] += movement.reads
        entry[1] += movement.writes
    found: Tables = {}
    for (level, tensor), (reads, writes) in words.items():
        found.setdefault(level, {})[tensor] = Traffic(
            reads, writes, _bytes(design, tensor, reads), _bytes(design, tensor, writes)
        )
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


# -- occupancy, energy, latency ---------------------------------------------------------------


def _occupancy(design: Design, sizes: dict[int, Demand]) -> dict[str, Occupancy]:
    found = demands(design, sizes, design.root)
    live = design.architecture.allocation == "live"
    result = {}
    for level in design.architecture.levels:
        demand = found.get((level.name, None), Demand())
        counted = demand.live if live else demand.window
        per_tensor = {
            tensor: (d.window, d.live)
            for (name, tensor), d in found.items()
            if name == level.name and tensor is not None
        }
        fits = level.capacity_bytes is None or counted <= level.capacity_bytes
        result[level.name] = Occupancy(demand.window, demand.live, level.capacity_bytes, fits, per_tensor)
    return result


def _operations(design: Design, inferred: Inferred, chain: BoundChain) -> dict[str, int]:
    """Operations below a chain by kind."""
    found: dict[str, int] = {}
    for name in chain.einsums:
        kind = design.workload.einsum(name).operation
        found[kind] = found.get(kind, 0) + inferred.einsums[name].operations
    return found


def _energy(design: Design, table: Tables, operations: dict[str, int]) -> Energy:
    per_component: dict[str, dict[str, Fraction]] = {}
    for level in design.architecture.levels:
        bits = [0, 0]
        for tensor, traffic in table.get(level.name, {}).items():
            width = design.workload.tensors[tensor].bits
            bits[0] += traffic.reads_words * width
            bits[1] += traffic.writes_words * width
        per_component[level.name] = {
            "read": level.read_pj_per_byte * bits[0] / 8,
            "write": level.write_pj_per_byte * bits[1] / 8,
        }
    compute = design.architecture.compute
    spent = sum((compute.energy_pj(kind) * count for kind, count in operations.items()), Fraction(0))
    per_component[compute.name] = {"operation": spent}
    return Energy(per_component)


def _cycles(design: Design, table: Tables, compute: int) -> dict[str, Fraction]:
    """Cycles by component: compute, then every level with a bandwidth."""
    found = {design.architecture.compute.name: Fraction(compute)}
    for level in design.architecture.levels:
        if level.bandwidth_bytes_per_cycle is not None:
            moved = sum(t.reads_bytes + t.writes_bytes for t in table.get(level.name, {}).values())
            found[level.name] = moved / level.bandwidth_bytes_per_cycle
    return found


def _latency(design: Design, transfers: Tables, groups: tuple[GroupResult, ...], compute: int) -> Latency:
    cycles = _cycles(design, transfers, compute)
    spent: dict[str, Fraction] = {}
    for group in groups:
        spent[group.bottleneck] = spent.get(group.bottleneck, Fraction(0)) + group.latency_cycles
    memory = {name: value for name, value in cycles.items() if name != design.architecture.compute.name}
    overlapped = sum((group.latency_cycles for group in groups), Fraction(0))
    return Latency(compute, memory, overlapped, max(spent, key=lambda name: spent[name]))
