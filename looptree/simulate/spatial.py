"""Instances: what every one of them needs, and what several of them share at a step.

An iteration of a leaf with spatial loops says which instance works at which step: some of its numbers are those of
spatial loops. Everything here takes iterations apart into the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from looptree.architecture import Network
from looptree.simulate.inference import Run
from looptree.simulate.points import Index, Numbers, hull, union
from looptree.simulate.sweeps import Required
from looptree.taxonomy.binding import BoundChain, Loop, Place
from looptree.workload import Einsum


def spatial_loops(chain: BoundChain) -> list[Loop]:
    """The loops of a chain whose steps run at once."""
    return [loop for loop in chain.loops if loop.axis is not None]


def above(run: Run, place: Place) -> list[Loop]:
    """Spatial loops above a place."""
    return [loop for loop in spatial_loops(run.design.chains[place.chain]) if loop.depth <= place.depth]


def part(index: Index, loops: Iterable[Loop]) -> Index:
    """The numbers of an iteration that belong to some loops."""
    return tuple(index[loop.depth - 1] for loop in loops)


def turns(chain: BoundChain, index: Index) -> Index:
    """The numbers of an iteration that belong to loops whose steps take turns."""
    spatial = {loop.depth for loop in spatial_loops(chain)}
    return tuple(number for depth, number in enumerate(index, 1) if depth not in spatial)


def per_instance(run: Run, place: Place, required: Required) -> tuple[Place, Required]:
    """What each instance of a place needs at each step: iterations with the instance first, in order.

    What instances below the place need at the same step is one hull.
    """
    chain = run.design.chains[place.chain]
    loops = above(run, place)
    if not spatial_loops(chain):
        return place, required
    boxes: dict[Index, list[object]] = {}
    for index, box in required.items():
        boxes.setdefault((*part(index, loops), *turns(chain, index)), []).append(box)
    found: Required = {index: hull(boxes[index]) for index in sorted(boxes)}  # type: ignore[arg-type]
    waiting = sum(loop.depth <= place.depth for loop in spatial_loops(chain))
    return replace(place, depth=place.depth - waiting + len(loops)), found


def totals(found: Mapping[Index, Numbers], instances: int) -> Counter[Index]:
    """Words by instance, whose numbers are the first ones of each iteration."""
    counts: Counter[Index] = Counter()
    for index, numbers in found.items():
        counts[index[:instances]] += numbers.size
    return counts


def shared(
    einsum: Einsum,
    tensors: Iterable[tuple[str, ...]],
    found: Mapping[Index, Numbers],
    loops: list[Loop],
    outside: int,
    network: Network,
) -> Counter[Index]:
    """Words that pass the network for each instance of the level further out.

    Args:
        einsum: the layer.
        tensors: the ranks of each access.
        found: words by iteration, its first numbers those of `loops`.
        loops: spatial loops above the inner level.
        outside: how many of them are above the outer level as well.
        network: of the outer level; its `multicast` also stands for sums that are added up.
    """
    ranks = {rank for access in tensors for rank in access}
    parts: dict[Index, dict[Index, list[Numbers]]] = {}
    for index, numbers in found.items():
        between = [(dict(loop.ranks)[einsum.name] in ranks, n) for loop, n in zip(loops, index, strict=False)][outside:]
        # instances whose words are counted together have the same key
        key = tuple(n for own, n in between if not (network.forward if own else network.multicast))
        step = (*index[:outside], *index[len(loops) :])
        parts.setdefault(step, {}).setdefault(key, []).append(numbers)
    counts: Counter[Index] = Counter()
    for step, listed in parts.items():
        counts[step[:outside]] += sum(union(numbers).size for numbers in listed.values())
    return counts


def at_once(
    einsum: Einsum, ranks: set[str], done: Mapping[Index, Numbers], chain: BoundChain, loops: list[Loop], *, share: bool
) -> Counter[Index]:
    """Accesses by the operations of a layer, for each instance of the level that they access.

    Args:
        einsum: the layer.
        ranks: of the access.
        done: operations by iteration.
        chain: of the layer.
        loops: spatial loops above the level.
        share: what instances below the level access together is one access.
    """
    most: dict[tuple[Index, Index, Index], int] = {}
    for index, operations in done.items():
        inside = [loop for loop in spatial_loops(chain) if loop not in loops]
        own = part(index, [loop for loop in inside if not share or dict(loop.ranks)[einsum.name] in ranks])
        key = part(index, loops), turns(chain, index), own
        most[key] = max(most.get(key, 0), operations.size)
    counts: Counter[Index] = Counter()
    for (instance, _, _), words in most.items():
        counts[instance] += words
    return counts


def first_writes(
    run: Run, chain: BoundChain, loops: list[Loop], done: Mapping[Index, Numbers], life: int
) -> Counter[Index]:
    """Points of the output that each instance writes for the first time in a life of the partial sums."""
    table = run.tables.operations[chain.einsums[0]]
    lives: dict[tuple[Index, Index], list[Numbers]] = {}
    for index, operations in done.items():
        lives.setdefault((part(index, loops), index[:life]), []).append(table.written(operations))
    counts: Counter[Index] = Counter()
    for (instance, _), written in lives.items():
        counts[instance] += union(written).size
    return counts


def steps_at_once(chain: BoundChain, cycles: Mapping[Index, int]) -> dict[Index, int]:
    """Cycles of each step, known by its first iteration: those of the instance that takes longest."""
    first: dict[Index, Index] = {}
    most: dict[Index, int] = {}
    for index, needed in cycles.items():
        step = first.setdefault(turns(chain, index), index)
        most[step] = max(most.get(step, 0), needed)
    return most
