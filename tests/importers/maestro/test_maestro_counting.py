"""Counts against a run of the dataflow step by step."""

from __future__ import annotations

import random

import pytest

from looptree.errors import InputError
from looptree.importers.maestro import counting
from looptree.importers.maestro.nest import Nest, nest_of
from looptree.importers.maestro.syntax import parse_network
from tests.importers.maestro import maestro_simulation


def layer(kind: str, sizes: str, dataflow: str, stride: int = 1, pes: int = 8) -> Nest:
    text = f"Network n {{ Layer a {{ Type: {kind} Stride {{ X: {stride}, Y: {stride} }} "
    text += f"Dimensions {{ {sizes} }} Dataflow {{ {dataflow} }} }} }}"
    return nest_of(parse_network(text, "n.m").layers[0], pes)


def random_nest(seed: int) -> Nest | None:
    """A small convolution or product with a random dataflow; `None` where that leaves something out."""
    rng = random.Random(seed)
    stride = rng.choice((1, 1, 2))
    if rng.random() < 0.3:
        kind, names = "GEMM", ["M", "N", "K"]
        sizes = {name: rng.randint(1, 9) for name in names}
    else:
        kind, names = rng.choice(("CONV", "DSCONV")), ["K", "C", "R", "S", "Y", "X"]
        sizes = {"K": rng.randint(1, 5), "C": rng.randint(1, 5), "R": rng.randint(1, 3), "S": rng.randint(1, 3)}
        sizes |= {"Y": sizes["R"] + rng.randint(0, 6), "X": sizes["S"] + rng.randint(0, 5)}
    lines = []
    for level in range(rng.randint(1, 2)):
        if level:
            lines.append(f"Cluster({rng.randint(1, 3)}, P);")
        spatial = rng.choice(names)
        for name in rng.sample(names, rng.randint(2, len(names))):
            size = rng.randint(1, 4)
            text = f"{size}+Sz({ {'Y': 'R', 'X': 'S'}[name] })-1,{size}" if name in ("Y", "X") else f"{size},{size}"
            lines.append(f"{'SpatialMap' if name == spatial else 'TemporalMap'}({text}) {name};")
    try:
        return layer(kind, ", ".join(f"{n}: {e}" for n, e in sizes.items()), " ".join(lines), stride)
    except InputError as problem:
        assert "completes no output" in str(problem) or "moves by" in str(problem)
        return None


@pytest.mark.parametrize("seed", range(150))
def test_random_dataflows_move_what_a_run_of_them_moves(seed: int) -> None:
    nest = random_nest(seed)
    if nest is None:
        return
    for operand in counting.operands_of(nest).values():
        shared, _ = maestro_simulation.moved(nest, operand, 1)
        _, alone = maestro_simulation.moved(nest, operand, len(nest.levels))
        assert counting.shared_reads(nest, operand) == shared, operand
        assert counting.fills(nest, operand) == alone, operand


@pytest.mark.parametrize("seed", range(60))
def test_every_operation_is_done_once(seed: int) -> None:
    nest = random_nest(seed)
    if nest is None:
        return
    depth = len(nest.levels)
    done = [
        point
        for _, boxes in maestro_simulation.steps(nest, depth)
        for box in boxes.values()
        for point in zip(*(_points(box)), strict=True)
    ]
    assert len(done) == len(set(done)) == nest.operations
    cycles = sum(
        max(_size(box) for box in boxes.values()) for _, boxes in maestro_simulation.steps(nest, depth) if boxes
    )
    assert counting.compute_cycles(nest) == cycles


def _points(box: dict[str, range]) -> list[list[int]]:
    from itertools import product

    return [list(column) for column in zip(*product(*box.values()), strict=True)]


def _size(box: dict[str, range]) -> int:
    size = 1
    for indices in box.values():
        size *= len(indices)
    return size


def test_rows_of_kernel_and_input_lie_on_a_diagonal() -> None:
    """Row-stationary: 3 PEs of a cluster have a row of the kernel each, for one output row."""
    nest = layer(
        "CONV",
        "K: 4, C: 2, R: 3, S: 3, Y: 8, X: 8",
        "SpatialMap(1,1) Y'; TemporalMap(1,1) X'; TemporalMap(1,1) C; TemporalMap(2,2) K; Cluster(Sz(R), P); "
        "SpatialMap(1,1) Y; SpatialMap(1,1) R; TemporalMap(Sz(S),Sz(S)) S;",
        pes=7,
    )
    assert [level.units for level in nest.levels] == [2, 3]
    assert nest.unused == 1
    assert dict(nest.tile) == {"N": 1, "G": 1, "K": 2, "C": 1, "R": 1, "S": 3, "P": 1, "Q": 1}
    assert counting.mapped_pes(nest) == 6
    assert nest.operations == 4 * 2 * 9 * 36


VGG = [(64, 3, 224), (64, 64, 224), (128, 64, 112), (128, 128, 112), (256, 128, 56), (512, 256, 28), (512, 512, 14)]


@pytest.mark.parametrize("pes", [64, 256])
@pytest.mark.parametrize(("filters", "channels", "rows"), VGG)
def test_cycles_of_maeri(filters: int, channels: int, rows: int, pes: int) -> None:
    """Nine PEs are one 3 x 3 window: `ceil(K / floor(PEs / 9)) * C * Y' * X'`, as published for VGG-16 on MAERI."""
    nest = layer(
        "CONV",
        f"K: {filters}, C: {channels}, R: 3, S: 3, Y: {rows}, X: {rows}",
        "SpatialMap(1,1) K; TemporalMap(1,1) C; TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X; "
        "Cluster(3,P); SpatialMap(1,1) Y; SpatialMap(1,1) R; Cluster(3,P); SpatialMap(1,1) X; SpatialMap(1,1) S;",
        pes=pes,
    )
    assert counting.compute_cycles(nest) == -(-filters // (pes // 9)) * channels * (rows - 2) ** 2
    assert nest.unused == pes % 9


@pytest.mark.parametrize(
    ("dataflow", "expected"),
    [
        ("SpatialMap(2,1) K;", "a map of K by 2 that moves by 1 computes some twice"),
        ("SpatialMap(1,2) C;", "a map of C by 1 that moves by 2 leaves some out"),
        ("SpatialMap(1,1) K; SpatialMap(1,1) C;", "K and C are mapped to the same units"),
        ("TemporalMap(2,1) Y;", "a map of Y by 2 completes no output: 3 of R are needed at once"),
        ("Cluster(9, P);", "its clusters need 9 PEs, found 8"),
        ("TemporalMap(Sz(R)-3,1) Y;", "expected size and offset of at least 1, found 0, 1"),
    ],
)
def test_what_cannot_be_represented_is_named_with_its_line(dataflow: str, expected: str) -> None:
    with pytest.raises(InputError) as problem:
        layer("CONV", "K: 4, C: 4, R: 3, S: 3, Y: 8, X: 8", dataflow)
    assert str(problem.value).startswith("n.m:1: layer a: ") and expected in str(problem.value)
