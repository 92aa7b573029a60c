"""The formulas of msf-CNN: the model on chains without padding against arithmetic on layer shapes."""

from __future__ import annotations

import pytest

from looptree.architecture.load import load_architecture
from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.validate.row_tiles import column_buffer_bytes, whole_tile_operations
from looptree.validate.settings import blocks_of
from looptree.workload import Workload
from looptree.workload.load import load_workload, workload_of

SMALL = load_architecture("small")
CHAIN = """
name: chain
inputs: {image: [3, 23, 17]}
layers:
  - {name: one, type: conv, out_channels: 4, kernel: 3, stride: 2, padding: 1}
  - {name: two, type: conv, depthwise: true, kernel: 5, padding: 2}
  - {name: three, type: conv, out_channels: 6, kernel: 1}
  - {name: four, type: conv, depthwise: true, kernel: 3, stride: 2, padding: 1}
  - {name: five, type: conv, out_channels: 2, kernel: 3, padding: 1}
"""
# rows, kernel, stride, padding, columns of the output, multiply-accumulates of an output pixel
LAYERS = [
    (23, 3, 2, 1, 9, 4 * 3 * 9),
    (12, 5, 1, 2, 9, 4 * 25),
    (12, 1, 1, 0, 9, 6 * 4),
    (12, 3, 2, 1, 5, 6 * 9),
    (6, 3, 1, 1, 5, 2 * 6 * 9),
]


def chain() -> Workload:
    return workload_of(parse_document(CHAIN))


def published(first: int, last: int) -> int:
    """The published formula, one layer after the other from the end of the block."""
    total, tile, step = 0, 1, 1
    for rows, kernel, stride, padding, columns, operations in reversed(LAYERS[first : last + 1]):
        made, tile, step = tile, (tile - 1) * stride + kernel, step * stride
        total += ((rows + 2 * padding - tile) // step + 1) * made * columns * operations
    return total


def alone(layer: int) -> int:
    rows, kernel, stride, padding, columns, operations = LAYERS[layer]
    return ((rows + 2 * padding - kernel) // stride + 1) * columns * operations


@pytest.mark.parametrize("blocks", [(0, 1), (0, 4), (1, 3), (2, 4), (3, 4)])
def test_operations_of_a_block_are_those_of_the_published_formula(blocks: tuple[int, int]) -> None:
    first, last = blocks
    groups = blocks_of(chain(), f"{first}-{last}")
    others = sum(alone(layer) for layer in range(5) if not first <= layer <= last)
    assert whole_tile_operations(chain(), SMALL, groups) == published(first, last) + others


def test_memory_of_a_block_by_hand() -> None:
    """Block two..four: input 4 x 12 x 9, output 6 x 6 x 5; tiles of 7, 3 and 3 rows; kernels of 5, 1 and 3 columns."""
    groups = blocks_of(chain(), "1-3")
    buffers = 5 * 7 * 4 + 1 * 3 * 4 + 3 * 3 * 6
    assert column_buffer_bytes(chain(), groups) == 4 * 12 * 9 + 6 * 6 * 5 + buffers


def test_rows_of_the_last_tile_by_hand() -> None:
    """Block one..five: one row of the output belongs to 3, 7, 7, 11, 23 rows, from the last layer on.

    The image has 23 rows, so that the tile starts at row 0 and ends at the other edge. With the padding of both edges
    layers have (23 - 3 + 2) // 2 + 1 = 12, 12 - 5 + 4 + 1 = 12, 12 and (12 - 3 + 2) // 2 + 1 = 6 rows behind it.
    """
    rows = (23, 12, 12, 12, 6)
    buffers = sum(k * r * c for k, r, c in zip((3, 5, 1, 3, 3), rows, (3, 4, 4, 6, 6), strict=True))
    assert column_buffer_bytes(chain(), blocks_of(chain(), "0-4")) == buffers


def test_image_and_last_output_are_no_part_of_the_memory() -> None:
    assert column_buffer_bytes(chain(), blocks_of(chain(), "none")) == 2 * 4 * 12 * 9 + (6 - 4) * 12 * 9


def test_what_is_not_a_chain_is_refused() -> None:
    network = load_workload("mobilenet_v2")
    with pytest.raises(InputError, match="layers over images that each read the one before"):
        whole_tile_operations(network, SMALL, blocks_of(network, "6-10"))
