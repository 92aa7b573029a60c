"""A dataflow run step by step, with sets of words: slow, obvious, and without anything of `counting`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from looptree.importers.maestro.counting import Operand
from looptree.importers.maestro.nest import Nest

Box = dict[str, range]
Words = frozenset[tuple[int, ...]]


def steps(nest: Nest, depth: int) -> Iterator[tuple[tuple[int, ...], dict[tuple[int, ...], Box]]]:
    """Every step of the loops of the first levels: its loop counters, and what each unit has."""

    def below(level: int, boxes: dict[tuple[int, ...], Box], largest: Box) -> Iterator[tuple[tuple[int, ...], dict]]:  # type: ignore[type-arg]
        if level == depth:
            yield (), boxes
            return
        loops = nest.levels[level].loops
        counts = [range(-(-len(largest[loop.dimension]) // loop.step)) for loop in loops]
        for counters in product(*counts):
            inner: dict[tuple[int, ...], Box] = {}
            for unit, box in boxes.items():
                for own in range(max((loop.units for loop in loops), default=1)):
                    part = dict(box)
                    for loop, counter in zip(loops, counters, strict=True):
                        place = counter * loop.step + (own * loop.tile if loop.units > 1 else 0)
                        part[loop.dimension] = box[loop.dimension][place : place + loop.tile]
                    if all(len(indices) for indices in part.values()):
                        inner[(*unit, own)] = part
                    if all(loop.units == 1 for loop in loops):
                        break
            first = next(iter(inner.values()), None)
            if first is None:
                continue
            for rest, found in below(level + 1, inner, first):
                yield (*counters, *rest), found

    whole = {dimension: range(extent) for dimension, extent in nest.extents.items()}
    yield from below(0, {(): whole}, whole)


def words(operand: Operand, box: Box) -> Words:
    """Words that a unit needs: in each dimension all from the first to the last."""
    spans = []
    for axis in operand.axes:
        first = sum(factor * box[dimension][0] for dimension, factor in axis)
        last = sum(factor * box[dimension][-1] for dimension, factor in axis)
        spans.append(range(first, last + 1))
    return frozenset(product(*spans))


def moved(nest: Nest, operand: Operand, depth: int) -> tuple[int, int]:
    """Words that the units fetch together at each step, each word once, and words that all of them fetch.

    A unit keeps what it has while only the innermost loop steps that moves its window; anything else begins anew, and
    a step that leaves the window where it is fetches nothing.
    """
    trace = [(counters, {u: words(operand, box) for u, box in boxes.items()}) for counters, boxes in steps(nest, depth)]
    moving = _moving(trace)
    shared = alone = 0
    held: dict[tuple[int, ...], tuple[tuple[int, ...], Words]] = {}
    for counters, needed in trace:
        fetched: set[tuple[int, ...]] = set()
        for unit, window in needed.items():
            before = held.get(unit)
            stays = before is not None and before[0] == counters[:moving] and (moving >= 0)
            fresh = window - before[1] if before is not None and stays else window
            fetched |= fresh
            alone += len(fresh)
            held[unit] = (counters[:moving], window)
        shared += len(fetched)
    return shared, alone


def _moving(trace: list[tuple[tuple[int, ...], dict[tuple[int, ...], Words]]]) -> int:
    """The innermost loop that, while all others stand still, moves the window of the first unit; 0 if none does."""
    unit = min(trace[0][1])
    places = [0]
    for place in range(len(trace[0][0])):
        seen: dict[tuple[int, ...], Words] = {}
        for counters, needed in trace:
            others = (*counters[:place], *counters[place + 1 :])
            if unit in needed and seen.setdefault(others, needed[unit]) != needed[unit]:
                places.append(place)
    return max(places)
