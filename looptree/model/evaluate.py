"""The one place where the parts of the model are put together.

Fusion groups run one after the other: they are the chains of the outermost `sequential` nodes that
have no loop above them. What a storage node above several groups exchanges is charged to the first
of them that uses the tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import add

from looptree.architecture import Architecture
from looptree.errors import InputError, UnsupportedError
from looptree.model.convention import OWN, Convention
from looptree.model.convention import convention as named
from looptree.model.costs import busy_cycles, energy_of
from looptree.model.fitting import occupancies
from looptree.model.groups import Owners, above, groups_of, within
from looptree.model.inference import infer
from looptree.model.inferred import Inferred
from looptree.model.inside import with_nests
from looptree.model.latency import chain_cycles, units_used
from looptree.model.movement import Movement
from looptree.model.occupancy import demands, place_demands
from looptree.model.result import (
    Energy,
    Evaluation,
    GroupResult,
    Latency,
    LayerCycles,
    OperationCount,
    Stepwise,
    stepwise_together,
)
from looptree.model.stepwise import stepwise as step_by_step
from looptree.model.traffic import Tables, accesses_of, merged, traffic_of
from looptree.model.transfers import movements
from looptree.model.units import with_units_for_any_tile
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import BoundChain, Design
from looptree.taxonomy.tree import LoopTree, placed
from looptree.workload import Workload


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


def evaluate_design(
    design: Design, *, stepwise: bool = True, convention: Convention = OWN, live: bool = True
) -> Evaluation:
    """The same for a mapping that is already bound.

    Args:
        live: whether to count live words, which takes a third of the time; without it they are those of the window.
    """
    design = with_nests(design)
    try:
        return _evaluated(design, infer(design, live=live), stepwise=stepwise, convention=convention)
    except InputError as problem:
        raise placed(problem, design.tree.source) if design.tree.source else problem from None


def _evaluated(design: Design, inferred: Inferred, *, stepwise: bool, convention: Convention) -> Evaluation:
    sizes = place_demands(design, inferred)
    groups = groups_of(design, design.root)
    owner = Owners(design, groups)
    moved: list[list[Movement]] = [[] for _ in groups]
    for movement in movements(design, inferred, convention):
        moved[owner(movement)].append(movement)
    tables = [traffic_of(design, listed) for listed in moved]
    kept = above(design, sizes, groups)
    demand = {group.id: demands(design, sizes, group) for group in groups}
    computing = with_units_for_any_tile(design) if convention.single_steps else design
    cycles = [chain_cycles(computing, inferred, group) for group in groups]
    busy = [busy_cycles(design, table, compute) for table, compute in zip(tables, cycles, strict=True)]
    energies = [
        energy_of(design, table, _operations(design, inferred, group), max(taken.values()))
        for group, table, taken in zip(groups, tables, busy, strict=True)
    ]
    results = tuple(
        _group(design, inferred, group, table, within(design, demand[group.id], kept[group.id]), energy, taken)
        for group, table, energy, taken in zip(groups, tables, energies, busy, strict=True)
    )
    refused = ""
    layers: dict[str, LayerCycles] = {}
    if stepwise and not convention.groups_overlap:
        layers = _layer_cycles(design, inferred)
        results, refused = _with_steps(results, step_by_step(design, inferred))
    transfers = merged(design, tables)
    overlapped = busy_cycles(design, transfers, sum(cycles)) if convention.groups_overlap else None
    latency = _overlapped(overlapped, sum(cycles)) if overlapped else _latency(busy, results, sum(cycles), refused)
    return Evaluation(
        operations={
            e.name: OperationCount(counts.operations, counts.operations - counts.distinct)
            for e in design.workload.einsums
            for counts in (inferred.einsums[e.name],)
        },
        transfers=transfers,
        occupancy=occupancies(design, sizes, demands(design, sizes, design.root, demand)),
        energy=reduce(add, energies),
        latency=replace(latency, layers=layers),
        groups=results,
        off_chip=design.architecture.off_chip.name,
        areas_mm2=design.architecture.areas_mm2,
        accesses=accesses_of(design, transfers),
        convention=convention.name,
    )


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


def _layer_cycles(design: Design, inferred: Inferred) -> dict[str, LayerCycles]:
    """What the compute units do for each layer by itself."""
    leaves = [chain for chain in design.chains if chain.kind == "compute"]
    return {
        leaf.einsums[0]: LayerCycles(chain_cycles(design, inferred, leaf), units_used(design, inferred, leaf))
        for leaf in leaves
    }


def _with_steps(
    groups: tuple[GroupResult, ...], steps: Sequence[Stepwise | UnsupportedError]
) -> tuple[tuple[GroupResult, ...], str]:
    """Groups with their latency step by step, and why the first that has none is refused."""
    known = tuple(
        replace(group, stepwise=found) if isinstance(found, Stepwise) else group
        for group, found in zip(groups, steps, strict=True)
    )
    return known, next((str(found) for found in steps if isinstance(found, UnsupportedError)), "")


def _operations(design: Design, inferred: Inferred, chain: BoundChain) -> dict[str, int]:
    """Operations below a chain by kind."""
    found: dict[str, int] = {}
    for name in chain.einsums:
        kind = design.workload.einsum(name).operation
        found[kind] = found.get(kind, 0) + inferred.einsums[name].operations
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
