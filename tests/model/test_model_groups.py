"""Groups: what runs one after the other, and what is charged to which."""

from __future__ import annotations

from tests.model.model_cases import chain, keep, layer, loop, matmuls, run, sequential, words

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
