"""The picture of one group: its layers in rows, each below those that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

NODE_WIDTH, NODE_HEIGHT = 132, 26
_GAP_X, _GAP_Y, _WAYPOINT = 14, 22, 10
_PADDING, _HEAD = 10, 20
_SWEEPS = 4


class Box:
    """One group by itself: its layers in rows, each below those that it reads; a corner at (0, 0)."""

    def __init__(self, names: Sequence[str], edges: Sequence[tuple[str, str]]) -> None:
        row = dict.fromkeys(names, 0)
        for source, target in sorted(edges, key=lambda edge: list(names).index(edge[0])):
            row[target] = max(row[target], row[source] + 1)
        self.rows: list[list[str]] = [[] for _ in range(max(row.values()) + 1)]
        for name in names:
            self.rows[row[name]].append(name)
        self.links: list[tuple[str, str]] = []
        self.chains: list[tuple[str, ...]] = []
        self.waypoints: set[str] = set()
        for source, target in edges:
            chain = [source]
            for between in range(row[source] + 1, row[target]):
                waypoint = f"\n{source}\n{target}\n{between}"
                self.waypoints.add(waypoint)
                self.rows[between].append(waypoint)
                chain.append(waypoint)
            chain.append(target)
            self.chains.append(tuple(chain))
            self.links += pairwise(chain)
        self.centre = self._centres()
        left = min(self.centre[name] - self._width(name) / 2 for name in self.centre)
        right = max(self.centre[name] + self._width(name) / 2 for name in self.centre)
        self.centre = {name: x - left + _PADDING for name, x in self.centre.items()}
        self.width = right - left + 2 * _PADDING
        self.height = len(self.rows) * (NODE_HEIGHT + _GAP_Y) - _GAP_Y + _HEAD + _PADDING
        self.top = {name: _HEAD + i * (NODE_HEIGHT + _GAP_Y) for i, names in enumerate(self.rows) for name in names}

    def _width(self, name: str) -> int:
        return _WAYPOINT if name in self.waypoints else NODE_WIDTH

    def _centres(self) -> dict[str, float]:
        """Each row in the order of the middle of what it is linked to, then as near to that as there is room."""
        above: dict[str, list[str]] = {}
        below: dict[str, list[str]] = {}
        for source, target in self.links:
            above.setdefault(target, []).append(source)
            below.setdefault(source, []).append(target)
        centre: dict[str, float] = {}
        for names in self.rows:
            self._place(names, [0.0] * len(names), centre)
        for sweep in range(_SWEEPS):
            down = sweep % 2 == 0
            linked = above if down else below
            for names in self.rows if down else reversed(self.rows):
                wanted = {name: _mean([centre[n] for n in linked.get(name, [name])]) for name in names}
                names.sort(key=wanted.__getitem__)
                self._place(names, [wanted[name] for name in names], centre)
        return centre

    def _place(self, names: Sequence[str], wanted: Sequence[float], centre: dict[str, float]) -> None:
        """Without overlap, and moved as a whole to where the row wants to be."""
        found: list[float] = []
        for name, want in zip(names, wanted, strict=True):
            if found:
                least = found[-1] + (self._width(names[len(found) - 1]) + self._width(name)) / 2 + _GAP_X
                want = max(want, least)
            found.append(want)
        shift = _mean([want - x for want, x in zip(wanted, found, strict=True)])
        centre.update({name: x + shift for name, x in zip(names, found, strict=True)})


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
