"""What is tried: structures, tile shapes, shapes of segments, objectives."""

from __future__ import annotations

import numpy as np
import pytest

from looptree.architecture.load import load_architecture
from looptree.errors import InputError
from looptree.search.objective import OBJECTIVES, checked, cost
from looptree.search.segment import renamed, segment, shape_of
from looptree.search.structures import MAX_TILES, sinks_of, structures_of, tiles_of, useful_tiles
from looptree.taxonomy.group import GroupChoice
from looptree.taxonomy.tree import RankRef, Temporal
from looptree.workload.load import load_workload
from tests.search.search_cases import architecture, network


@pytest.mark.parametrize("extent", range(1, 200))
def test_useful_tiles_are_the_distinct_ceilings(extent: int) -> None:
    expected = sorted({-(-extent // count) for count in range(2, extent + 1)}, reverse=True)
    assert useful_tiles(extent, extent) == expected


@pytest.mark.parametrize("most", [2, 3, 7])
def test_too_many_tiles_are_thinned_and_keep_both_ends(most: int) -> None:
    tiles = useful_tiles(1000, most)
    assert len(tiles) == most
    assert (tiles[0], tiles[-1]) == (500, 1)
    assert set(tiles) <= set(useful_tiles(1000, 1000))


def test_a_fused_group_has_two_loops_and_a_layer_alone_three() -> None:
    workload = load_workload("pointwise_depthwise_pointwise")
    names = [e.name for e in workload.einsums]
    fused, alone = segment(workload, names), segment(workload, names[:1])
    assert max(len(s.ranks) for s in structures_of(fused)) == 2
    assert max(len(s.ranks) for s in structures_of(alone)) == 3
    assert {s.depth for s in structures_of(alone)} == {0}
    assert {(len(s.ranks), s.depth) for s in structures_of(fused)} == {(1, 0), (1, 1), (2, 1), (2, 2)}


def test_loops_of_one_structure_move_different_dimensions() -> None:
    """`p` and `r` of a convolution both move along the rows of its input."""
    part = network("chain", 1, layers=1)
    for structure in structures_of(part):
        assert not {"p", "r"} <= {rank for loop in structure.ranks for _, rank in loop}


def test_each_loop_has_its_tiles() -> None:
    part = segment(load_workload("conv_conv"), ["conv1"])
    for structure in structures_of(part):
        tiles = tiles_of(part, structure)
        assert len(tiles) == len(structure.ranks)
        assert all(len(listed) <= MAX_TILES[len(structure.ranks)] for listed in tiles)


def test_sinks_are_the_layers_that_nothing_reads() -> None:
    assert sinks_of(network("matmul", 0)) == ("layer3",)


def test_what_others_read_leaves_a_segment() -> None:
    workload = network("matmul", 0)
    part = segment(workload, ["layer1", "layer2"])
    assert part.outputs == ("T2",)
    assert part.inputs == ("T0", "W1", "W2")
    assert part.tensors["T1"] == workload.tensors["T1"]


def test_layers_that_differ_in_names_have_one_shape() -> None:
    workload = load_workload("bert_base")
    names = [e.name for e in workload.einsums]
    period = len(names) // 12
    first, second = (segment(workload, names[start : start + 3]) for start in (period, 2 * period))
    assert shape_of(first).key == shape_of(second).key
    assert shape_of(first).key != shape_of(segment(workload, names[period : period + 2])).key


def test_a_choice_moves_to_a_segment_of_the_same_shape() -> None:
    workload = load_workload("bert_base")
    names = [e.name for e in workload.einsums]
    period = len(names) // 12
    first, second = (segment(workload, names[start : start + 2]) for start in (period, 2 * period))
    old, new = shape_of(first), shape_of(second)
    rank = next(iter(first.einsums[-1].ranks))
    loop = Temporal((RankRef(rank, old.einsums[-1]),), 2)
    choice = GroupChoice(old.einsums, (loop,), {old.tensors[0]: 1}, level="GLB")
    moved = renamed(choice, old, new)
    assert moved.einsums == new.einsums
    assert dict(moved.retention) == {new.tensors[0]: 1}
    assert moved.loops == (Temporal((RankRef(rank, new.einsums[-1]),), 2),)
    assert renamed(moved, new, old) == choice


def test_objectives_are_checked() -> None:
    assert [checked(name) for name in OBJECTIVES] == list(OBJECTIVES)
    with pytest.raises(InputError, match="did you mean 'latency'"):
        checked("latncy")


def test_latency_is_the_slowest_of_compute_and_both_levels() -> None:
    """2 bytes per cycle off chip, 4 in the buffer: the slowest of 20 / 2, 60 / 4 and 12 cycles."""
    hardware = architecture(None, buffer_bandwidth=4)
    one = [np.array([x]) for x in (20.0, 60.0, 12.0)]
    assert cost("latency", hardware, "GLB", *one).tolist() == [15.0]
    assert cost("offchip", hardware, "GLB", *one).tolist() == [20.0]
    assert cost("energy", load_architecture("mobile"), "GLB", *one).tolist() == [60.0]
