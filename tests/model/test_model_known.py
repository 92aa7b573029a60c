"""Numbers that others published or measured, each from one mapping that is written out here.

Sources: AccelForge (https://github.com/Accelergy-Project/accelforge), the least energy that its search reports for each
case; Mei et al., DeFiNES, HPCA 2023 (arXiv 2212.05344), from running the tool; Alwani et al.,
Fused-layer CNN accelerators, MICRO 2016, which prints rounded figures: digits beyond them follow from the shapes.
"""

from __future__ import annotations

import pytest

from looptree import resources
from looptree.architecture import Architecture, read_architecture
from looptree.model import Evaluation, evaluate
from looptree.taxonomy import Chain, GroupChoice, plan_tree
from looptree.taxonomy.group_tensors import group_tensors
from looptree.workload import Einsum, Workload
from looptree.workload.load import load_workload
from tests.model.model_cases import chain, drop, keep, layer, loop, matmuls, run, sequential

MEBI = 2**20


@pytest.fixture(scope="module")
def unit_costs() -> Architecture:
    """100 pJ per off-chip bit, 1 per bit of a 64 KiB buffer, 1 per operation."""
    return read_architecture(resources.find("architectures", "reference_cost"))


def offchip(evaluation: Evaluation) -> tuple[int, int]:
    """Bytes read and written off chip."""
    moved = evaluation.transfers["DRAM"].values()
    return sum(t.reads_bytes for t in moved), sum(t.writes_bytes for t in moved)


# -- AccelForge -------------------------------------------------------------------------------


def test_accelforge_two_fused_matmuls(unit_costs: Architecture) -> None:
    # Off chip 4 x 16,384 words. Buffer: per matmul 4 x 2^21 accesses less 2^14 first reads, 3 fills and a drain.
    accesses = 2 * (4 * 2**21 - 2**14) + 4 * 2**14
    assert 8 * 100 * 65_536 + 8 * accesses + 2 * 2**21 == 191_102_976
    tensors = ("T0", "T1", "T2")
    for nodes in ([keep("GLB", *tensors)], [loop("m", 32), keep("GLB", *tensors)]):
        found = run(matmuls(2, 128), keep("GLB", "W1", "W2"), *nodes, sequential("fc1", "fc2"), on=unit_costs)
        assert found.offchip_bytes == 65_536
        assert found.energy.total == 191_102_976
    # Whole tensors take 81,920 bytes; 32 rows at a time fit: 2 x 16,384 + 3 x 32 x 128.
    assert (found.occupancy["GLB"].window_bytes, found.fits) == (45_056, True)


def test_accelforge_two_convolutions(unit_costs: Architecture) -> None:
    layers = [
        layer("conv1", "F2[m,p,q] = F1[c,p+r,q+s] * W1[m,c,r,s]", m=32, c=16, p=34, q=34, r=3, s=3),
        layer("conv2", "F3[m,p,q] = F2[c,p+r,q+s] * W2[m,c,r,s]", m=16, c=32, p=32, q=32, r=3, s=3),
    ]
    tensors = ("F1", "W1", "F2", "W2", "F3")
    found = run(
        layers, keep("GLB", *tensors), sequential("conv1", "conv2"), on=unit_costs.with_capacity("GLB", 100_000)
    )
    # 16 x 36 x 36 in, 16 x 32 x 32 out, 2 x 16 x 32 x 9 weights.
    assert found.offchip_bytes == 46_336
    assert found.energy.total == 368_512_000
    assert found.fits


def inverted_residual(index: int, source: str) -> list[Einsum]:
    """Pointwise 24 to 192, depthwise 3x3, pointwise 192 to 24, on 28 x 28."""
    n, plane = index, {"p": 28, "q": 28}
    return [
        layer(f"expand{n}", f"A{n}[m,p,q] = {source}[c,p,q] * WA{n}[m,c]", m=192, c=24, **plane),
        layer(f"depthwise{n}", f"B{n}[m,p,q] = A{n}[m,p+r,q+s] * WB{n}[m,r,s]", m=192, **plane, r=3, s=3),
        layer(f"project{n}", f"C{n}[m,p,q] = B{n}[c,p,q] * WC{n}[m,c]", m=24, c=192, **plane),
    ]


def channel_by_channel(index: int, resident: str) -> Chain:
    """One block with its hidden channels one at a time, which no halo couples."""
    n = index
    pieces = keep("GLB", f"A{n}", f"B{n}", f"WA{n}", f"WB{n}", f"WC{n}")
    return chain(keep("GLB", resident), loop("c", 1), pieces, sequential(f"expand{n}", f"depthwise{n}", f"project{n}"))


