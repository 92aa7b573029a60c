"""A group of layers in a plan, and the tensors that are on chip around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from looptree.search.asked.segment import Shape
from looptree.search.network.states.alike import Alike
from looptree.search.network.states.crossing import subsets


@dataclass(frozen=True, slots=True)
class Group:
    """A group of layers that may come next after some ideal.

    Attributes:
        layers: as a bit mask. shape: number of its shape. names: its tensors and layers, in the order of the shape.
        touched: bit mask of the crossing tensors that it reads or writes. made: those that it makes for others, or may
            fetch for others if it is the first to read them. subsets: every set of them, small ones first.
    """

    layers: int
    shape: int
    names: Shape
    touched: int = 0
    made: int = 0
    subsets: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Step:
    """One group of a plan.

    Attributes:
        capacity: bytes left for it. held: those that tensors take that it does not touch.
        resident: tensors that it reads or writes and that stay on chip whole. made: those of them that it makes, or
            fetches, for others.
    """

    group: Group
    variant: int
    capacity: float
    held: float
    resident: frozenset[str]
    made: frozenset[str]


def placed(step: Step, alike: Alike, places: Sequence[Sequence[int]]) -> Step:
    """A step after each branch has taken the place of another one."""
    if not alike.classes:
        return step
    new, group, shape = alike.names(places), step.group, step.group.names
    touched, made = (alike.moved(mask << alike.layers, places) >> alike.layers for mask in (group.touched, group.made))
    names = Shape(
        shape.key,
        tuple(new["layers"].get(name, name) for name in shape.einsums),
        tuple(new["tensors"].get(name, name) for name in shape.tensors),
        tuple(new["ranks"].get(name, name) for name in shape.ranks),
    )
    return replace(
        step,
        group=Group(alike.moved(group.layers, places), group.shape, names, touched, made, subsets(made)),
        resident=frozenset(new["tensors"].get(name, name) for name in step.resident),
        made=frozenset(new["tensors"].get(name, name) for name in step.made),
    )
