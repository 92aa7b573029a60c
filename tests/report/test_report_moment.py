"""Steps of a strip: looked up in tables, held against a walk through all of them."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest

from looptree.architecture.load import load_architecture
from looptree.model.box import Box
from looptree.model.steps import steps
from looptree.report.figures.moment import Spans, before, box_at, moment_of
from looptree.taxonomy.binding import bind
from looptree.taxonomy.points import apply_point, load_point
from looptree.workload.load import load_workload

Points = set[tuple[int, ...]]


def points(box: Spans | None, dimensions: int) -> Points:
    if box is None:
        return set()
    return set(product(*(range(*box[index]) for index in range(dimensions))))


@pytest.mark.parametrize(
    ("name", "tiles"),
    [
        ("fused_layer_cnn", {"tile_p": 3, "tile_q": 2}),
        ("fused_layer_cnn_recompute", {"tile_p": 2, "tile_q": 3}),
        ("defines_h_cached_v_recompute", {"tile_p": 3, "tile_q": 3}),
    ],
)
def test_a_step_is_what_a_walk_through_all_steps_finds(name: str, tiles: dict[str, int]) -> None:
    workload, architecture = load_workload("conv_conv", channels=1, resolution=5), load_architecture("small")
    point = load_point(name)
    known = {key: value for key, value in tiles.items() if key in point.parameters}
    design = bind(workload, architecture, apply_point(point, workload, architecture, **known))
    found = steps(design)[design.root.id]
    depths = [loop.depth for loop in design.root.loops]
    count = prod(axis.size for axis in found.axes.values())
    moments = [moment_of(found.axes, depths, number) for number in range(count)]
    assert count > 3
    assert [m.values for m in moments] == sorted({m.values for m in moments})

    for place_id, asked in found.places.items():
        dimensions = len(workload.tensors[design.places[place_id].tensor].shape)

        def at(box: Box, number: int, dimensions: int = dimensions) -> Points:
            return points(box_at(box, moments[number].own), dimensions)

        for number, moment in enumerate(moments):
            need = at(asked.needed, number)
            for still, arriving in ((asked.life, asked.arriving), (0, asked.first)):
                same = [i for i in range(number) if moments[i].values[:still] == moment.values[:still]]
                walked = set[tuple[int, ...]]().union(*(at(asked.needed, i) for i in same))
                told = set[tuple[int, ...]]().union(
                    *(points(box, dimensions) for box in before(asked.needed, moment, still))
                )
                assert told == walked
                if at(arriving, number):
                    assert at(arriving, number) == need - walked
