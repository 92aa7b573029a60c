"""Cuts are kept by everything without a cycle and broken by what they were made of."""

from __future__ import annotations

from looptree.search.covering.cuts import Cut, cuts_of, cuts_of_fractions
from looptree.search.covering.precedence import Precedence, mask_of
from looptree.search.covering.relaxation import Relaxation, solve
from looptree.search.covering.rows import holders_of
from tests.search.covering.covering_cases import crossed_instance, partitions, waits_in_a_cycle


def test_a_cycle_of_two_groups() -> None:
    """0 -> 1 and 2 -> 3: no group with 0 and 3 goes with another one with 1 and 2."""
    crossed = Precedence.of(4, [(0, 1), (2, 3)])
    assert cuts_of(crossed, [0b1001, 0b0110]) == [Cut((0b0110, 0b1001))]
    assert cuts_of(crossed, [0b0011, 0b1100]) == []


def test_a_cut_counts_whoever_has_a_pair_inside() -> None:
    cut = Cut((0b000110, 0b011000, 0b100001))
    assert cut.most == 2
    assert [cut.coefficient(mask) for mask in (0b000110, 0b000010, 0b011110, 0b111111)] == [1, 0, 2, 2]


def test_the_row_of_a_cut_is_made_of_its_coefficients() -> None:
    cut = Cut((0b00110, 0b01001))
    masks = list(range(1, 32))
    expected = tuple((place, cut.coefficient(mask)) for place, mask in enumerate(masks) if cut.coefficient(mask))
    row = cut.row(masks, holders_of(5, masks))
    assert (row.entries, row.most) == (expected, 1)


def test_cuts_of_one_partition_are_kept_by_all_without_a_cycle() -> None:
    found = 0
    for seed in range(40):
        instance = crossed_instance(seed)
        precedence = Precedence.of(instance.layers, instance.edges)
        groups = [[instance.columns[n].members for n in chosen] for chosen in partitions(instance)]
        good: list[list[int]] = []
        bad: list[list[int]] = []
        for members in groups[:400]:
            masks = [mask_of(group) for group in members]
            if all(map(precedence.convex, masks)):
                (bad if waits_in_a_cycle(instance.edges, members) else good).append(masks)
        cuts: set[Cut] = set()
        for masks in bad:
            new = cuts_of(precedence, masks)
            assert new
            assert all(sum(map(cut.coefficient, masks)) > cut.most for cut in new)
            cuts.update(new)
        assert all(sum(map(cut.coefficient, masks)) <= cut.most for cut in cuts for masks in good)
        found += len(cuts)
    assert found > 100


def test_cuts_of_a_fractional_solution_are_broken_by_it() -> None:
    found = 0
    for seed in range(80):
        instance = crossed_instance(seed)
        precedence = Precedence.of(instance.layers, instance.edges)
        masks = [mask_of(column.members) for column in instance.columns]
        fractional = solve(Relaxation.of(instance.layers, masks, [c.cost for c in instance.columns]), None)
        assert fractional is not None
        shares: dict[int, float] = {}
        for mask, value in zip(masks, fractional.values, strict=True):
            shares[mask] = shares.get(mask, 0.0) + value
        for cut in cuts_of_fractions(precedence, shares):
            found += 1
            assert sum(cut.coefficient(mask) * share for mask, share in shares.items()) > cut.most
            for chosen in partitions(instance):
                members = [instance.columns[number].members for number in chosen]
                if not waits_in_a_cycle(instance.edges, members):
                    assert sum(cut.coefficient(mask_of(group)) for group in members) <= cut.most
    assert found > 40


def test_half_of_two_cycles_is_a_cycle() -> None:
    """Each of two groups to 3/4: 3/2 > 1. To 1/2 each they break nothing."""
    crossed = Precedence.of(4, [(0, 1), (2, 3)])
    assert cuts_of_fractions(crossed, {0b1001: 0.75, 0b0110: 0.75}) == [Cut((0b0110, 0b1001))]
    assert cuts_of_fractions(crossed, {0b1001: 0.5, 0b0110: 0.5}) == []
