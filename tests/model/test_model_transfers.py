"""Transfers: fills, drains, partial sums, refetch, and what compute reads and writes."""

from __future__ import annotations

import pytest

from looptree.model.inference import infer
from looptree.model.movement import Movement
from looptree.model.transfers import movements
from looptree.taxonomy import Temporal
from tests.model.model_cases import (
    THREE_LEVELS,
    chain,
    design,
    drop,
    keep,
    layer,
    loop,
    matmuls,
    run,
    sequential,
    words,
)

# 2 x 2 outputs, 4 steps of reduction: 16 operations.
FC = [layer("fc", "C[m,n] = A[m,k] * B[k,n]", m=2, n=2, k=4)]


def test_two_matmuls_with_everything_resident() -> None:
    found = run(matmuls(2, 4), keep("GLB", "T0", "W1", "T1", "W2", "T2"), sequential("fc1", "fc2"))
    # Off chip: three inputs and one output of 16 words.
    assert [words(found, "DRAM", t) for t in ("T0", "W1", "W2", "T2")] == [(16, 0)] * 3 + [(0, 16)]
    assert "T1" not in found.transfers["DRAM"]
    # 64 operations each. T1: written 64 times, read 64 - 16 times by its producer and 64 times by its consumer.
    assert words(found, "GLB", "T1") == (64 - 16 + 64, 64)
    # W1: read 64 times, filled once. T2: 64 - 16 reads by operations and 16 to drain.
    assert words(found, "GLB", "W1") == (64, 16)
    assert words(found, "GLB", "T2") == (64 - 16 + 16, 64)


def test_movements_name_the_chain_that_causes_them() -> None:
    where = design(FC, keep("GLB", "A"), "fc")
    assert movements(where, infer(where)) == [
        Movement(0, "GLB", "A", 0, 8),
        Movement(0, "DRAM", "A", 8, 0),
        Movement(0, "GLB", "A", 16, 0),
        Movement(0, "DRAM", "B", 16, 0),
        Movement(0, "DRAM", "C", 16 - 4, 16),
    ]


def test_halos_arrive_once_or_again() -> None:
    conv = [layer("conv", "Y[p] = X[p+r] * W[r]", p=6, r=3)]
    # Tiles of 2 need 4 points: 8 in all, or 3 x 4.
    assert words(run(conv, loop("p", 2), keep("GLB", "X"), "conv"), "DRAM", "X") == (8, 0)
    assert words(run(conv, loop("p", 2), drop("GLB", "X"), "conv"), "DRAM", "X") == (12, 0)


def test_padding_is_read_as_an_operand_but_never_moved() -> None:
    conv = [layer("conv", "Y[p] = X[p+r-1] * W[r]", p=6, r=3)]
    found = run(conv, keep("GLB", "X"), "conv", shapes={"X": (6,)})
    # 18 operations read X in the buffer, 2 of them padding; 6 words are filled.
    assert words(found, "DRAM", "X") == (6, 0)
    assert words(found, "GLB", "X") == (18, 6)


@pytest.mark.parametrize(
    ("loops", "traffic"),
    [
        # k outside m: all 4 words of C leave in each of 2 steps of k and come back in the second.
        ((loop("k", 2), loop("m", 1)), (4, 8)),
        # k inside m: C stays until it is complete.
        ((loop("m", 1), loop("k", 2)), (0, 4)),
    ],
)
def test_partial_sums_that_leave_come_back(loops: tuple[Temporal, ...], traffic: tuple[int, int]) -> None:
    found = run(FC, *loops, keep("GLB", "C"), "fc")
    assert words(found, "DRAM", "C") == traffic


def test_without_a_buffer_every_operation_goes_off_chip() -> None:
    found = run(FC, "fc")
    assert words(found, "DRAM", "A") == words(found, "DRAM", "B") == (16, 0)
    assert words(found, "DRAM", "C") == (16 - 4, 16)


CHAIN = [
    layer("conv1", "F2[p] = F1[p+r] * W1[r]", p=4, r=3),
    layer("conv2", "F3[p] = F2[p+r] * W2[r]", p=3, r=2),
]


def test_a_spilled_intermediate_is_written_once_and_refetched() -> None:
    found = run(CHAIN, keep("DRAM", "F2"), loop("p", 1), drop("GLB", "F2"), sequential("conv1", "conv2"))
    # 4 points are written out; 2 + 2 + 2 enter the window, of which 2 were computed before.
    assert words(found, "DRAM", "F2") == (2, 4)
    # Buffer: 12 operations of conv1 read 12 - 4 partial sums and write 12, 6 of conv2 read; 4 drained, 2 filled.
    assert words(found, "GLB", "F2") == (8 + 6 + 4, 12 + 2)
    assert found.recomputed_operations == 0


