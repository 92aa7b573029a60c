"""What each tensor needs and each layer does at each step of some loops, from the sinks to the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box
from looptree.model.needed import required
from looptree.model.operations import Operations
from looptree.model.production import writing
from looptree.model.sweep import fresh_box
from looptree.search.group.loops.boxes import NOWHERE, in_common
from looptree.search.group.loops.factors import AXIS
from looptree.workload import Workload

Reading = tuple[str, int]
"""One of the inputs of a layer: the name of the layer, and the number of the input."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Which readings count; see `looptree.search.group.loops.reduced`.

    Attributes:
        ignored: those that do not. common: tensors of which those that do only count at steps at which all of them do.
    """

    ignored: frozenset[Reading] = frozenset()
    common: frozenset[str] = frozenset()


EVERYTHING = Hearing()


class Inferred(NamedTuple):
    """What is inferred for a segment.

    Attributes:
        needs: words of each tensor that its layers need. writes: words of each output that the sinks write.
        operations: of each layer that does any. asked: what each reader of a tensor asks for, the last layer first.
        heard: the same of the readings that count.
    """

    needs: dict[str, Box]
    writes: dict[str, Box]
    operations: dict[str, Operations]
    asked: dict[str, list[Box]]
    heard: dict[str, list[Box]]


def infer(
    part: Workload,
    sinks: Mapping[str, Operations],
    axes: Mapping[int, Axis],
    forgotten: Sequence[frozenset[str]],
    hearing: Hearing = EVERYTHING,
) -> Inferred:
    """What the layers of a segment need, if its sinks do some operations.

    Args:
        part: the segment. sinks: what its sinks do at each step of the loops. axes: these steps, if there are loops.
        forgotten: per loop, the intermediates that each of its steps computes anew.
        hearing: readings that count.
    """

    def needed(tensor: str) -> Box | None:
        boxes = heard.get(tensor, [])
        need = required(boxes)
        if need is None or tensor not in hearing.common or AXIS not in axes:
            return need
        return in_common(need, boxes, axes[AXIS])

    asked: dict[str, list[Box]] = {}
    heard: dict[str, list[Box]] = {}
    needs: dict[str, Box] = {}
    writes: dict[str, Box] = {}
    operations: dict[str, Operations] = {}
    for einsum in reversed(part.einsums):
        output = einsum.output.tensor
        shape = part.tensors[output].shape
        if einsum.name in sinks:
            done: Operations | None = sinks[einsum.name]
            wrote = required([sinks[einsum.name].touched(einsum.output, shape)])
            if wrote is not None:
                writes[output] = wrote
        else:
            need, done = needed(output), None
            if need is not None:
                needs[output] = need
                anew = sum(output in names for names in forgotten)
                written = writing(einsum, fresh_box(need, axes, 1 + anew), shape)
                done = None if written is None else written[0]
        if done is not None:
            operations[einsum.name] = done
        for number, access in enumerate(einsum.inputs):
            box = NOWHERE if done is None else done.touched(access, part.tensors[access.tensor].shape)
            asked.setdefault(access.tensor, []).append(box)
            if (einsum.name, number) not in hearing.ignored:
                heard.setdefault(access.tensor, []).append(box)
    for tensor in part.inputs:
        need_of_input = needed(tensor)
        if need_of_input is not None:
            needs[tensor] = need_of_input
    return Inferred(needs, writes, operations, asked, heard)


def tiled(
    sinks: Mapping[str, Operations], named: Mapping[str, str], axis: Axis, shapes: Array, depth: int
) -> tuple[Axis, dict[str, Operations]]:
    """The sinks below one more loop, whose tile shape depends on the choice (the outermost loop of the axis)."""
    tile = shapes[axis.groups[0]]
    trips = np.zeros(axis.size, dtype=np.int64)
    for name, rank in named.items():
        low, high = sinks[name].box.span(rank, AXIS, axis.size)
        trips = np.maximum(trips, -((low - high) // tile))
    longer, parent = axis.extended(trips, depth)
    return longer, {
        name: done.tiled(AXIS, longer, parent, named.get(name), tile[parent]) for name, done in sinks.items()
    }
