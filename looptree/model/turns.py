"""The steps that take turns: iterations with the instances of spatial loops told apart from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.inferred import Axes, Inferred, Turns
from looptree.model.product import Amount, Product, Terms
from looptree.taxonomy.design import BoundChain, Design

MAX_ENTRIES = 1 << 24


def turns_of(design: Design, inferred: Inferred) -> dict[int, Turns]:
    """By id of the chain; those of which nothing is ever asked are left out."""
    if inferred.turns is None:
        inferred.turns = _all(design, inferred)
    return inferred.turns


def _all(design: Design, inferred: Inferred) -> dict[int, Turns]:
    found: dict[int, Turns] = {}
    for chain in design.chains:
        if chain.id not in inferred.axes:
            continue
        axes = inferred.axes[chain.id]
        if not chain.spatial:
            found[chain.id] = Turns(axes, {})
            continue
        outer = found[chain.parent] if chain.parent is not None else Turns({}, {})
        before = inferred.axes[chain.parent] if chain.parent is not None else {}
        found[chain.id] = _turns(chain, axes, before, outer)
    return found


def _turns(chain: BoundChain, axes: Axes, before: Axes, outer: Turns) -> Turns:
    """Those of a chain, from those of the chain around it."""
    spatial = {loop.depth for loop in chain.spatial}
    kept: Axes = {}
    steps: dict[int, Array] = {}
    for key, axis in axes.items():
        old = before.get(key, Axis.root())
        if old is axis:
            kept[key] = outer.axes[key]
            if key in outer.steps:
                steps[key] = outer.steps[key]
            continue
        around = outer.axes.get(key, Axis.root())
        known = len(old.depths)
        parent = axis.group(known) if known else np.zeros(axis.size, dtype=np.int64)
        parent = outer.steps[key][parent] if key in outer.steps else parent
        own = [t for t in range(known, len(axis.depths)) if axis.depths[t] not in spatial]
        kept[key], steps[key] = _without(axis, around, parent, own)
    return Turns(kept, steps)


def _without(axis: Axis, around: Axis, parent: Array, own: list[int]) -> tuple[Axis, Array]:
    """An axis with some of its loops below those that another one has, and its own step there for each own step."""
    if not own:
        return around, parent
    columns = np.stack([parent, *(axis.ordinals[t] for t in own)], axis=1)
    rows, steps = np.unique(columns, axis=0, return_inverse=True)
    changed = np.zeros(len(rows), dtype=bool)
    changed[:1] = True
    changed[1:] = rows[1:, 0] != rows[:-1, 0]
    groups = [group[rows[:, 0]] for group in around.groups]
    for column in range(1, rows.shape[1]):
        changed = changed.copy()
        changed[1:] |= rows[1:, column] != rows[:-1, column]
        groups.append(np.cumsum(changed) - 1)
    ordinals = [ordinal[rows[:, 0]] for ordinal in around.ordinals]
    depths = (*around.depths, *(axis.depths[t] for t in own))
    return Axis(depths, tuple(groups), (*ordinals, *rows.T[1:])), steps.ravel()


def amount(
    terms: Terms,
    axes: Axes,
    turns: Turns,
    instances: Collection[int],
    origin: Mapping[int, Array] | None = None,
) -> Amount:
    """What several counts come to at each step, for the busiest of the instances of some loops.

    Args:
        terms: signs and counts. axes: of their tables. turns: the steps. instances: depths of loops on these axes.
        origin: per axis that was rearranged, the own step of the axis of the chain for each of its own steps.

    Raises:
        UnsupportedError: there are too many instances and steps to be told apart.
    """
    if not turns.steps:
        return Amount(terms, {})
    tables: list[dict[int, Array]] = [{} for _ in terms]
    columns: dict[int, int] = {}
    for key, axis in axes.items():
        steps = turns.steps.get(key)
        old = origin[key] if origin is not None and key in origin else np.arange(axis.size)
        steps = old if steps is None else steps[old]
        own = [axis.ordinals[t] for t, depth in enumerate(axis.depths) if depth in instances]
        kinds, width = np.zeros(axis.size, dtype=np.int64), 1
        for ordinal in own:
            steps_of = int(ordinal.max(initial=0)) + 1
            kinds, width = kinds * steps_of + ordinal, width * steps_of
        height = turns.axes[key].size
        if width * height > MAX_ENTRIES:
            raise UnsupportedError(f"{width} instances and {height} steps along one axis are not timed step by step")
        spread = []
        for _, product in terms:
            table = np.broadcast_to(product.tables.get(key, np.ones(1, dtype=np.int64)), (axis.size,))
            wide = np.zeros((height, width), dtype=table.dtype)
            np.add.at(wide, (steps, kinds), table)
            spread.append(wide)
        different = np.stack(spread)
        if len(terms) > 1 and different.dtype != object:  # instances that always do the same are one kind
            different = np.unique(different.reshape(-1, width), axis=1).reshape(len(terms), height, -1)
        if len(terms) == 1:
            different = different.max(axis=2, keepdims=True)
        if different.shape[2] > 1:
            columns[key] = different.shape[2]
        for table_of, wide in zip(tables, different, strict=True):
            table_of[key] = wide if key in columns else wide[:, 0]
    found = tuple((sign, Product(p.scale, table)) for (sign, p), table in zip(terms, tables, strict=True))
    return Amount(found, columns)
