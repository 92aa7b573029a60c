"""Ideals and groups against every set of layers."""

from __future__ import annotations

import itertools
import random

import pytest

from looptree.search.network.states.ideals import Layers, TooManyError, bits
from looptree.workload import Workload
from tests.search.search_cases import einsum


def drawn(seed: int, layers: int = 6) -> Workload:
    """Layers that read one or two earlier tensors, or inputs, some of which are shared."""
    draw = random.Random(seed)
    tensors = ["X", "Y", "Z"]
    einsums = []
    for index in range(layers):
        read = draw.sample(tensors, draw.choice([1, 2]))
        einsums.append(einsum(f"e{index}", f"T{index}[p] = {' * '.join(f'{t}[p]' for t in read)}", {"p": 2}))
        tensors.append(f"T{index}")
    return Workload("drawn", einsums)


def is_ideal(layers: Layers, mask: int) -> bool:
    return all(not layers.before[i] & ~mask for i in bits(mask))


def connected(layers: Layers, mask: int) -> bool:
    reached = {next(bits(mask))}
    for _ in bits(mask):
        reached |= {j for i in reached for j in bits(layers.beside[i] & mask)}
    return len(reached) == mask.bit_count()


@pytest.mark.parametrize("seed", range(30))
def test_ideals_are_the_sets_that_hold_the_producers_of_their_members(seed: int) -> None:
    layers = Layers.of(drawn(seed))
    found = layers.ideals(10_000)
    assert sorted(found) == [mask for mask in range(layers.everything + 1) if is_ideal(layers, mask)]
    assert [m.bit_count() for m in found] == sorted(m.bit_count() for m in found)
    with pytest.raises(TooManyError):
        layers.ideals(len(found) - 1)


@pytest.mark.parametrize("seed", range(30))
def test_groups_lead_from_one_ideal_to_another(seed: int) -> None:
    layers = Layers.of(drawn(seed))
    masks = range(1, layers.everything + 1)
    seen: set[int] = set()
    for ideal in layers.ideals(10_000):
        for most in (1, 2, 3, 6):
            expected = [m for m in masks if not m & ideal and m.bit_count() <= most and is_ideal(layers, ideal | m)]
            found = list(layers.groups(ideal, most))
            assert len(found) == len(set(found))
            assert sorted(found) == [m for m in expected if connected(layers, m)]
            seen.update(found)
    assert sorted(layers.convex(6, 10_000)) == sorted(seen)
    groups = sorted(seen)
    ideals = layers.ideals(10_000)
    for ideal, following in zip(ideals, layers.following(ideals, groups), strict=True):
        assert {groups[i] for i in following} == set(layers.groups(ideal, 6))


@pytest.mark.parametrize("seed", range(30))
def test_chains_are_convex_groups_whose_layers_read_one_another(seed: int) -> None:
    layers = Layers.of(drawn(seed))
    convex = layers.convex(6, 10_000)

    def is_chain(group: int) -> bool:
        members = list(bits(group))
        before = [(layers.before[i] & group).bit_count() for i in members]
        after = [(layers.after[i] & group).bit_count() for i in members]
        return before == [0, *[1] * (len(members) - 1)] and after == [*[1] * (len(members) - 1), 0]

    for least, most in ((1, 6), (3, 6), (2, 4), (5, 4)):
        expected = [group for group in convex if least <= group.bit_count() <= most and is_chain(group)]
        assert layers.chains(least, most) == sorted(expected, key=lambda group: (group.bit_count(), group))


@pytest.mark.parametrize("seed", range(20))
def test_partitions_in_an_order_are_paths_of_ideals(seed: int) -> None:
    """A group is convex and the groups do not wait for each other in a circle exactly where there is a path."""
    layers = Layers.of(drawn(seed, layers=4))

    def paths(ideal: int) -> set[frozenset[int]]:
        if ideal == layers.everything:
            return {frozenset()}
        return {p | {g} for g in layers.groups(ideal, 4) for p in paths(ideal | g)}

    def acyclic(groups: tuple[int, ...]) -> bool:
        return any(
            all(is_ideal(layers, sum(order[: i + 1])) for i in range(len(order)))
            for order in itertools.permutations(groups)
        )

    def partitions(left: int) -> list[tuple[int, ...]]:
        if not left:
            return [()]
        low = left & -left
        rest = left & ~low
        return [
            (low | others, *tail)
            for others in range(rest + 1)
            if others & ~rest == 0
            for tail in partitions(rest & ~others)
        ]

    expected = [p for p in partitions(layers.everything) if all(connected(layers, g) for g in p) and acyclic(p)]
    assert paths(0) == {frozenset(p) for p in expected}
