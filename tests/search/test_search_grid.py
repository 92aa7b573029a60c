"""What the tables say of a design is what the model says of it."""

from __future__ import annotations

import itertools
import random

import pytest

from looptree.architecture import Architecture
from looptree.errors import UnsupportedError
from looptree.model import Evaluation, evaluate
from looptree.model.box import Coupled
from looptree.search.grid import Candidate, Grid, Limits
from looptree.search.group_search import GroupSearch, choice_of
from looptree.search.objective import price
from looptree.search.profile import Profiler
from looptree.search.structures import sinks_of, structures_of
from looptree.taxonomy.group import plan_tree
from looptree.workload import Workload
from tests.random_designs import Generator
from tests.search.search_cases import architecture, network


def tabulated(part: Workload, hardware: Architecture) -> list[Candidate]:
    """Every design of a segment, with the numbers of the tables (and the energy as its cost)."""
    search = GroupSearch(hardware, "GLB", "energy")
    prices = price("energy", part, hardware, "GLB")
    profiler = Profiler(part, sinks_of(part), hardware.compute.spatial)
    found: list[Candidate] = []
    for structure in structures_of(part) if profiler.leaves_whole else ():
        try:
            grid = Grid(profiler, structure, prices, search.cost)
        except (UnsupportedError, Coupled):
            continue
        tables, work = grid._tables(), grid._work()
        if tables is None or work is None:
            continue
        kept, offchip, priced, _ = tables
        operations, cycles, spent = work
        inner = profiler.inner
        depths = [
            [structure.depth] if tensor in inner else list(range(len(structure.ranks) + 1)) for tensor in grid.tensors
        ]
        for at in itertools.product(*(range(n) for n in grid.shape)):
            tiles = tuple(listed[i] for listed, i in zip(grid.tiles, at, strict=True))
            for chosen in itertools.product(*depths):
                sums = [sum(float(t[i, d][at]) for i, d in enumerate(chosen)) for t in (priced, offchip, kept)]
                retention = dict(zip(grid.tensors, chosen, strict=True))
                numbers = (sums[0] + float(spent[at]), sums[1], float(operations[at]), float(cycles[at]), sums[2])
                found.append(Candidate(structure, tiles, retention, *numbers))
    return found


def differences(part: Workload, hardware: Architecture, candidate: Candidate) -> list[str]:
    """The numbers in which the tables and the model disagree."""
    try:
        tree = plan_tree(part, hardware, [choice_of(part, candidate, "GLB")])
        result = evaluate(part, hardware, tree)
    except UnsupportedError:
        return ["unsupported"]
    said = (candidate.cost, candidate.offchip_bytes, candidate.operations, candidate.cycles, candidate.window_bytes)
    names = ("energy", "offchip", "operations", "cycles", "window")
    return [n for n, a, b in zip(names, said, truth(result), strict=True) if a != pytest.approx(b, rel=1e-12)]


def truth(result: Evaluation) -> tuple[float, ...]:
    return (
        float(result.energy.total),
        result.offchip_bytes,
        result.total_operations,
        result.latency.compute,
        result.occupancy["GLB"].window_bytes,
    )


@pytest.mark.parametrize("kind", ["chain", "skip", "matmul"])
def test_tables_are_exact_for_chains_and_skip_connections(kind: str) -> None:
    draw = random.Random(kind)
    checked = 0
    for seed in range(12):
        part = network(kind, seed, layers=draw.choice([1, 2, 3]))
        hardware = architecture(None, seed=seed)
        candidates = tabulated(part, hardware)
        for candidate in draw.sample(candidates, min(25, len(candidates))):
            assert differences(part, hardware, candidate) == [], (seed, candidate)
            checked += 1
    assert checked > 150


def test_tables_are_exact_or_the_model_settles_it_on_odd_workloads() -> None:
    """Slices, mirrored reads, upsampling: tables may err where needs along two loops are active at different steps."""
    wrong = checked = 0
    for seed in range(60):
        draw = random.Random(seed)
        part = Generator(draw.randrange).workload()
        hardware = architecture(None, seed=seed)
        candidates = tabulated(part, hardware)
        for candidate in draw.sample(candidates, min(5, len(candidates))):
            checked += 1
            wrong += bool(differences(part, hardware, candidate))
    assert checked > 150
    assert wrong <= checked // 30


def test_a_grid_has_no_design_where_nothing_fits() -> None:
    part, hardware = network("matmul", 1), architecture(None)
    search = GroupSearch(hardware, "GLB", "energy")
    profiler = Profiler(part, sinks_of(part), {})
    prices = price("energy", part, hardware, "GLB")
    for structure in structures_of(part):
        grid = Grid(profiler, structure, prices, search.cost)
        least = grid.smallest()
        assert grid.best(Limits(least - 1)) is None
        best = grid.best(Limits(least))
        assert best is not None
        assert best.window_bytes == least


def test_a_loop_that_an_intermediate_follows_moves_it() -> None:
    """What stays between tiles is computed once, what is forgotten again at each step that needs it."""
    part = network("skip", 1, layers=2)
    rank = (("layer2", "p"),)
    profiler = Profiler(part, sinks_of(part), {})
    assert profiler.inner == ("T1",)
    once = profiler.run(rank, [2, 1], frozenset())
    again = profiler.run(rank, [2, 1], frozenset(profiler.inner))
    for tensor in profiler.inner:
        assert once.tensors[tensor].moves
        assert (once.tensors[tensor].shared <= once.tensors[tensor].apart).all()
    for name, work in once.work.items():
        assert (work.operations <= again.work[name].operations).all()
