"""Latency, event by event: one step after the other, transfers with the neighbouring steps.

The steps of a group are the iterations of its layers at which there is something to do, in the order in which the
loop nest makes them; what runs at once is one step. Everything that moves is handed to one step: what comes in to the
first step that it serves, what leaves to the last step that writes it. Then the steps are played back: while one
computes, the next one loads and the one before it stores.

Of a memory level with instances the busiest one counts, at every step and for every kind of movement by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from looptree.simulate.cycles import Cycles, runs_of
from looptree.simulate.inference import Run
from looptree.simulate.points import Index
from looptree.simulate.spatial import turn_depth, turns
from looptree.simulate.sweeps import Required
from looptree.simulate.transfers import Moved, movements
from looptree.taxonomy.design import BoundChain

Words = Counter[tuple[str, str, str]]
"""Words by memory level, tensor, and `read` or `write`."""


@dataclass
class Step:
    """One step of one layer.

    Attributes:
        einsum: the layer. index: the step: the numbers of loops that take turns. cycles: of its computation.
        load: what comes in for it. work: what it accesses itself. store: what leaves when it is done.
    """

    einsum: str
    index: Index
    cycles: int
    load: Words = field(default_factory=Counter)
    work: Words = field(default_factory=Counter)
    store: Words = field(default_factory=Counter)


def stepwise_cycles(run: Run, required: dict[int, Required], cycles: Cycles) -> list[Fraction]:
    """Cycles of every group, in order.

    Args:
        run: the design with all its operations.
        required: per place id what is required of it at each iteration of its chain.
        cycles: what every leaf takes at each of its steps.
    """
    groups = list(_groups(run, run.design.root))
    moved = list(movements(run, required))
    working = {
        einsum.name: {turns(leaf, index) for index, done in run.operations(leaf, einsum.name).items() if done.size}
        for einsum in run.design.workload.einsums
        for leaf in (run.design.leaf(einsum.name),)
    }
    steps = [list(_steps(run, cycles, working, group, ())) for group in groups]
    for chain in reversed(
        run.design.chains
    ):  # from the inside out: what a pipeline does at once serves those around it
        everything = [step for listed in steps for step in listed]
        for kind in moved:
            if kind.chain.id == chain.id:
                _hand_out(run, kind, everything)
        inside = any(part.kind == "pipeline" for part in run.design.path(chain)[:-1])
        if chain.kind == "pipeline" and not inside:
            steps = [_abreast(run, chain, listed) for listed in steps]
    return [_played(run, listed) for listed in steps]


def _groups(run: Run, chain: BoundChain) -> Iterator[BoundChain]:
    """Chains that run one after the other and once only."""
    if chain.kind != "sequential" or chain.loops:
        yield chain
        return
    for child in chain.children:
        yield from _groups(run, run.design.chains[child])


def _steps(run: Run, cycles: Cycles, working: dict[str, set[Index]], chain: BoundChain, outer: Index) -> Iterator[Step]:
    """Steps below a chain at one step of the loops around it, in the order of the loop nest."""
    for index in sorted({turns(chain, index) for index in run.activity[chain.id]}):
        if index[: len(outer)] != outer:
            continue
        if chain.kind == "compute":
            (einsum,) = chain.einsums
            if index in working[einsum]:
                yield Step(einsum, index, cycles[einsum][index])
        for child in chain.children:
            yield from _steps(run, cycles, working, run.design.chains[child], index)


def _abreast(run: Run, chain: BoundChain, steps: list[Step]) -> list[Step]:
    """The steps of a group, those of a pipeline side by side.

    Stage s does at step t what it does at iteration t - s, all stages at once; the pipeline drains before the loops
    around it step.
    """
    depth = turn_depth(chain, chain.depth)
    stages = [run.design.chains[child].einsums for child in chain.children]
    found = [step for step in steps if step.einsum not in chain.einsums]
    if len(found) == len(steps):
        return steps
    position = {id(step): number for number, step in enumerate(steps)}
    together: list[tuple[int, Step]] = [(position[id(step)], step) for step in found]
    for iterations in runs_of(run, chain):
        below = [step for step in steps if step.einsum in chain.einsums and step.index[:depth] in set(iterations)]
        for time in range(len(iterations) + len(stages) - 1 if below else 0):
            now = [
                step
                for stage, einsums in enumerate(stages)
                if 0 <= time - stage < len(iterations)
                for step in below
                if step.einsum in einsums and step.index[:depth] == iterations[time - stage]
            ]
            taken = [sum(step.cycles for step in now if step.einsum in einsums) for einsums in stages]
            one = Step(chain.einsums[0], iterations[0], max(taken))
            for step in now:
                one.load += step.load
                one.work += step.work
                one.store += step.store
            together.append((min(position[id(step)] for step in below), one))
    return [step for _, step in sorted(together, key=lambda pair: pair[0])]


# -- who moves what -----------------------------------------------------------------------------


def _hand_out(run: Run, moved: Moved, steps: list[Step]) -> None:
    """Each word of one kind of movement goes with one step; of several instances those of the busiest."""
    for index, of_instance in moved.words.items():
        words = max(of_instance.values(), default=0)
        serving = _serving(run, moved, index, steps) if words else []
        if serving:
            step = serving[-1] if moved.when == "store" else serving[0]
            getattr(step, moved.when)[moved.level, moved.tensor, moved.way] += words


def _serving(run: Run, moved: Moved, index: Index, steps: list[Step]) -> list[Step]:
    """Steps at one step of a chain whose branch has one of the users.

    Of a chain around several groups, only those of the first (or last) group matter; they are the first (or last).
    """

    def used(step: Step) -> bool:
        part = _part(run, moved.chain, step.einsum)
        return not moved.users.isdisjoint(part.einsums)

    return [s for s in steps if s.einsum in moved.chain.einsums and s.index[: len(index)] == index and used(s)]


def _part(run: Run, chain: BoundChain, einsum: str) -> BoundChain:
    """The branch of a chain that holds an Einsum; above groups, the group."""
    groups = list(_groups(run, chain))
    if chain.kind == "sequential" and not chain.depth and groups != [chain]:
        return next(group for group in groups if einsum in group.einsums)
    children = [run.design.chains[child] for child in chain.children]
    return next((child for child in children if einsum in child.einsums), chain)


# -- playing the steps back ---------------------------------------------------------------------


def _played(run: Run, steps: list[Step]) -> Fraction:
    """Time of all steps of a group, and of the slots before the first and after the last."""
    time = Fraction(0)
    for now in range(-1, len(steps) + 1):
        busy: Words = Counter()
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


def _memory(run: Run, busy: Words) -> Iterator[Fraction]:
    """Cycles that everything that limits a memory level takes: bytes, or accesses where it has ports."""
    for level in run.design.architecture.levels:
        passed = {"read": Fraction(0), "write": Fraction(0)}
        for (name, tensor, way), words in busy.items():
            if name == level.name:
                bits = run.design.workload.tensors[tensor].bits
                passed[way] += words * (level.accesses(bits) if level.ports is not None else Fraction(bits, 8))
        for limit in level.limits:
            yield limit.cycles(passed["read"], passed["write"])
