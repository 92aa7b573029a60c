"""Reference values worked out from layer shapes with ten lines of arithmetic that know nothing of the model."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.validate import load_case
from looptree.validate.case import Measure
from looptree.validate.metrics import evaluation_of, measured
from looptree.validate.settings import Designed, checked_values, designed


def at(name: str, **values: str) -> Designed:
    case = load_case(name)
    return designed(case, checked_values(case.parameters, values))


# (kernel, stride, padding, rows of the input, multiply-accumulates per output pixel), first layer first
Layer = tuple[int, int, int, int, int]

ALEXNET: list[Layer] = [
    (11, 4, 0, 227, 48 * 3 * 121),
    (3, 2, 0, 55, 0),
    (5, 1, 2, 27, 128 * 48 * 25),
    (3, 2, 0, 27, 0),
]


def vgg_e() -> list[Layer]:
    """The 16 convolutions and 5 pooling layers."""
    layers: list[Layer] = []
    rows, channels = 224, 3
    for repeats, maps in ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)):
        for _ in range(repeats):
            layers.append((3, 1, 1, rows, maps * channels * 9))
            channels = maps
        layers.append((2, 2, 0, rows, 0))
        rows //= 2
    return layers


def output_rows(layer: Layer) -> int:
    kernel, stride, padding, rows, _ = layer
    return (rows + 2 * padding - kernel) // stride + 1


def extra_of_pyramids(layers: Sequence[Layer]) -> int:
    """Operations of one square pyramid per output pixel, cut off at the image, less those of the layers alone."""
    ends = [(row, row + 1) for row in range(output_rows(layers[-1]))]
    extra = 0
    for layer in reversed(layers):
        kernel, stride, padding, rows, operations = layer
        extra += operations * (sum(stop - start for start, stop in ends) ** 2 - output_rows(layer) ** 2)
        ends = [
            (max(start * stride - padding, 0), min((stop - 1) * stride - padding + kernel, rows))
            for start, stop in ends
        ]
    return extra


def test_recomputation_of_pyramids() -> None:
    extra = Measure("extra_multiply_accumulates", "", "operations")
    found = [
        measured(at("fused_layer_cnn", network=network, mode="recompute"), extra)
        for network in ("vgg_e", "alexnet_first_two")
    ]
    assert found == [extra_of_pyramids(vgg_e()), extra_of_pyramids(ALEXNET)]
    assert extra_of_pyramids(vgg_e()) == 470_962_158_336
    assert extra_of_pyramids(ALEXNET) == 678_243_456


def test_line_buffers_of_fsrcnn_bound_what_is_live() -> None:
    """(K-1) x width x channels adds up to the published 204,472 B; live occupancy adds at most the first tile."""
    evaluation = evaluation_of(at("defines", tile="1x1", mode="keep"))
    live = {tensor: live for tensor, (_, live) in evaluation.occupancy["GLB"].per_tensor.items()}
    tensors = ("image", "extract", "shrink", "map_1", "map_2", "map_3", "map_4", "expand")
    kernels = (5, 1, 3, 3, 3, 3, 1, 3)
    channels = (1, 56, 12, 12, 12, 12, 12, 56)
    widths = (974, 970, 970, 968, 966, 964, 962, 962)
    columns = [960 + sum(kernel - 1 for kernel in kernels[index:]) for index in range(len(kernels))]
    assert columns == list(widths)
    waiting = [(k - 1) * w * c for k, w, c in zip(kernels, widths, channels, strict=True)]
    assert sum(waiting) == 204_472
    for tensor, buffer, width, count in zip(tensors, waiting, widths, channels, strict=True):
        first_tile = count * (width - 960 + 1) ** 2
        assert buffer < live[tensor] <= buffer + first_tile


def test_patches_of_mobilenet_counted_pair_by_pair() -> None:
    """The largest input plus output of a layer of one patch, and the whole output of the patches."""
    design = at("mcunetv2", mode="patches")
    workload, evaluation = design.workload, evaluation_of(design)
    held = evaluation.occupancy["GLB"].per_tensor
    output = workload.tensors["block3_0_project"].size_bytes
    patched = evaluation.groups[0].einsums[:-1]
    pairs = [
        sum(held[tensor][0] for tensor in (workload.einsum(name).inputs[0].tensor, workload.einsum(name).output.tensor))
        for name in patched
    ]
    assert max(pairs) + output == 170_432
    assert 28 * 28 * (32 + 192) == 175_616


def test_energy_of_defines_off_chip_and_of_operations() -> None:
    """What of its energies follows from counts: 700 and 750 pJ per 64 bits of DRAM, 0.04 pJ per operation."""

    def energy(**values: str) -> float:
        design = at("defines", **values)
        evaluation = evaluation_of(design)
        moved = evaluation.transfers[evaluation.off_chip].values()
        read, written = sum(t.reads_bytes for t in moved), sum(t.writes_bytes for t in moved)
        return read * 700 / 8 + written * 750 / 8 + evaluation.total_operations * 0.04

    apart, fused = energy(mode="layer_by_layer"), energy(mode="keep")
    assert round(apart / fused, 1) == 15.2
    off_chip = [evaluation_of(at("defines", mode=mode)).offchip_bytes for mode in ("layer_by_layer", "keep")]
    assert round(off_chip[0] / off_chip[1], 1) == 21.5
    assert round((106_173_716 + 99_015_664) / off_chip[1], 1) == 23.2
