"""What a search knows of one group, where deciding an intermediate changes what the loops move."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from looptree.model import evaluate
from looptree.search.asked.space import Space
from looptree.search.exhaustive.group import Group as Every
from looptree.search.exhaustive.network import Network
from looptree.search.group.goal.prices import least_pj_per_byte
from looptree.search.group.group import Group
from looptree.search.group.patterns.pattern import Pattern
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload import Workload
from tests.search.group_cases import searched
from tests.search.search_cases import KINDS, architecture, einsum, network


def split_and_joined() -> Workload:
    """Half of a tensor goes through two convolutions and is then joined with all of it; a strided layer follows."""
    plane = {"p": 6, "q": 4}
    layers = [
        einsum("widen", "A[m,p,q] = X[p,q] * Wa[m]", {"m": 4, **plane}),
        einsum("first", "B[m,p,q] = A[c+2,p+r-1,q] * Wb[m,c,r]", {"m": 2, **plane, "c": 2, "r": 3}),
        einsum("second", "D[m,p,q] = B[c,p+r-1,q] * Wd[m,c,r]", {"m": 2, **plane, "c": 2, "r": 3}),
        einsum("join", "J[m,p,q] = A[m,p,q] + D[m-4,p,q]", {"m": 6, **plane}),
        einsum("narrow", "E[m,p,q] = J[c,p,q] * We[m,c]", {"m": 3, **plane, "c": 6}),
        einsum("halve", "F[m,p,q] = E[c,2*p+r-1,q] * Wf[m,c,r]", {"m": 2, "p": 3, "q": 4, "c": 3, "r": 3}),
    ]
    shapes = {t: (m, 6, 4) for t, m in {"A": 4, "B": 2, "D": 2, "E": 3}.items()}
    return Workload("split and joined", layers, shapes=shapes, outputs=["E"])


def decided(group: Group, pattern: Pattern) -> Iterator[Pattern]:
    """The pattern with all intermediates decided, in each way."""
    further = group.patterns.decided(pattern)
    if not further:
        yield pattern
    for child in further:
        yield from decided(group, child)


def test_windows_are_as_the_model_says_where_readers_rest_at_different_steps() -> None:
    workload, hardware = split_and_joined(), architecture()
    group = searched(workload, hardware, "energy", Space(loops=2, joined_loops=0, leaf_loops=0)).group
    listed = [p for positions in group.patterns.orders for p in group.patterns.of(positions)]
    named = [p for p in listed if [rank[0][1] for loop in p.loops for rank in loop.ranks] == ["r", "q"]]
    compared = 0
    for pattern in (d for p in named for d in decided(group, p) if d.separable):
        inner = {group.tensors[row]: loops for row, (loops, _) in pattern.places.items()}
        retention = {t: inner.get(t, 0) for t in group.tensors}
        loops = tuple(Temporal((RankRef(rank[0][1], rank[0][0]),), tile) for rank, tile in pattern.picked((0, 0)))
        choice = GroupChoice(tuple(group.layers), loops, retention, level="GLB")
        found = evaluate(group.part, hardware, plan_tree(group.part, hardware, (choice,))).occupancy["GLB"].per_tensor
        for row, tensor in enumerate(group.tensors):
            words = pattern.bases.words[row, 0]
            for above, table in enumerate(pattern.tables):
                words *= table.held[above < retention[tensor]][row, 0]
            assert (tensor, words) == (tensor, found[tensor][0])
            compared += 1
    assert compared == 48


@pytest.mark.parametrize("kind", [*KINDS, "shared"])
def test_no_design_has_less_energy_besides_that_of_its_bytes_than_the_least(kind: str) -> None:
    """Words of one byte take 100 pJ to read and 110 to write off chip, and 2 or 3 more in the buffer."""
    draw, above = random.Random(kind), 0
    hardware, space = architecture(seed=1, buffer_bandwidth=3), Space(loops=2, joined_loops=0, leaf_loops=0)
    for seed in (1, 2):
        workload = network(kind, seed, layers=2)
        rate = least_pj_per_byte(workload, hardware, "GLB")
        if kind == "odd bits" and any(t.bits % 8 for t in workload.tensors.values()):
            assert rate == 0
            continue
        assert rate == 100
        least = searched(workload, hardware, "energy", space).group.least()
        every = Every(Network(workload, hardware, space), frozenset(e.name for e in workload.einsums), frozenset())
        choices = list(every.choices())
        for choice in draw.sample(choices, min(40, len(choices))):
            others = {t: draw.randrange(len(choice.loops) + 1) for t in every.free(choice)}
            found = every.evaluated(replace(choice, retention={**choice.retention, **others}))
            if found is not None:
                energy, offchip = float(found.energy.total), found.offchip_bytes
                assert energy - rate * offchip >= (least.energy - rate * least.offchip) * (1 - 1e-12)
                above += energy - 1.2 * rate * offchip < least.energy - 1.2 * rate * least.offchip
    assert above or kind == "odd bits"
