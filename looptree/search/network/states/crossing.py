"""The tensors that may stay on chip whole from one group to another, and the bytes that they take."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from looptree.search.group.goal.prices import direct
from looptree.search.group.goal.rooms import apart
from looptree.search.network.groups.catalogue import Catalogue
from looptree.search.network.states.ideals import Layers, bits


@dataclass(frozen=True, slots=True)
class Crossing:
    """A tensor that may stay on chip: made by one layer, or fetched for the first one, and read by others.

    Attributes:
        name, room: of the tensor, in bytes, of all copies. maker: its layer as a bit mask, 0 for what comes from off
            chip. readers: bit mask of layers. copies: 2 of what comes from off chip, or leaves, if the level is
            double-buffered.
    """

    name: str
    room: int
    maker: int
    readers: int
    copies: int = 1


def crossing_tensors(layers: Layers, catalogue: Catalogue, capacity: float) -> list[Crossing]:
    """The intermediates, and what several layers read from off chip, if they fit.

    The layer that makes an output of the workload writes it out as well. Weights that bypass the buffer, or are in a
    partition of their own, do not stay.
    """
    workload, rules, searches = catalogue.workload, catalogue.space.restrictions, catalogue.workers.searches
    level = searches.architecture.level(searches.level)
    number = {name: 1 << i for i, name in enumerate(layers.names)}
    copies = 2 if level.double_buffered else 1
    elsewhere = direct(workload, level) | apart(workload, level)
    found = []
    for tensor, known in workload.tensors.items():
        readers = sum({number[c.name] for c in workload.consumers(tensor)})
        if not readers or rules.tensor(tensor).between == "never":
            continue
        producer = workload.producer(tensor)
        twice = copies if producer is None or tensor in workload.outputs else 1
        maker = 0 if producer is None else number[producer.name]
        if maker or (readers.bit_count() > 1 and tensor not in elsewhere):
            found.append(Crossing(tensor, known.size_bytes * twice, maker, readers, twice))
    return [tensor for tensor in found if tensor.room <= capacity]


def bytes_of(tensors: Sequence[Crossing]) -> Callable[[int], int]:
    """A function that says what sets of tensors (bit masks of positions) take."""
    known: dict[int, int] = {0: 0}

    def taken(mask: int) -> int:
        if mask not in known:
            known[mask] = sum(tensors[i].room for i in bits(mask))
        return known[mask]

    return taken


def subsets(mask: int) -> tuple[int, ...]:
    """Every subset of the bits of a mask, small ones first.

    >>> subsets(0b101)
    (0, 1, 4, 5)
    """
    members = [1 << i for i in bits(mask)]
    return tuple(sum(chosen) for n in range(len(members) + 1) for chosen in itertools.combinations(members, n))
