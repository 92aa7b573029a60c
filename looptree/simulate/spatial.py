"""Instances: what every one of them needs, and what several of them share at a step.

Some numbers of an iteration are those of spatial loops: they say which instance works, the others at which step.
Everything here takes iterations apart into the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from looptree.simulate.points import Index, Numbers, PointTable, hull, union
from looptree.simulate.sweeps import Required, fresh, sweep_depth
from looptree.simulate.tables import Tables
from looptree.taxonomy.design import BoundChain, Design, Loop, Place
from looptree.workload import Access


def above(design: Design, place: Place, chain: BoundChain | None = None) -> list[Loop]:
    """Spatial loops above a place: it is there once for each of their steps."""
    chain = design.chains[place.chain] if chain is None else chain
    return [loop for loop in chain.spatial if loop.depth <= place.depth]


def part(index: Index, loops: Iterable[Loop]) -> Index:
    """The numbers of an iteration that belong to some loops."""
    return tuple(index[loop.depth - 1] for loop in loops)


def turns(chain: BoundChain, index: Index) -> Index:
    """The numbers of an iteration that belong to loops whose steps take turns."""
    spatial = {loop.depth for loop in chain.spatial}
    return tuple(number for depth, number in enumerate(index, 1) if depth not in spatial)


def turn_depth(chain: BoundChain, depth: int) -> int:
    """How many of the outermost loops take turns."""
    return depth - sum(loop.depth <= depth for loop in chain.spatial)


def per_instance(
    design: Design, place: Place, required: Required, chain: BoundChain | None = None
) -> tuple[Place, Required]:
    """What each instance of a place needs at each step: iterations with the instance first, in order.

    What instances below the place need at the same step is one hull.

    Args:
        design: the design.
        place: the place.
        required: what is required at each iteration of a chain.
        chain: that chain, if it is not that of the place.
    """
    chain = design.chains[place.chain] if chain is None else chain
    if not chain.spatial:
        return place, required
    loops = above(design, place, chain)
    boxes: dict[Index, list[object]] = {}
    for index, box in required.items():
        boxes.setdefault((*part(index, loops), *turns(chain, index)), []).append(box)
    found: Required = {index: hull(boxes[index]) for index in sorted(boxes)}  # type: ignore[arg-type]
    return replace(place, visits=turn_depth(chain, place.visits)), found


def still(design: Design, place: Place, required: Required, chain: BoundChain | None = None) -> int:
    """How many of the outermost loops that take turns have to stand still for data to stay in an instance."""
    seen, boxes = per_instance(design, place, required, chain)
    instances = len(above(design, place, chain))
    return sweep_depth(boxes, seen, instances) - instances


def fresh_at_once(
    design: Design,
    place: Place,
    chain: BoundChain,
    required: Required,
    standing: int,
    points: PointTable,
    tables: Tables,
    *,
    backwards: bool = False,
) -> dict[Index, Numbers]:
    """What is required at each iteration and was not before, in the same sweep of the same instance of a place.

    Instances below the place are asked one after the other at each step: what the first of them needs is not fresh
    for the next.

    Args:
        design: the design. place: whose sweeps. chain: at whose iterations. required: what is required there.
        standing: a sweep is all steps with the same values of so many outermost loops that take turns.
        points: of the tensor. tables: whose budget is spent. backwards: from the end, what is not required later.
    """
    instances = above(design, place, chain)
    others = [loop for loop in chain.spatial if loop not in instances]
    order = {(*part(index, instances), *turns(chain, index), *part(index, others)): index for index in required}
    asked = {key: required[order[key]] for key in sorted(order, reverse=backwards)}
    found = fresh(asked, len(instances) + standing, points, tables)
    return {index: found[key] for key, index in order.items()}


def follows(design: Design, loop: Loop) -> set[tuple[str, str]]:
    """The ranks, as pairs (einsum, rank), whose tiles follow the steps of a loop."""
    found = set(loop.ranks)
    growing = True
    while growing:
        growing = False
        for name, rank in sorted(found):
            for access in design.workload.einsum(name).inputs:
                producer = design.workload.producer(access.tensor)
                for form, made in zip(access.projection, producer.output.projection if producer else (), strict=False):
                    if producer is not None and rank in form.ranks:
                        more = {(producer.name, other) for other in made.ranks} - found
                        found |= more
                        growing = growing or bool(more)
    return found


def is_indexed(design: Design, loop: Loop, einsum: str, access: Access) -> bool:
    """Whether the steps of a loop ask for different words of what an Einsum accesses."""
    ranks = {rank for name, rank in follows(design, loop) if name == einsum}
    return any(not ranks.isdisjoint(form.ranks) for form in access.projection)


def is_reduced(loop: Loop, einsum: str, output: Access) -> bool:
    """Whether the steps of a loop add to the same words of the output of an Einsum."""
    rank = dict(loop.ranks).get(einsum)
    return rank is not None and all(rank not in form.ranks for form in output.projection)


def totals(chain: BoundChain, found: Mapping[Index, Numbers], loops: Sequence[Loop]) -> dict[Index, Counter[Index]]:
    """Words by step, and at each by instance, where loops tell the instances."""
    return _by_step(chain, found, loops, (), lambda listed: sum(numbers.size for numbers in listed))


def shared(
    chain: BoundChain,
    found: Mapping[Index, Numbers],
    outside: Sequence[Loop],
    sharing: Sequence[Loop],
) -> dict[Index, Counter[Index]]:
    """Words by step, and at each by instance of the level further out, of what several instances pass together.

    Args:
        chain: at whose iterations the words are given.
        found: the words.
        outside: spatial loops above the level further out.
        sharing: spatial loops whose instances have each word in common.
    """
    return _by_step(chain, found, outside, sharing, lambda listed: union(listed).size)


def made_once(chain: BoundChain, found: Mapping[Index, Numbers], sharing: Sequence[Loop]) -> dict[Index, Numbers]:
    """Words of each iteration without those that an earlier instance has at the same step and passes on."""
    if not sharing:
        return dict(found)
    alone = [loop for loop in chain.spatial if loop not in sharing]
    known: dict[tuple[Index, Index], set[int]] = {}
    result: dict[Index, Numbers] = {}
    for index in sorted(found):
        before = known.setdefault((turns(chain, index), part(index, alone)), set())
        new = [number not in before for number in found[index].tolist()]
        before.update(found[index].tolist())
        result[index] = found[index][np.array(new, dtype=bool)]
    return result


def at_once(
    chain: BoundChain,
    done: Mapping[Index, Numbers],
    outside: Sequence[Loop],
    sharing: Sequence[Loop],
) -> dict[Index, Counter[Index]]:
    """Accesses by the operations of a layer: by step, and at each by instance of the level that they access.

    Args:
        chain: of the layer.
        done: operations by iteration.
        outside: spatial loops above the level.
        sharing: spatial loops whose instances make an access together; it lasts as long as the one with most to do.
    """
    return _by_step(chain, done, outside, sharing, lambda listed: max(numbers.size for numbers in listed))


def _by_step(
    chain: BoundChain,
    found: Mapping[Index, Numbers],
    outside: Sequence[Loop],
    sharing: Sequence[Loop],
    count: Callable[[list[Numbers]], int],
) -> dict[Index, Counter[Index]]:
    """By step, and at each by instance that `outside` tells, the count of what the instances along `sharing` do."""
    alone = [loop for loop in chain.spatial if loop not in sharing]
    together: dict[tuple[Index, Index, Index], list[Numbers]] = {}
    for index, numbers in found.items():
        key = turns(chain, index), part(index, outside), part(index, alone)
        together.setdefault(key, []).append(numbers)
    counts: dict[Index, Counter[Index]] = {}
    for (step, instance, _), listed in together.items():
        counts.setdefault(step, Counter())[instance] += count(listed)
    return counts


def steps_at_once(chain: BoundChain, cycles: Mapping[Index, int]) -> dict[Index, int]:
    """Cycles of each step, known by the numbers of loops that take turns: those of the instance that takes longest."""
    most: dict[Index, int] = {}
    for index, needed in cycles.items():
        step = turns(chain, index)
        most[step] = max(most.get(step, 0), needed)
    return {step: most[step] for step in sorted(most)}
