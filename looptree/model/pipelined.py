"""Latency of a pipeline step by step: its stages work at once on consecutive iterations.

At step t stage s works on iteration t - s. What its stages do at a step is one step of the pipeline: it takes as long
as the slowest stage computes, and all stages share the memory levels. The steps are then timed as any others, with the
transfers of the neighbouring ones. All of them are visited, one entry of an array each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import SAFE, Array, Axis
from looptree.model.begun import begun
from looptree.model.exchange import Exchange, Product, exchanges
from looptree.model.inferred import Inferred
from looptree.model.latency import made_iterations, over, stage_cycles
from looptree.model.rates import Costs
from looptree.model.sequence import Steps, Vector, charged
from looptree.taxonomy.binding import BoundChain, Design

MAX_ITERATIONS = 1 << 18


class _Amounts(NamedTuple):
    """What is asked of every resource at each time step: one row per resource."""

    load: Array
    work: Array
    store: Array


def pipeline_steps(
    design: Design, inferred: Inferred, costs: Costs, chain: BoundChain, layers: tuple[str, ...]
) -> Steps | None:
    """All steps of a pipeline as one run; `None` if nothing is ever done."""
    if chain.id not in inferred.axes:
        return None
    axes = inferred.axes[chain.id]
    made = made_iterations(design, inferred, chain)
    children = [design.chains[child] for child in chain.children]

    def table(product: Product, own: Mapping[int, Axis]) -> Array:
        tables = {
            key: np.broadcast_to(product.tables[key], (axis.size,)) if key in product.tables else _ones(axis)
            for key, axis in own.items()
        }
        return kept(over(product.scale, tables, own, axes))

    def kept(counts: Array) -> Array:
        made_ones: Array = counts[np.broadcast_to(made, counts.shape)]
        return made_ones

    cycles = [kept(stage_cycles(design, inferred, child, axes)) for child in children]
    iterations = len(cycles[0])
    if not iterations:
        return None
    if iterations > MAX_ITERATIONS:
        raise UnsupportedError(
            f"a pipeline of {iterations} iterations is not timed step by step; at most {MAX_ITERATIONS}",
            hint="use larger tiles",
        )
    stages = [_stage(design, inferred, costs, child, table, iterations) for child in children]
    _share(stages, cycles, costs, children, exchanges(design, inferred, chain), lambda p: table(p, axes))
    return _run(stages, cycles, costs, [layers.index(child.einsums[-1]) for child in children], len(layers))


def _ones(axis: Axis) -> Array:
    return np.ones(axis.size, dtype=np.int64)


Table = Callable[[Product, Mapping[int, Axis]], Array]


def _stage(
    design: Design, inferred: Inferred, costs: Costs, chain: BoundChain, table: Table, iterations: int
) -> _Amounts:
    """What everything below one stage asks for at each iteration of the pipeline."""
    found = _Amounts(*(np.zeros((len(costs.names), iterations), dtype=object) for _ in range(3)))
    todo = [chain]
    while todo:
        part = todo.pop()
        todo += [design.chains[child] for child in part.children]
        if part.id not in inferred.axes:
            continue
        axes = inferred.axes[part.id]
        for exchange in exchanges(design, inferred, part):
            side = found.load if exchange.inward else found.store
            _add(side, costs.moving(exchange), _words(exchange, lambda p, own=axes: table(p, own)))  # type: ignore[misc]
        if part.kind == "compute":
            for vector, counts in _accesses(design, inferred, costs, part, lambda p, own=axes: table(p, own)):  # type: ignore[misc]
                _add(found.work, vector, counts)
    return found


def _accesses(
    design: Design, inferred: Inferred, costs: Costs, leaf: BoundChain, table: Callable[[Product], Array]
) -> Iterator[tuple[Vector, Array]]:
    """What a layer reads and writes itself: what one word takes, and how many."""
    (name,) = leaf.einsums
    known = inferred.einsums[name].leaf
    assert known is not None, "a leaf with axes has operations"
    operations = table(Product(*known[0].factors(known[1])))
    einsum = design.workload.einsum(name)
    for access in einsum.inputs:
        level = design.innermost_place(access.tensor, leaf).level
        yield costs.access(level, access.tensor, reads=1), operations
    output = einsum.output.tensor
    level = design.innermost_place(output, leaf).level
    yield costs.access(level, output, writes=1, reads=1), operations
    if costs.limited(level):
        yield costs.access(level, output, reads=-1), table(begun(design, inferred, leaf))


def _words(exchange: Exchange, table: Callable[[Product], Array]) -> Array:
    found: Array = sum((sign * table(product) for sign, product in exchange.words), np.zeros(1, dtype=np.int64))
    return found


def _add(side: Array, vector: Vector, counts: Array) -> None:
    for resource, units in enumerate(vector):
        if units:
            side[resource] += units * counts.astype(object)


def _share(
    stages: list[_Amounts],
    cycles: list[Array],
    costs: Costs,
    children: list[BoundChain],
    moved: Iterator[Exchange],
    table: Callable[[Product], Array],
) -> None:
    """Hand what the places around the pipeline exchange to the first, or the last, stage that it serves."""
    for exchange in moved:
        words = _words(exchange, table)
        left = np.ones(len(words), dtype=bool)
        using = [index for index, child in enumerate(children) if not exchange.by.isdisjoint(child.einsums)]
        for index in using if exchange.inward else reversed(using):
            here = left & (cycles[index] > 0)
            side = stages[index].load if exchange.inward else stages[index].store
            _add(side, costs.moving(exchange), np.where(here, words, 0))
            left &= ~here


def _run(stages: list[_Amounts], cycles: list[Array], costs: Costs, layer_of: list[int], layers: int) -> Steps:
    """The stages side by side, each one step later than the one before, as one run of steps."""
    iterations = len(cycles[0])
    total = iterations + len(stages) - 1
    load, work, store = (np.zeros((len(costs.names), total), dtype=object) for _ in range(3))
    schedule = np.zeros((len(stages), total), dtype=object)
    for index, (stage, needs) in enumerate(zip(stages, cycles, strict=True)):
        here = slice(index, index + iterations)
        schedule[index, here] = needs
        load[:, here] += stage.load
        work[:, here] += stage.work
        store[:, here] += stage.store
    work[0] = schedule.max(axis=0) * costs.unit
    slowest = [layer_of[index] for index in schedule.argmax(axis=0)]
    asked = work.copy()
    asked[:, :-1] += load[:, 1:]
    asked[:, 1:] += store[:, :-1]
    if total > 2 and max(int(row.max()) for row in asked) * total < SAFE:
        asked = asked.astype(np.int64)
    spent = [0] * (layers * len(costs.names))
    inner = slice(1, total - 1)
    longest, which = asked[:, inner].max(axis=0), asked[:, inner].argmax(axis=0)
    for layer in sorted(set(slowest)):
        for resource in range(len(costs.names)):
            mask = (np.array(slowest[inner]) == layer) & (which == resource)
            spent[layer * len(costs.names) + resource] += int(longest[mask].sum()) if mask.any() else 0
    ends = _column(load, 0), _column(asked, 0), _column(asked, -1), _column(store, -1)
    return charged(*ends, spent, slowest[0], slowest[-1], total)


def _column(amounts: Array, step: int) -> Vector:
    return tuple(int(units) for units in amounts[:, step])
