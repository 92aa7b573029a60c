"""Arithmetic of spans."""

from __future__ import annotations

from looptree.taxonomy.spans import Span, beyond_previous, clipped, fixed_span, hull, project
from looptree.workload import Affine


def tile(variable: str, start: int, stop: int, factor: int = 1) -> Span:
    """`factor*variable+start : factor*variable+stop`."""
    return Span(Affine(((variable, factor),), start), Affine(((variable, factor),), stop))


def test_size_and_whole() -> None:
    assert tile("p0", 0, 4).size == 4
    assert Span(Affine((), 0), Affine((("p0", 1),), 4)).size is None
    assert fixed_span(0, 8).is_whole(8)
    assert fixed_span(-1, 9).is_whole(8)
    assert not fixed_span(1, 8).is_whole(8)
    assert not tile("p0", 0, 8).is_whole(8)


def test_only_ends_that_stand_still_are_cut() -> None:
    assert fixed_span(-2, 12).clip(10) == fixed_span(0, 10)
    assert tile("p0", -2, 12).clip(10) == tile("p0", -2, 12)
    assert clipped([fixed_span(-1, 3), None], (2, 5)) == (fixed_span(0, 2), None)


def test_projection() -> None:
    strided = Affine((("p", 2), ("r", 3)), -1)
    assert project(strided, {"p": tile("p0", 0, 4), "r": fixed_span(0, 3)}) == tile("p0", -1, 12, factor=2)
    assert str(project(Affine((("p", -1),), 7), {"p": tile("p0", 0, 4)})) == "-p0+4:-p0+8"
    assert project(strided, {"p": None, "r": fixed_span(0, 3)}) is None


def test_hull() -> None:
    assert hull([tile("p0", 0, 4), tile("p0", -1, 2)]) == tile("p0", -1, 4)
    assert hull([tile("p0", 0, 4), tile("q0", 0, 4)]) is None
    assert hull([tile("p0", 0, 4), None]) is None
    assert hull([None]) is None


def test_what_lies_beyond_the_previous_step() -> None:
    rows = tile("p0", -1, 5)
    assert beyond_previous(rows, {"p0": 4}) == tile("p0", 1, 5)
    assert beyond_previous(rows, {"p0": 6}) == rows
    assert beyond_previous(rows, {"q0": 2}) == rows
    assert beyond_previous(None, {"p0": 4}) is None
    assert beyond_previous(tile("p0", 0, 4, factor=-1), {"p0": 1}) is None
    both = Span(Affine((("p0", 1), ("p1", 1)), 0), Affine((("p0", 1), ("p1", 1)), 6))
    assert str(beyond_previous(both, {"p0": 8, "p1": 4})) == "p0+p1+2:p0+p1+6"
    drifting = Span(Affine((), 0), Affine((("p0", 1),), 6))
    assert beyond_previous(drifting, {"p0": 4}) is None
