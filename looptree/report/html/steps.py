"""The steps of a group as data: tables per axis, from which a script looks up any step exactly.

A step is one iteration of all loops on the path to a chain. What every tensor needs there, has room for and receives is
a product of what the axes say (see `looptree.model.steps`), so the tables stay short however many steps there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from looptree.errors import UnsupportedError
from looptree.model.axis import Array, Axis
from looptree.model.box import Box
from looptree.model.occupancy import copies
from looptree.model.steps import ChainSteps, PlaceSteps, steps
from looptree.report.html.room import Rooms
from looptree.taxonomy.design import BoundChain, Design, Place

MOST_NUMBERS = 60_000
"""In the tables of one chain; longer ones are not shown."""


class GroupSteps:
    """The steps of all groups of a design."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.problem = ""
        self.chains: dict[int, ChainSteps] = {}
        try:
            self.chains = steps(design)
        except UnsupportedError as problem:
            self.problem = str(problem)
        self.rooms = Rooms(design)

    def of(self, group: BoundChain) -> dict[str, Any]:
        """Views of a group: of the loops that its layers share, and of those of single layers and nested branches."""
        if self.problem:
            return {"problem": self.problem, "views": []}
        views, left_out = [], []
        at_once: list[str] = []
        for chain in self._below(group):
            if chain.spatial:
                at_once += chain.einsums
                continue
            places = [self.design.places[p] for p in chain.places if p in self.chains.get(chain.id, _NONE).places]
            on_chip = [place for place in places if place.level != self.design.architecture.off_chip.name]
            if not on_chip:
                continue
            view = self._view(chain, on_chip)
            if _numbers(view) > MOST_NUMBERS:
                left_out.append(", ".join(chain.einsums))
            else:
                views.append(view)
        problems = [f"Too many steps to show: {'; '.join(left_out)}."] if left_out else []
        if at_once:
            problems.append(f"Steps of spatial loops run at once; not shown is the inside of {', '.join(at_once)}.")
        return {"problem": " ".join(problems), "views": views}

    def _below(self, chain: BoundChain) -> list[BoundChain]:
        return [chain] + [part for child in chain.children for part in self._below(self.design.chains[child])]

    def _view(self, chain: BoundChain, places: Sequence[Place]) -> dict[str, Any]:
        found = self.chains[chain.id]
        loops = [loop for part in self.design.path(chain) for loop in part.loops]
        return {
            "layers": list(chain.einsums),
            "loops": [
                {"label": ", ".join(f"{e}.{r}" for e, r in loop.ranks), "tile": loop.tile, **_home(loop.depth, found)}
                for loop in loops
            ],
            "axes": {key: _axis(axis) for key, axis in found.axes.items()},
            "places": [self._place(place, found.places[place.id]) for place in places],
            "work": [
                [name, factor, {key: _table(table) for key, table in along.items()}]
                for name, (factor, along) in found.work.items()
            ],
            "elsewhere": self._elsewhere(chain),
        }

    def _place(self, place: Place, found: PlaceSteps) -> dict[str, Any]:
        tensor = self.design.workload.tensors[place.tensor]
        return {
            "tensor": place.tensor,
            "level": place.level,
            "bits": tensor.bits,
            "copies": copies(self.design, place),
            "shape": list(tensor.shape),
            "dimensions": self._dimensions(place.tensor),
            "arrival": self._arrival(place),
            "sweep": found.sweep,
            "life": found.life,
            "largest": [found.counts.window, found.counts.live],
            "needed": _box(found.needed),
            "window": _box(found.window),
            "arriving": _box(found.arriving),
            "first": _box(found.first),
            "arrived": {key: _table(table) for key, table in found.arrived.items()},
            "leaving": {key: _table(table) for key, table in found.leaving.items()},
        }

    def _dimensions(self, tensor: str) -> list[str]:
        """What indexes each dimension: as it is written, or else as it is first read."""
        producer = self.design.workload.producer(tensor)
        if producer is not None:
            return [str(form) for form in producer.output.projection]
        reader = self.design.workload.consumers(tensor)[0]
        access = next(access for access in reader.inputs if access.tensor == tensor)
        return [str(form) for form in access.projection]

    def _arrival(self, place: Place) -> list[str]:
        """What it means that a word arrives, and that it arrives again."""
        if not place.produced:
            return ["fetched", "fetched again"]
        if not place.consumed:
            return ["written", "written again"]
        return ["computed", "recomputed"] if place.parent is None else ["computed", "recomputed or read back"]

    def _elsewhere(self, chain: BoundChain) -> dict[str, list[list[str | int]]]:
        """Bytes by level that others take meanwhile: what is stored further out, and what is below."""
        found: dict[str, list[list[str | int]]] = {}
        for level, tensors in self.rooms.above(chain).items():
            found[level] = [[tensor, size] for tensor, size in tensors.items()]
        for level, size in self.rooms.inside(chain).items():
            found.setdefault(level, []).append(["inside of branches", size])
        return found


_NONE = ChainSteps({}, {}, {})


def _home(depth: int, found: ChainSteps) -> dict[str, int]:
    """The axis of a loop, and the position among the loops of that axis."""
    key, axis = next((key, axis) for key, axis in found.axes.items() if depth in axis.depths)
    return {"axis": key, "level": axis.depths.index(depth)}


def _axis(axis: Axis) -> dict[str, Any]:
    """Number of own steps; of each own loop but the innermost, where its values begin, and which they are."""
    starts = [axis.starts(own) for own in range(1, len(axis.depths))]
    values = [axis.ordinals[loop][begin] for loop, begin in enumerate(starts)]
    return {"size": axis.size, "starts": [*map(_table, starts)], "values": [*map(_table, values)]}


def _box(box: Box) -> dict[str, Any]:
    tracks = {}
    for key, track in box.tracks.items():
        found: dict[str, Any] = {
            "spans": {str(name): [_table(low), _table(high)] for name, (low, high) in track.spans.items()}
        }
        if track.active is not None and not track.active.all():
            found["active"] = _table(track.active.astype(np.int64))
        if track.count is not None:
            found["count"] = _table(track.count)
        tracks[str(key)] = found
    return {"fixed": {str(name): list(span) for name, span in box.fixed.items()}, "tracks": tracks}


def _table(table: Array) -> list[int] | dict[str, int]:
    """A table as a list, or as start, step and length where that says it all."""
    values = [int(value) for value in table]
    if len(values) > 3:
        step = values[1] - values[0]
        if all(b - a == step for a, b in pairwise(values)):
            return {"from": values[0], "by": step, "n": len(values)}
    return values


def _numbers(data: Any) -> int:
    """How many numbers there are in nested data."""
    if isinstance(data, dict):
        return sum(_numbers(value) for value in data.values())
    return sum(_numbers(value) for value in data) if isinstance(data, list) else 1
