"""Latency, event by event: one step after the other, transfers with the neighbouring steps.

The steps of a group are the iterations of its layers at which there is something to do, in the order in which the
loop nest makes them. Everything that moves is handed to one step: what comes in to the first step that it serves,
what leaves to the last step that writes it. Then the steps are played back: while one computes, the next one loads
and the one before it stores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from looptree.simulate.cycles import Cycles
from looptree.simulate.inference import Run
from looptree.simulate.points import Index, Numbers
from looptree.simulate.spatial import spatial_loops
from looptree.simulate.sweeps import Required, fresh, sweep_depth
from looptree.simulate.transfers import lifetime_depth
from looptree.taxonomy.binding import BoundChain, Place

Moved = Counter[tuple[str, str, str]]
"""Words by memory level, tensor, and `read` or `write`."""


@dataclass
class Step:
    """One iteration of one layer.

    Attributes:
        einsum: the layer. index: the iteration. cycles: of its computation.
        load: what comes in for it. work: what it accesses itself. store: what leaves when it is done.
    """

    einsum: str
    index: Index
    cycles: int
    load: Moved = field(default_factory=Counter)
    work: Moved = field(default_factory=Counter)
    store: Moved = field(default_factory=Counter)


def stepwise_cycles(run: Run, required: dict[int, Required], cycles: Cycles) -> list[Fraction | None]:
    """Cycles of every group, in order; `None` of one with spatial loops, which is not timed.

    Args:
        run: the design with all its operations.
        required: per place id what is required of it at each iteration of its chain.
        cycles: what every leaf takes at each of its iterations.
    """
    groups = list(_groups(run, run.design.root))
    timed = [not any(_is_spread(run, einsum) for einsum in group.einsums) for group in groups]
    # an untimed group has steps, too: what it needs first does not wait for a later group
    steps = [list(_steps(run, cycles, group, ())) for group in groups]
    everything = [step for listed in steps for step in listed]
    around = {part.id for group in groups for part in run.design.path(group)[:-1]}
    places = [place for place in run.design.places if place.parent is not None]
    for place in places:
        if _meeting(run, place).id not in around and not spatial_loops(_meeting(run, place)):
            _hand_out(run, place, required[place.id], everything)
    for einsum in run.design.workload.einsums:
        if not _is_spread(run, einsum.name):
            _compute(run, einsum.name, everything)
    steps = [
        _abreast(run, *pair) if pair[0].kind == "pipeline" else pair[1] for pair in zip(groups, steps, strict=True)
    ]
    everything = [step for listed in steps for step in listed]
    for place in places:
        if _meeting(run, place).id in around:
            _hand_out(run, place, required[place.id], everything)
    return [_played(run, listed) if is_timed else None for listed, is_timed in zip(steps, timed, strict=True)]


def _meeting(run: Run, place: Place) -> BoundChain:
    """The chain at whose iterations a place and the one further out exchange words."""
    passing = place.produced and place.consumed
    return run.productions[place.tensor].chain if passing else run.design.chains[place.chain]


def _is_spread(run: Run, einsum: str) -> bool:
    return bool(spatial_loops(run.design.leaf(einsum)))


def _groups(run: Run, chain: BoundChain) -> Iterator[BoundChain]:
    """Chains that run one after the other and once only."""
    if chain.kind != "sequential" or chain.loops:
        yield chain
        return
    for child in chain.children:
        yield from _groups(run, run.design.chains[child])


def _steps(run: Run, cycles: Cycles, chain: BoundChain, outer: Index) -> Iterator[Step]:
    """Steps below a chain at one iteration of the loops around it, in the order of the loop nest."""
    for index in run.activity[chain.id]:
        if index[: chain.outer_depth] != outer:
            continue
        if chain.kind == "compute":
            (einsum,) = chain.einsums
            if run.operations(chain, einsum)[index].size:
                taken = 0 if _is_spread(run, einsum) else cycles[einsum][index]  # instances are not timed one by one
                yield Step(einsum, index, taken)
        for child in chain.children:
            yield from _steps(run, cycles, run.design.chains[child], index)


def _abreast(run: Run, chain: BoundChain, steps: list[Step]) -> list[Step]:
    """The steps of a pipeline: stage s does at step t what it does at iteration t - s, all stages at once."""
    iterations = list(run.activity[chain.id])
    stages = [run.design.chains[child].einsums for child in chain.children]
    found = []
    for time in range(len(iterations) + len(stages) - 1 if iterations else 0):
        together = Step(chain.einsums[0], (), 0)
        for position, einsums in enumerate(stages):
            if 0 <= time - position < len(iterations):
                now = [
                    s for s in steps if s.einsum in einsums and s.index[: chain.depth] == iterations[time - position]
                ]
                together.cycles = max(together.cycles, sum(step.cycles for step in now))
                for step in now:
                    together.load += step.load
                    together.work += step.work
                    together.store += step.store
        found.append(together)
    return found


# -- who moves what -----------------------------------------------------------------------------


def _hand_out(run: Run, place: Place, required: Required, steps: list[Step]) -> None:
    """What a place exchanges with the place further out, each word with one step."""
    design = run.design
    outer = design.places[place.parent if place.parent is not None else place.id].level
    producer = design.workload.producer(place.tensor)
    writers = {producer.name} if producer is not None else set()
    readers = {einsum.name for einsum in design.workload.consumers(place.tensor)}
    points = run.tables.points[place.tensor]
    chain = design.chains[place.chain]

    def arriving(asked: Required, depth: int) -> dict[Index, Numbers]:
        return fresh(asked, depth, points, run.tables)

    def leaving(asked: Required, depth: int) -> dict[Index, Numbers]:
        return fresh(dict(reversed(asked.items())), depth, points, run.tables)

    if place.produced and place.consumed:
        production = run.productions[place.tensor]
        chain, asked = production.chain, production.required
        deeper = max(sweep_depth(asked, place), production.sweep_depth)
        filled = _less(arriving(asked, deeper), arriving(asked, production.sweep_depth))
        drained, users = arriving(asked, production.sweep_depth), readers
    elif place.consumed:
        filled, drained, users = arriving(required, sweep_depth(required, place)), {}, readers
    else:
        life = lifetime_depth(run, next(iter(writers)))
        depth = max(sweep_depth(required, place), life)
        filled, drained, users = (
            _less(arriving(required, depth), arriving(required, life)),
            leaving(required, depth),
            writers,
        )
    for index, numbers in filled.items():
        first = next(iter(_serving(run, chain, index, users, steps)), None)
        if first is not None:
            first.load[outer, place.tensor, "read"] += numbers.size
            first.load[place.level, place.tensor, "write"] += numbers.size
    for index, numbers in drained.items():
        last = next(iter(reversed(_serving(run, chain, index, writers, steps))), None)
        if last is not None:
            last.store[place.level, place.tensor, "read"] += numbers.size
            last.store[outer, place.tensor, "write"] += numbers.size


def _less(more: dict[Index, Numbers], fewer: dict[Index, Numbers]) -> dict[Index, Numbers]:
    return {index: np.setdiff1d(numbers, fewer[index]) for index, numbers in more.items()}


def _serving(run: Run, chain: BoundChain, index: Index, users: set[str], steps: list[Step]) -> list[Step]:
    """Steps of one iteration of a chain whose branch has one of the users.

    Of a chain around several groups, only those of the first (or last) group matter; they are the first (or last).
    """

    def used(step: Step) -> bool:
        part = _part(run, chain, step.einsum)
        return not users.isdisjoint(part.einsums)

    return [s for s in steps if s.einsum in chain.einsums and s.index[: chain.depth] == index and used(s)]


def _part(run: Run, chain: BoundChain, einsum: str) -> BoundChain:
    """The branch of a chain that holds an Einsum; above groups, the group."""
    groups = list(_groups(run, chain))
    if chain.kind == "sequential" and not chain.depth and groups != [chain]:
        return next(group for group in groups if einsum in group.einsums)
    children = [run.design.chains[child] for child in chain.children]
    return next((child for child in children if einsum in child.einsums), chain)


def _compute(run: Run, einsum: str, steps: list[Step]) -> None:
    """What the operations of a layer read and write."""
    design = run.design
    leaf, layer, table = design.leaf(einsum), design.workload.einsum(einsum), run.tables.operations[einsum]
    done, life = run.operations(leaf, einsum), lifetime_depth(run, einsum)
    output = layer.output.tensor
    level = design.innermost_place(output, leaf).level
    written: dict[Index, set[int]] = {}
    for step in (step for step in steps if step.einsum == einsum):
        operations = done[step.index]
        begun = written.setdefault(step.index[:life], set())
        points = set(table.written(operations).tolist())
        for access in layer.inputs:
            inner = design.innermost_place(access.tensor, leaf).level
            step.work[inner, access.tensor, "read"] += operations.size
        step.work[level, output, "write"] += operations.size
        step.work[level, output, "read"] += operations.size - len(points - begun)
        begun |= points


# -- playing the steps back ---------------------------------------------------------------------


def _played(run: Run, steps: list[Step]) -> Fraction:
    """Time of all steps of a group, and of the slots before the first and after the last."""
    time = Fraction(0)
    for now in range(-1, len(steps) + 1):
        busy: Moved = Counter()
        cycles = 0
        if 0 <= now < len(steps):
            cycles = steps[now].cycles
            busy += steps[now].work
        if now + 1 < len(steps):
            busy += steps[now + 1].load
        if now > 0:
            busy += steps[now - 1].store
        time += max([Fraction(cycles), *_memory(run, busy)])
    return time


def _memory(run: Run, busy: Moved) -> Iterator[Fraction]:
    """Cycles that everything that limits a memory level takes: bytes, or accesses where it has ports."""
    for level in run.design.architecture.levels:
        passed = {"read": Fraction(0), "write": Fraction(0)}
        for (name, tensor, way), words in busy.items():
            if name == level.name:
                bits = run.design.workload.tensors[tensor].bits
                passed[way] += words * (level.accesses(bits) if level.ports is not None else Fraction(bits, 8))
        for limit in level.limits:
            yield limit.cycles(passed["read"], passed["write"])