def test_accelforge_mobilenet_excerpt(unit_costs: Architecture) -> None:
    layers = inverted_residual(1, "X") + inverted_residual(2, "C1")
    clipped = {"A1": (192, 28, 28), "A2": (192, 28, 28)}
    blocks = sequential(channel_by_channel(1, "X"), channel_by_channel(2, "C2"))
    found = run(layers, keep("GLB", "C1"), blocks, on=unit_costs, shapes=clipped)
    # 2 x 24 x 28 x 28 in and out, 2 x (2 x 24 x 192 + 192 x 9) weights.
    assert found.offchip_bytes == 59_520
    assert found.energy.total == 609_260_544
    # C1 and X or C2 whole, a hidden plane twice, a slice of the weights.
    assert found.occupancy["GLB"].window_bytes == 2 * 18_816 + 2 * 784 + 2 * 24 + 9
    assert found.fits
    # With everything on chip at once the counts are the same; only the buffer is not.
    tensors = [t for e in layers for t in (e.inputs[0].tensor, e.inputs[1].tensor)]
    whole = run(
        layers, keep("GLB", *tensors, "C2"), sequential(*(e.name for e in layers)), on=unit_costs, shapes=clipped
    )
    assert (whole.offchip_bytes, int(whole.energy.total), whole.fits) == (59_520, 609_260_544, False)


# -- DeFiNES ----------------------------------------------------------------------------------

FSRCNN_WEIGHTS = 15_992
MODES = {"fully recompute": 2, "H-cached, V-recompute": 2, "fully cached": 1}


def fsrcnn(on: Architecture, mode: str, width: int, height: int) -> Evaluation:
    """FSRCNN depth first. Overlap is dropped, kept along a row of tiles, or kept in rows as wide as the image."""
    workload = load_workload("fsrcnn")
    moving = ["image", *workload.intermediates]
    retention = dict.fromkeys(workload.inputs, 0) | dict.fromkeys(moving, MODES[mode])
    choice = GroupChoice(
        tuple(e.name for e in workload.einsums),
        (loop("p", height), loop("q", width)),
        retention | dict.fromkeys(workload.outputs, 2),
        drop=frozenset(moving if mode == "fully recompute" else ()),
        level="GLB",
    )
    return evaluate(workload, on, plan_tree(workload, on, [choice]))


@pytest.mark.parametrize(
    ("mode", "tile", "operations", "read"),
    [
        # 60 x 72: 16 tiles of 74 columns and 8 of 86 (the last 50) rows with halos: 1,184 x 652 pixels.
        ("fully recompute", (60, 72), "9.1201", 1184 * 652 + FSRCNN_WEIGHTS),
        ("H-cached, V-recompute", (60, 72), "8.6876", 974 * 652 + FSRCNN_WEIGHTS),
        ("fully cached", (60, 72), "8.3626", 974 * 554 + FSRCNN_WEIGHTS),
        ("fully recompute", (16, 18), "11.8846", 1_743_992),
        ("H-cached, V-recompute", (16, 18), "9.7091", 951_032),
        ("fully cached", (16, 18), "8.3626", 555_588),
    ],
)
def test_defines_overlap_modes(
    unit_costs: Architecture, mode: str, tile: tuple[int, int], operations: str, read: int
) -> None:
    found = fsrcnn(unit_costs, mode, *tile)
    assert f"{found.total_operations / 1e9:.4f}" == operations
    # The output leaves once: 16 x 540 x 960.
    assert offchip(found) == (read, 8_294_400)
    assert (found.recomputed_operations > 0) == (mode != "fully cached")


def test_defines_reads_of_the_largest_tile(unit_costs: Architecture) -> None:
    # The rows above spelled out by hand are the ones that the tool reports.
    assert [1184 * 652 + FSRCNN_WEIGHTS, 974 * 652 + FSRCNN_WEIGHTS, 974 * 554 + FSRCNN_WEIGHTS] == [
        787_960,
        651_040,
        555_588,
    ]
    assert fsrcnn(unit_costs, "fully cached", 60, 72).total_operations == 8_362_594_208


# Kernel of the layer that reads it, channels, width, and rows that the first pixel of the output needs.
LINE_BUFFERS = {
    "image": (5, 1, 974, 15),
    "shrink": (3, 12, 970, 11),
    "map_1": (3, 12, 968, 9),
    "map_2": (3, 12, 966, 7),
    "map_3": (3, 12, 964, 5),
    "expand": (3, 56, 962, 3),
}


def test_defines_line_buffers(unit_costs: Architecture) -> None:
    # DeFiNES keeps K - 1 rows for a layer of kernel K: 204,472 bytes. Live words at one pixel per step are those,
    # and a column of K where the first row of pixels needs more rows than stay.
    lines = {t: (kernel - 1) * width * channels for t, (kernel, channels, width, _) in LINE_BUFFERS.items()}
    assert sum(lines.values()) == 204_472
    per_tensor = fsrcnn(unit_costs, "fully cached", 1, 1).occupancy["GLB"].per_tensor
    for tensor, (kernel, channels, _, rows) in LINE_BUFFERS.items():
        assert per_tensor[tensor][1] == lines[tensor] + channels * kernel * (rows - (kernel - 1))


