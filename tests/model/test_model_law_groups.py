"""Laws of groups: they add up to the network, and each is a workload of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from looptree.errors import UnsupportedError
from looptree.model import Evaluation, GroupResult, evaluate, evaluate_design
from looptree.model.inference import infer
from looptree.taxonomy import Branch, Chain, LoopTree, Storage
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.workload import Workload
from tests.model.law_cases import random_designs
from tests.random_designs import Generator


def test_groups_add_up_to_the_network() -> None:
    """Operations, off-chip bytes, energy and cycles; the demand of a level is that of its most demanding group."""
    several = 0
    for seed, design, found in random_designs(0, 600):
        groups = found.groups
        assert [e for g in groups for e in g.einsums] == list(design.root.einsums)
        assert sum(g.operations for g in groups) == found.total_operations, seed
        assert sum(g.recomputed for g in groups) == found.recomputed_operations, seed
        assert sum(g.offchip_reads_bytes + g.offchip_writes_bytes for g in groups) == found.offchip_bytes, seed
        assert sum(g.energy_pj for g in groups) == found.energy.total, seed
        assert sum(g.latency_cycles for g in groups) == found.latency.overlapped, seed
        for level, demand in found.occupancy.items():
            assert max(g.occupancy[level][0] for g in groups) == demand.window_bytes, seed
            assert max(g.occupancy[level][1] for g in groups) == demand.live_bytes, seed
        several += len(groups) > 1
    assert several > 50


def random_groups(*seeds: int) -> Iterator[tuple[int, Design, Evaluation]]:
    """The same with two to four groups and tensors that stay on chip between them."""
    for seed in range(*seeds):
        generator = Generator(random.Random(seed).randrange, (2, 3, 4, 5, 6))
        workload = generator.workload()
        design = bind(workload, generator.architecture(), generator.grouped(workload))
        try:
            yield seed, design, evaluate_design(design)
        except UnsupportedError:
            continue


def through_all(chain: Chain) -> Chain:
    """The same chain, where everything takes space through all branches below it."""
    inner = tuple(replace(node, lifetime="branch") if isinstance(node, Storage) else node for node in chain.inner)
    if not isinstance(chain.end, Branch):
        return Chain(inner, chain.end)
    return Chain(inner, Branch(chain.end.kind, tuple(through_all(child) for child in chain.end.chains)))


def idle_bytes(design: Design, group: GroupResult) -> dict[str, tuple[int, int]]:
    """Window and live bytes by level of what the group finds no longer, or not yet, in storage nodes above it."""
    found = dict.fromkeys(group.occupancy, (0, 0))
    for place in (place for place in design.places if place.while_used):
        below = [set(design.chains[child].einsums) for child in design.chains[place.chain].children]
        at = next((i for i, einsums in enumerate(below) if group.einsums[0] in einsums), None)
        users = {e.name for e in design.workload.einsums if place.tensor in (*e.reads, e.output.tensor)}
        if at is not None and not (users & set().union(*below[: at + 1]) and users & set().union(*below[at:])):
            counts, tensor = infer(design).places[place.id], design.workload.tensors[place.tensor]
            window, live = found[place.level]
            found[place.level] = (window + tensor.bytes(counts.window), live + tensor.bytes(counts.live))
    return found


def test_a_lifetime_by_uses_changes_nothing_but_the_demand_before_and_after_the_uses() -> None:
    """Each group needs less by exactly the tensors whose first use is to come or whose last use is over."""
    shorter = 0
    for seed, design, found in random_groups(0, 150):
        whole = evaluate(design.workload, design.architecture, LoopTree(through_all(design.tree.root)))
        for name in ("operations", "transfers", "energy", "latency"):
            assert getattr(found, name) == getattr(whole, name), seed
        for level, demand in found.occupancy.items():
            assert demand.per_tensor == whole.occupancy[level].per_tensor, seed
        for group, before in zip(found.groups, whole.groups, strict=True):
            assert replace(group, occupancy=before.occupancy) == before, seed
            idle = idle_bytes(design, group)
            for level, (window, live) in group.occupancy.items():
                assert (window + idle[level][0], live + idle[level][1]) == before.occupancy[level], seed
            shorter += any(size != (0, 0) for size in idle.values())
    assert shorter > 250


def random_plan(seed: int) -> tuple[Design, list[Chain]]:
    """Groups of random mappings that exchange everything off chip, and their chains."""
    generator = Generator(random.Random(seed).randrange)
    workload = generator.workload()
    architecture = generator.architecture()
    generator.mapped = workload
    names = [e.name for e in workload.einsums]
    cuts = [0, *(i for i in range(1, len(names)) if generator.chance(50)), len(names)]
    runs = [names[a:b] for a, b in pairwise(cuts)]
    outside = [t for t in workload.tensors if crosses(workload, t, runs)]
    have = dict.fromkeys(outside, 0)
    chains = [generator._chain(run, have, top=True, pipelines=True) for run in runs]
    storage = Storage("DRAM", tuple(outside))
    tree = Chain((storage,), Branch("sequential", tuple(chains)))
    return bind(workload, architecture, LoopTree(tree)), chains


def crosses(workload: Workload, tensor: str, runs: list[list[str]]) -> bool:
    """Whether a tensor is an input, an output, or used by several groups."""
    users = {e.name for e in workload.einsums if tensor in (*e.reads, e.output.tensor)}
    boundary = tensor in workload.inputs or tensor in workload.outputs
    return boundary or sum(bool(users & set(run)) for run in runs) > 1


def alone(design: Design, chain: Chain) -> Evaluation:
    """One group as a workload of its own: the same shapes, what it hands on declared as outputs."""
    workload = design.workload
    names = set(chain.einsums())
    einsums = [e for e in workload.einsums if e.name in names]
    used = {t for e in einsums for t in (*e.reads, e.output.tensor)}
    handed_on = [
        e.output.tensor
        for e in einsums
        if any(c.name in names for c in workload.consumers(e.output.tensor))
        and any(c.name not in names for c in workload.consumers(e.output.tensor))
    ]
    part = Workload(
        "part",
        einsums,
        shapes={t: workload.tensors[t].shape for t in used},
        bits={t: workload.tensors[t].bits for t in used},
        outputs=handed_on,
    )
    (outer,) = design.tree.root.inner
    assert isinstance(outer, Storage)
    storage = Storage("DRAM", tuple(t for t in outer.tensors if t in used))
    return evaluate(part, design.architecture, LoopTree(Chain((storage, *chain.inner), chain.end)))


def on_chip(group: GroupResult) -> GroupResult:
    """Without what is off chip, where the tensors of all groups are."""
    return replace(group, occupancy={level: size for level, size in group.occupancy.items() if level != "DRAM"})


def is_whole(design: Design, found: Evaluation, chain: Chain) -> bool:
    """Whether later groups ask for all that the sinks of a group compute."""
    names = set(chain.einsums())
    sinks = [
        name
        for name in names
        if not any(c.name in names for c in design.workload.consumers(design.workload.einsum(name).output.tensor))
    ]
    done = {n: found.operations[n].total - found.operations[n].recomputed for n in sinks}
    return all(done[n] == design.workload.einsum(n).operations for n in sinks)


def test_a_group_is_a_workload_of_its_own() -> None:
    """Its operations, traffic, energy, cycles and on-chip demand are the same alone and in the network.

    Where groups exchange everything off chip and each is asked for all that its sinks compute (alone,
    nobody would ask for less).
    """
    compared = 0
    for seed in range(400):
        try:
            design, chains = random_plan(seed)
            found = evaluate_design(design)
            parts = [alone(design, chain) if is_whole(design, found, chain) else None for chain in chains]
        except UnsupportedError:
            continue
        groups = list(found.groups)
        for chain, part in zip(chains, parts, strict=True):
            count = sum(set(g.einsums) <= set(chain.einsums()) for g in groups)
            own, groups = groups[:count], groups[count:]
            if part is not None:
                assert [on_chip(g) for g in part.groups] == [on_chip(g) for g in own], seed
                compared += len(chains) > 1
        assert not groups
    assert compared > 170
