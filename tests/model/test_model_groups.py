"""Groups: what runs one after the other, and what is charged to which."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from looptree.model import Evaluation
from looptree.taxonomy import Storage
from tests.model.model_cases import TWO_LEVELS, chain, keep, layer, loop, matmuls, run, sequential, while_used, words

THREE = matmuls(3, 4)


def test_layers_without_a_loop_above_them_are_groups() -> None:
    found = run(THREE, keep("DRAM", "T1", "T2"), sequential("fc1", "fc2", "fc3"))
    assert [group.einsums for group in found.groups] == [("fc1",), ("fc2",), ("fc3",)]


def test_a_branch_below_a_loop_is_one_group() -> None:
    fused = chain(loop("m", 1), keep("GLB", "T1"), sequential("fc1", "fc2"))
    found = run(THREE, keep("DRAM", "T2"), sequential(fused, "fc3"))
    assert [group.einsums for group in found.groups] == [("fc1", "fc2"), ("fc3",)]
    assert [group.operations for group in found.groups] == [128, 64]


def test_branches_of_branches_are_groups_of_their_own() -> None:
    found = run(THREE, keep("GLB", "T1", "T2"), sequential(chain(sequential("fc1", "fc2")), "fc3"))
    assert [group.einsums for group in found.groups] == [("fc1",), ("fc2",), ("fc3",)]


def test_what_stands_above_all_groups_is_charged_to_the_first_that_uses_it() -> None:
    layers = [layer("a", "Y[p] = X[p] * W[]", p=8), layer("b", "Z[p] = Y[p] * X[p]", p=8)]
    found = run(layers, keep("GLB", "X", "Y", "W", "Z"), sequential("a", "b"))
    # X and W are filled for a; Z leaves after b.
    assert [(g.offchip_reads_bytes, g.offchip_writes_bytes) for g in found.groups] == [(9, 0), (0, 8)]
    # X, Y, W and Z stay all the time.
    assert [g.occupancy["GLB"] for g in found.groups] == [(25, 25), (25, 25)]


def test_what_stands_above_some_groups_is_charged_to_the_first_of_those() -> None:
    # X is filled for a, and again for b and c, which share it: b pays, not a.
    layers = [
        layer("a", "Y[p] = X[p] * W[]", p=8),
        layer("b", "Z[p] = Y[p] * X[p]", p=8),
        layer("c", "V[p] = Z[p] * X[p]", p=8),
    ]
    later = chain(keep("GLB", "X", "Y", "Z", "V"), sequential("b", "c"))
    found = run(layers, keep("DRAM", "Y"), sequential(chain(keep("GLB", "X", "W", "Y"), "a"), later))
    # a reads X and W and writes Y, b reads X and Y, c writes V.
    assert [(g.offchip_reads_bytes, g.offchip_writes_bytes) for g in found.groups] == [(9, 8), (16, 0), (0, 8)]


def test_a_group_holds_what_stands_above_it_and_its_own() -> None:
    branches = (chain(keep("GLB", "W1"), "fc1"), chain(keep("GLB", "W2", "T2"), "fc2"))
    found = run(matmuls(2, 4), keep("GLB", "T1"), sequential(*branches))
    assert [g.occupancy["GLB"] for g in found.groups] == [(32, 32), (48, 48)]
    assert found.occupancy["GLB"].window_bytes == 48


def test_what_two_groups_move_adds_up() -> None:
    groups = (
        chain(loop("m", 3), keep("GLB", "T0", "T1"), "fc1"),
        chain(loop("m", 1), keep("GLB", "T1", "T2"), "fc2"),
    )
    found = run(matmuls(2, 4), keep("DRAM", "T1"), sequential(*groups))
    assert words(found, "DRAM", "T1") == (16, 16)
    assert [g.offchip_writes_bytes for g in found.groups] == [16, 16]


# -- tensors that stay on chip between groups -------------------------------------------------

# Y, 10 words, is read by b and, two layers further on, by d.
SKIP = [
    layer("a", "Y[p] = X[p] * V[]", p=10),
    layer("b", "U[p] = Y[p+r] * W[r]", p=8, r=3),
    layer("c", "Z[p] = U[p] * V[]", p=8),
    layer("d", "S[p] = Z[p] + Y[p+1]", p=8),
]


def groups(*nodes: Storage) -> Evaluation:
    """a in tiles of 5; b and c fused in tiles of 4; d in tiles of 2."""
    fused = chain(keep("GLB", "W"), loop("p", 4), keep("GLB", "U"), sequential("b", "c"))
    first = chain(loop("p", 5), *(() if any("X" in node.tensors for node in nodes) else (keep("GLB", "X"),)), "a")
    return run(SKIP, *nodes, sequential(first, fused, chain(loop("p", 2), keep("GLB", "S"), "d")))


def offchip(found: Evaluation) -> list[tuple[int, int]]:
    return [(g.offchip_reads_bytes, g.offchip_writes_bytes) for g in found.groups]


def test_an_intermediate_stays_on_chip_until_its_last_reader() -> None:
    found = groups(while_used("GLB", "Y", "Z"))
    # a fills X and reads V once per operation, from where it is stored; b fills W, c reads V; d writes S.
    assert offchip(found) == [(10 + 10, 0), (3 + 8, 0), (0, 8)]
    # Y with 5 of X; Y and Z with W and 4 of U; Y and Z with 2 of S.
    assert [g.occupancy["GLB"][0] for g in found.groups] == [10 + 5, 18 + 3 + 4, 18 + 2]
    # Each point of Y is written once, read three times per point of U and once per point of S.
    assert words(found, "GLB", "Y") == (24 + 8, 10)
    assert set(found.transfers["DRAM"]) == {"X", "V", "W", "S"}


def test_an_intermediate_that_stays_can_go_off_chip_as_well() -> None:
    found = groups(keep("DRAM", "Y"), while_used("GLB", "Y", "Z"))
    # The group that makes Y writes it out; nobody reads it back.
    assert offchip(found) == [(10 + 10, 10), (3 + 8, 0), (0, 8)]
    assert words(found, "DRAM", "Y") == (0, 10)
    # It is drained from the buffer once more.
    assert words(found, "GLB", "Y") == (24 + 8 + 10, 10)
    assert [g.occupancy["GLB"][0] for g in found.groups] == [15, 25, 20]


def test_an_input_that_stays_is_filled_for_its_first_reader() -> None:
    # W is read by b only; V by a and c, so that it is there for b as well, but not for d.
    branches = sequential("a", "b", "c", "d")
    found = run(SKIP, keep("DRAM", "Y", "U", "Z"), while_used("GLB", "V", "W", "S"), branches)
    assert words(found, "DRAM", "V") == (1, 0)
    assert words(found, "GLB", "V") == (10 + 8, 1)
    # a reads X and V and writes Y. b reads Y three times and W, and adds up U (24 writes, 16 reads) off chip. c reads
    # U and writes Z, d reads Z and Y and writes S.
    assert offchip(found) == [(10 + 1, 10), (24 + 3 + 16, 24), (8, 8), (16, 8)]
    assert [g.occupancy["GLB"][0] for g in found.groups] == [1, 1 + 3, 1, 8]


def test_an_off_chip_intermediate_is_filled_once_for_several_readers() -> None:
    # Only the groups that read Y stand below the node that keeps it; U and c lie in between.
    readers = chain(while_used("GLB", "Y"), sequential("b", "c", "d"))
    found = run(SKIP, keep("DRAM", "Y", "U", "Z"), sequential("a", readers))
    assert words(found, "DRAM", "Y") == (10, 10)
    assert [g.einsums for g in found.groups] == [("a",), ("b",), ("c",), ("d",)]
    assert [g.occupancy["GLB"][0] for g in found.groups] == [0, 10, 10, 10]
    # b pays for the fill, beside W once per operation and U added up.
    first, *others = found.groups
    assert first.offchip_writes_bytes == 10
    assert [g.offchip_reads_bytes for g in others] == [10 + 24 + 16, 8 + 8, 8]


def test_latency_is_that_of_the_groups_with_what_stays_above_them() -> None:
    levels = (replace(TWO_LEVELS.levels[0], bandwidth_bytes_per_cycle=Fraction(1, 2)), TWO_LEVELS.levels[1])
    branches = sequential("a", "b", "c", "d")
    found = run(SKIP, while_used("GLB", *"XYUZSVW"), branches, on=replace(TWO_LEVELS, levels=levels))
    # Off chip at two cycles a byte: X and V for a, W for b, nothing for c, S for d; computed in 10, 24, 8 and 8.
    assert [g.latency_cycles for g in found.groups] == [22, 24, 8, 16]
    assert [g.bottleneck for g in found.groups] == ["DRAM", "MAC", "MAC", "DRAM"]
    assert found.latency.overlapped == 70
