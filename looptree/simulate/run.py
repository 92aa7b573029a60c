"""Simulating a design: inference first, then counting place by place."""

from __future__ import annotations

from looptree.simulate.budget import Budget
from looptree.simulate.counts import Counts
from looptree.simulate.cycles import leaf_cycles, total_cycles
from looptree.simulate.elsewhere import check_outer_consumers
from looptree.simulate.inference import Run, infer
from looptree.simulate.occupancy import demand_bytes, live_words, window_words
from looptree.simulate.points import union
from looptree.simulate.spatial import above, per_instance
from looptree.simulate.stepwise import stepwise_cycles
from looptree.simulate.sweeps import Required, total
from looptree.simulate.tables import Tables
from looptree.simulate.transfers import count_transfers
from looptree.taxonomy.design import Design, Place


def simulate(design: Design, *, limit: int = 5_000_000) -> Counts:
    """Run a design step by step and count what happens.

    Args:
        design: workload, architecture and mapping.
        limit: how many points (operations and tensor points, each time one is looked at) may be visited.

    Raises:
        UnsupportedError: the design takes more visits than that, or a consumer outside a nested branch
            needs more of an intermediate than the branch computes.
    """
    budget = Budget(limit)
    budget.check(design.workload)
    run = infer(design, Tables(design.workload, budget))
    check_outer_consumers(run)
    required = {place.id: required_of(run, place) for place in design.places}
    views = {p.id: per_instance(design, p, required[p.id]) for p in design.places}
    window = {p.id: window_words(run, *views[p.id]) for p in design.places}
    live = {p.id: live_words(run, *views[p.id], len(above(design, p))) for p in design.places}
    levels = [level.name for level in design.architecture.levels]
    pairs = list(dict.fromkeys((place.level, place.tensor) for place in design.places))
    cycles = leaf_cycles(run)
    moved, busiest = count_transfers(run, required)
    return Counts(
        operations={einsum.name: _operations(run, einsum.name) for einsum in design.workload.einsums},
        transfers=moved,
        busy_words=busiest,
        window_words=window,
        live_words=live,
        demand_window_bytes={level: demand_bytes(design, window, level) for level in levels},
        demand_live_bytes={level: demand_bytes(design, live, level) for level in levels},
        per_tensor_window_bytes={(level, t): demand_bytes(design, window, level, [t]) for level, t in pairs},
        per_tensor_live_bytes={(level, t): demand_bytes(design, live, level, [t]) for level, t in pairs},
        partition_window_bytes=_partitions(design, window),
        partition_live_bytes=_partitions(design, live),
        compute_cycles={einsum: sum(steps.values()) for einsum, steps in cycles.items()},
        total_compute_cycles=total_cycles(run, cycles, design.root),
        stepwise_cycles=tuple(stepwise_cycles(run, required, cycles)),
    )


def _partitions(design: Design, words: dict[int, int]) -> dict[tuple[str, str], int]:
    """Per memory level and name of a partition, the bytes that the tensors in it need."""
    found = {}
    for level in design.architecture.levels:
        homes = {tensor: level.partition(tensor, design.workload.kind(tensor)) for tensor in design.workload.tensors}
        for part in level.partitions:
            inside = [tensor for tensor, home in homes.items() if home is part]
            found[level.name, part.name] = demand_bytes(design, words, level.name, inside)
    return found


def required_of(run: Run, place: Place) -> Required:
    """What is required of a place at each iteration of its chain: reads, or writes where none reads below."""
    chain = run.design.chains[place.chain]
    if place.consumed:
        return run.required(chain, place.tensor)
    producer = run.design.workload.producer(place.tensor)
    assert producer is not None, "a place has a consumer or the producer below"
    return run.writes(chain, producer.name)


def _operations(run: Run, einsum: str) -> tuple[int, int]:
    """Operations of an Einsum, and how many of them had been done before."""
    done = run.operations(run.design.leaf(einsum), einsum)
    return total(done), total(done) - union(list(done.values())).size