def test_defines_layer_by_layer(unit_costs: Architecture) -> None:
    workload = load_workload("fsrcnn")
    groups = [
        GroupChoice((e.name,), retention=dict.fromkeys(group_tensors(workload, (e.name,)), 0), level="GLB")
        for e in workload.einsums
    ]
    found = evaluate(workload, unit_costs, plan_tree(workload, unit_costs, groups))
    read, written = offchip(found)
    assert (found.total_operations, written) == (8_362_594_208, 99_015_664)
    # Every feature map is read once, which is the least there is. DeFiNES reads 106,173,716 bytes: its schedule for
    # single layers reads some of them again.
    assert read == 91_276_852


# -- Fused-layer CNN accelerators -------------------------------------------------------------


def convolution(index: int, source: str, channels: tuple[int, int], size: int, kernel: int = 3) -> Einsum:
    """A convolution of stride 1 that keeps the size."""
    pad = kernel // 2
    form = f"{source}[c,p+r-{pad},q+s-{pad}]"
    ranks = {"m": channels[1], "c": channels[0], "p": size, "q": size, "r": kernel, "s": kernel}
    return layer(f"conv{index}", f"x{index}[m,p,q] = {form} * w{index}[m,c,r,s]", **ranks)


def pooling(index: int, source: str, channels: int, size: int, kernel: int) -> Einsum:
    """A maximum over windows of stride 2."""
    ranks = {"m": channels, "p": size, "q": size, "r": kernel, "s": kernel}
    return layer(f"pool{index}", f"x{index}[m,p,q] = max({source}[m,2*p+r,2*q+s])", **ranks)


def vgg(*blocks: tuple[int, ...]) -> tuple[list[Einsum], dict[str, tuple[int, ...]]]:
    """Blocks of convolutions with the given output channels on 224 x 224 x 3, a pooling between them."""
    layers: list[Einsum] = []
    shapes: dict[str, tuple[int, ...]] = {"x0": (3, 224, 224)}
    channels, size = 3, 224
    for number, block in enumerate(blocks):
        if number:
            size //= 2
            layers.append(pooling(len(layers) + 1, f"x{len(layers)}", channels, size, 2))
            shapes[f"x{len(layers)}"] = (channels, size, size)
        for outputs in block:
            layers.append(convolution(len(layers) + 1, f"x{len(layers)}", (channels, outputs), size))
            channels = outputs
            shapes[f"x{len(layers)}"] = (channels, size, size)
    return layers, shapes


def recomputed(layers: list[Einsum], shapes: dict[str, tuple[int, ...]]) -> int:
    """Multiply-accumulates done again when one pixel is made at a time and nothing is kept."""
    kept_nowhere = drop("GLB", *(e.output.tensor for e in layers[:-1]))
    nodes = (loop("p", 1), loop("q", 1), kept_nowhere, sequential(*(e.name for e in layers)))
    found = run(layers, *nodes, shapes=shapes)
    return sum(count.recomputed for name, count in found.operations.items() if name.startswith("conv"))


def test_fused_layer_cnn_recomputation_of_vgg_e() -> None:
    # Printed: 470 billion extra operations for all 16 convolutions and 5 poolings.
    layers, shapes = vgg((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)
    layers.append(pooling(len(layers) + 1, f"x{len(layers)}", 512, 7, 2))
    assert (len(layers), recomputed(layers, shapes)) == (21, 470_962_158_336)


def test_fused_layer_cnn_recomputation_of_alexnet() -> None:
    # Printed: 678 million extra operations for the first two layers and poolings, one group of 48 and 128 maps.
    first = layer("conv1", "x1[m,p,q] = x0[c,4*p+r,4*q+s] * w1[m,c,r,s]", m=48, c=3, p=55, q=55, r=11, s=11)
    layers = [first, pooling(2, "x1", 48, 27, 3), convolution(3, "x2", (48, 128), 27, 5), pooling(4, "x3", 128, 13, 3)]
    assert recomputed(layers, {"x2": (48, 27, 27)}) == 678_243_456


@pytest.mark.parametrize(
    ("groups", "mebibytes"),
    [
        # Input and output alone: (3 x 224^2 + 256 x 56^2) x 4 bytes. Printed: 3.6.
        ((7,), 3.6),
        # Not printed; what the shapes give for these partitions.
        ((3, 1, 2, 1), 25),
        ((1,) * 7, 86),
    ],
)
def test_fused_layer_cnn_transfers_of_vgg_e(
    unit_costs: Architecture, groups: tuple[int, ...], mebibytes: float
) -> None:
    # The first five convolutions and two poolings, features of 32 bits, weights not counted.
    layers, shapes = vgg((64, 64), (128, 128), (256,))
    workload = Workload("vgg_e", layers, shapes=shapes, default_bits=32)
    choices = []
    for count in groups:
        names = tuple(e.name for e in layers[:count])
        del layers[:count]
        retention = dict.fromkeys(group_tensors(workload, names), 1)
        choices.append(GroupChoice(names, (loop("p", 1),), retention, level="GLB"))
    found = evaluate(workload, unit_costs, plan_tree(workload, unit_costs, choices))
    moved = sum(t.reads_bytes + t.writes_bytes for name, t in found.transfers["DRAM"].items() if name.startswith("x"))
    assert found.recomputed_operations == 0
    assert round(moved / MEBI, 1 if mebibytes < 10 else None) == mebibytes
