"""Pictures of layer graphs: nothing overlaps, lines go from producer to consumer, groups keep their order."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest

from looptree.graph.layout import Frame, Layout, lay_out


def overlap(a: Frame, b: Frame) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def inside(outer: Frame, inner: Frame) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def check(groups: list[list[str]], edges: list[tuple[str, str]]) -> Layout:
    picture = lay_out(groups, edges)
    assert set(picture.nodes) == {name for names in groups for name in names}
    for a, b in combinations(picture.nodes.values(), 2):
        assert not overlap(a, b)
    for a, b in combinations(picture.groups, 2):
        assert not overlap(a, b)
    for names, frame in zip(groups, picture.groups, strict=True):
        assert all(inside(frame, picture.nodes[name]) for name in names)
        assert inside(Frame(0, 0, picture.width, picture.height), frame)
    assert sorted((route.source, route.target) for route in picture.routes) == sorted(edges)
    for route in picture.routes:
        source, target = picture.nodes[route.source], picture.nodes[route.target]
        assert route.points[0] == (source.x + source.width / 2, source.y + source.height)
        assert route.points[-1] == (target.x + target.width / 2, target.y)
        assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in route.points)
    return picture


def test_a_chain_in_one_group() -> None:
    picture = check([["a", "b", "c"]], [("a", "b"), ("b", "c"), ("a", "c")])
    tops = [picture.nodes[name].y for name in "abc"]
    assert tops == sorted(tops)
    passing = next(route for route in picture.routes if (route.source, route.target) == ("a", "c"))
    middle = picture.nodes["b"]
    assert all(not middle.x < x < middle.x + middle.width for x, _ in passing.points[1:-1])


def test_a_line_to_the_next_group_is_straight_and_one_past_it_is_not() -> None:
    picture = check([["a"], ["b"], ["c"]], [("a", "b"), ("b", "c"), ("a", "c")])
    points = {(route.source, route.target): len(route.points) for route in picture.routes}
    assert points == {("a", "b"): 2, ("b", "c"): 2, ("a", "c"): 6}


def test_many_groups_are_folded_into_columns() -> None:
    names = [f"layer{i}" for i in range(60)]
    edges = [*pairwise(names), (names[0], names[59])]
    picture = check([[name] for name in names], edges)
    assert picture.width / picture.height > 1
    assert len({frame.x for frame in picture.groups}) > 3


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs(seed: int) -> None:
    draw = random.Random(seed)
    names = [f"n{i}" for i in range(draw.randint(1, 40))]
    edges = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if draw.random() < 0.12]
    groups: list[list[str]] = [[]]
    for name in names:
        if groups[-1] and draw.random() < 0.4:
            groups.append([])
        groups[-1].append(name)
    assert check(groups, edges) == lay_out(groups, edges)