def test_a_spilled_intermediate_that_stays_is_never_read_back() -> None:
    found = run(CHAIN, keep("DRAM", "F2"), loop("p", 1), keep("GLB", "F2"), sequential("conv1", "conv2"))
    assert words(found, "DRAM", "F2") == (0, 4)


@pytest.mark.parametrize("loops", [(), (loop("p", 1),)])
def test_points_that_nothing_writes_are_drained_like_any_other(loops: tuple[Temporal, ...]) -> None:
    # F2 starts with two zeros that no operation writes, and only those are asked for: they arrive and leave.
    layers = [layer("shift", "F2[p+2] = F1[p]", p=3), layer("head", "F3[p] = F2[p]", p=2)]
    found = run(layers, keep("DRAM", "F2"), *loops, keep("GLB", "F2"), sequential("shift", "head"))
    assert found.operations["shift"].total == 0
    assert words(found, "DRAM", "F2") == (0, 2)
    assert words(found, "GLB", "F2") == (2 + 2, 0)


def test_an_output_that_others_read_leaves_as_well() -> None:
    found = run(CHAIN, loop("p", 1), keep("GLB", "F2"), sequential("conv1", "conv2"), outputs=["F2"])
    assert words(found, "DRAM", "F2") == (0, 4)


def test_recomputed_output_is_written_out_once() -> None:
    # F2 is recomputed when its overlap is dropped; F3 leaves once per point all the same.
    found = run(CHAIN, loop("p", 1), drop("GLB", "F2"), keep("GLB", "F3"), sequential("conv1", "conv2"))
    assert found.recomputed_operations == 6
    assert words(found, "DRAM", "F3") == (0, 3)


def test_fills_pass_through_every_level() -> None:
    conv = [layer("conv", "Y[p] = X[p+r] * W[r]", p=6, r=3)]
    found = run(conv, keep("GLB", "X"), loop("p", 1), drop("RF", "X"), "conv", on=THREE_LEVELS)
    # 8 words into the buffer, 6 windows of 3 into the registers, 18 operations.
    assert words(found, "DRAM", "X") == (8, 0)
    assert words(found, "GLB", "X") == (18, 8)
    assert words(found, "RF", "X") == (18, 18)


def test_drains_pass_through_every_level() -> None:
    # Partial sums leave the registers at every step of k: 2 x 4 words, 4 of them read back.
    found = run(FC, keep("GLB", "C"), loop("k", 2), loop("m", 1), keep("RF", "C"), "fc", on=THREE_LEVELS)
    assert words(found, "DRAM", "C") == (0, 4)
    assert words(found, "GLB", "C") == (4 + 4, 8)
    assert words(found, "RF", "C") == (16 - 4 + 8, 16 + 4)


def test_one_tensor_read_twice_by_one_operation() -> None:
    square = [layer("square", "Y[p] = X[p] * X[p]", p=5)]
    assert words(run(square, keep("GLB", "X"), "square"), "GLB", "X") == (2 * 5, 5)


def test_weights_are_streamed_inside_a_leaf() -> None:
    # Tiles of 2 of 4 rows: each of 2 steps reads all of W2 (4 x 4) in pieces of k; W1 is resident.
    leaf = chain(loop("fc2.k", 1), keep("GLB", "W2"), "fc2")
    found = run(matmuls(2, 4), keep("GLB", "W1"), loop("m", 2), keep("GLB", "T1"), sequential("fc1", leaf))
    assert words(found, "DRAM", "W1") == (16, 0)
    assert words(found, "DRAM", "W2") == (32, 0)


def test_a_scalar_moves_one_word() -> None:
    layers = [layer("scale", "Y[p] = X[p] * S[]", p=5)]
    found = run(layers, keep("GLB", "S"), loop("p", 1), keep("GLB", "X"), "scale")
    assert words(found, "DRAM", "S") == (1, 0)
    assert words(found, "GLB", "S") == (5, 1)


def test_words_beyond_64_bits_are_exact() -> None:
    size = 2**30
    found = run(matmuls(2, size), loop("m", 2**28), keep("GLB", "T0", "T1"), sequential("fc1", "fc2"))
    # W1 and W2 are read by every operation, C is written by every operation and read by all but the first ones.
    assert words(found, "DRAM", "W2") == (size**3, 0)
    assert words(found, "DRAM", "T2") == (size**3 - size**2, size**3)
    assert words(found, "GLB", "T1") == (2 * size**3 - size**2, size**3)
    assert found.offchip_bytes == 2 * size**3 + (2 * size**3 - size**2) + size**2
