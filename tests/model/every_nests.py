"""The best nests at several levels, of all: every set of tensors, tile shape and order, without any bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from looptree.model.axis import Array
from looptree.model.inside.finder import Finder
from looptree.model.inside.joint import Joint, Outer, Wanted
from looptree.model.inside.leaf import Leaf, Shape
from looptree.model.inside.nest import Options
from looptree.model.inside.ways import Block, Ways

Known = dict[object, float]


class EveryWay(Ways):
    """All combinations that fit, also those in which a tile could be larger."""

    def _largest(self, case: Array, chosen: dict[int, Array], words: dict[str, Array]) -> Block:
        return self._block(case, chosen, words)


def least_of_all(joint: Joint, leaf: Leaf, outer: Outer, wanted: Wanted, shape: Shape, known: Known) -> float:
    """The least sum of all nests of one shape at two levels or more; infinite where none fits."""
    key = len(joint.levels), shape.key, *shape.entered.values(), *(level.name for level in outer.values())
    if key not in known:
        finder, price = joint._finder(leaf, (shape,)), joint._price(leaf, outer, wanted)
        known[key] = np.inf
        for kept in finder.tables.kept():
            own: dict[object, float] = {}
            shapes: dict[object, Shape] = {}
            for options in _options(finder, kept, shape):
                for at, taken in enumerate(options.priced(price).tolist()):
                    _, inner = finder.chosen(options, at)
                    number = inner.key, *inner.entered.values()
                    shapes[number], own[number] = inner, min(taken, own.get(number, np.inf))
            within = joint.further_of(outer, kept)
            further = _further(joint.further, leaf, within, wanted, list(shapes.values()), known)
            known[key] = min([known[key], *(taken + more for taken, more in zip(own.values(), further, strict=True))])
    return known[key]


def _options(finder: Finder, kept: tuple[str, ...], shape: Shape) -> Iterator[Options]:
    tables = finder.tables
    rows = {tensor: tables.tensors.index(tensor) for tensor in kept}
    nowhere = [np.full_like(part.wider, -1) for part in tables.parts]
    every = EveryWay(tables.parts, tables.problems, rows, tables.room, set(tables.leaf.einsum.ranks), nowhere)
    for block in every.blocks(np.arange(1)):
        moved = {tensor: tables.moved(tensor, block.ways) for tensor in tables.tensors}
        for options in tables.options_of(block, tables.orders(kept, tables.tensors, block.ways)):
            words = {
                row: np.where(moved[t], options.entered[row], float(shape.entered[row]))
                for t in tables.tensors
                for row in tables.leaf.rows(t)
            }
            yield replace(options, entered=words)


def _further(joint: Joint, leaf: Leaf, outer: Outer, wanted: Wanted, shapes: list[Shape], known: Known) -> list[float]:
    if len(joint.levels) > 1:
        return [least_of_all(joint, leaf, outer, wanted, shape, known) for shape in shapes]
    listed = joint.least(leaf, outer, [wanted], wanted, shapes) if shapes else []
    return [nests[0].sums[0] if nests[0].fits else np.inf for nests in listed]
