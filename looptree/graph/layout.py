"""Where the layers of a graph stand in a picture: fusion groups as boxes in the order in which they run.

Groups run one after the other, so their boxes are stacked, and the stack is folded into columns like text. Inside a box
every layer stands below those that it reads. An edge from the last row of a box to the first row of the next is drawn
straight; any other leaves below its layer, runs along the margin to the right of the column in a lane of its own, and
arrives from above. The same input gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from looptree.graph.box import NODE_HEIGHT, NODE_WIDTH, Box
from looptree.graph.columns import BETWEEN, MARGIN, folded

_LANE = 7
_LEAVE, _ARRIVE = 8, 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle: left, top, width and height in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """How an edge runs.

    Attributes:
        source, target: layers. points: the corners of the line, from one to the other.
    """

    source: str
    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture of a graph, in pixels.

    Attributes:
        nodes: frame of each layer. groups: frame of each group. routes: of the edges.
        width, height: of the picture.
    """

    nodes: Mapping[str, Frame]
    groups: tuple[Frame, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def lay_out(groups: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]) -> Layout:
    """The picture of a layer graph.

    Args:
        groups: the layers of each group, in the order in which they run.
        edges: producer and consumer, each pair once.

    >>> picture = lay_out([["a", "b"], ["c"]], [("a", "b"), ("b", "c")])
    >>> picture.nodes["a"].y < picture.nodes["b"].y < picture.nodes["c"].y
    True
    """
    home = {name: index for index, names in enumerate(groups) for name in names}
    inside: list[list[tuple[str, str]]] = [[] for _ in groups]
    for source, target in edges:
        if home[source] == home[target]:
            inside[home[source]].append((source, target))
    boxes = [Box(names, own) for names, own in zip(groups, inside, strict=True)]
    between = [(source, target) for source, target in edges if home[source] != home[target]]
    return _Stack(boxes, home, between).layout()


class _Stack:
    """The boxes one below the other, folded into columns, and the edges between them."""

    def __init__(self, boxes: Sequence[Box], home: Mapping[str, int], between: Sequence[tuple[str, str]]) -> None:
        self.boxes = boxes
        self.home = home
        self.columns = folded(boxes)
        self.column = {index: c for c, indices in enumerate(self.columns) for index in indices}
        self.direct = [edge for edge in between if self._is_direct(edge)]
        self.around = [edge for edge in between if not self._is_direct(edge)]
        self.far = [edge for edge in self.around if self._spread(edge) > 1]
        self.head = MARGIN + _LANE * len(self.far)

    def _columns_of(self, edge: tuple[str, str]) -> tuple[int, int]:
        return self.column[self.home[edge[0]]], self.column[self.home[edge[1]]]

    def _spread(self, edge: tuple[str, str]) -> int:
        first, last = self._columns_of(edge)
        return last - first

    def _is_direct(self, edge: tuple[str, str]) -> bool:
        source, target = (self.home[name] for name in edge)
        if target != source + 1 or self.column[source] != self.column[target]:
            return False
        return edge[0] in self.boxes[source].rows[-1] and edge[1] in self.boxes[target].rows[0]

    def layout(self) -> Layout:
        """Tops of the boxes first, then lanes, which say how wide the margins are, then everything else."""
        tops: dict[int, float] = {}
        for indices in self.columns:
            y: float = self.head
            for index in indices:
                tops[index] = y
                y += self.boxes[index].height + BETWEEN
        top = {name: tops[index] + y for index, box in enumerate(self.boxes) for name, y in box.top.items()}
        lanes, counts = self._lanes(top)
        lefts, margins, x = [], [], float(MARGIN)
        for column, indices in enumerate(self.columns):
            lefts.append(x)
            x += max(self.boxes[index].width for index in indices)
            margins.append(x + MARGIN)
            x += MARGIN * 2 + _LANE * counts[column]
        frames = self._frames(tops, lefts)
        nodes = self._nodes(frames)
        routes = [route for index, frame in enumerate(frames) for route in self._inner(index, frame, nodes)]
        routes += [_straight(edge, nodes) for edge in self.direct]
        routes += [self._route(edge, nodes, lanes, margins) for edge in self.around]
        height = max(frame.y + frame.height for frame in frames) + MARGIN
        return Layout(nodes, tuple(frames), tuple(routes), x, height)

    def _frames(self, tops: Mapping[int, float], lefts: Sequence[float]) -> list[Frame]:
        frames = []
        for index, box in enumerate(self.boxes):
            column = self.column[index]
            room = max(self.boxes[other].width for other in self.columns[column]) - box.width
            frames.append(Frame(lefts[column] + room / 2, tops[index], box.width, box.height))
        return frames

    def _nodes(self, frames: Sequence[Frame]) -> dict[str, Frame]:
        return {
            name: Frame(frame.x + box.centre[name] - NODE_WIDTH / 2, frame.y + box.top[name], NODE_WIDTH, NODE_HEIGHT)
            for frame, box in zip(frames, self.boxes, strict=True)
            for name in box.centre
            if name not in box.waypoints
        }

    def _lanes(self, top: Mapping[str, float]) -> tuple[dict[tuple[str, str], tuple[int, int]], list[int]]:
        """Per edge its lanes in the margins that it starts and ends in, and how many lanes each margin has.

        Edges of one tensor share a lane. Shorter ones stand nearer to the boxes.
        """
        asked: list[list[tuple[float, float, tuple[str, str], int]]] = [[] for _ in self.columns]
        for edge in self.around:
            first, last = self._columns_of(edge)
            source, target = top[edge[0]] + NODE_HEIGHT + _LEAVE, top[edge[1]] - _ARRIVE
            if edge in self.far:
                asked[first].append((0.0, source, edge, 0))
                asked[last - 1].append((0.0, target, edge, 1))
            else:
                asked[first].append((min(source, target), max(source, target), edge, 0))
        found: dict[tuple[str, str], list[int]] = {edge: [0, 0] for edge in self.around}
        counts = []
        for listed in asked:
            taken: list[list[tuple[float, float, str]]] = []
            for low, high, edge, end in sorted(listed, key=lambda one: (one[1] - one[0], one[2])):
                lane = next(
                    (
                        number
                        for number, spans in enumerate(taken)
                        if all(name == edge[0] or high < a or b < low for a, b, name in spans)
                    ),
                    len(taken),
                )
                if lane == len(taken):
                    taken.append([])
                taken[lane].append((low, high, edge[0]))
                found[edge][end] = lane
            counts.append(len(taken))
        return {edge: (first, last) for edge, (first, last) in found.items()}, counts

    def _inner(self, index: int, frame: Frame, nodes: Mapping[str, Frame]) -> list[Route]:
        """Edges inside a box, past its waypoints."""
        box = self.boxes[index]
        routes = []
        for source, *passed, target in box.chains:
            points = [_bottom(nodes[source])]
            for waypoint in passed:
                x, y = frame.x + box.centre[waypoint], frame.y + box.top[waypoint]
                points += [(x, y), (x, y + NODE_HEIGHT)]
            routes.append(Route(source, target, (*points, _top(nodes[target]))))
        return routes

    def _route(
        self,
        edge: tuple[str, str],
        nodes: Mapping[str, Frame],
        lanes: Mapping[tuple[str, str], tuple[int, int]],
        margins: Sequence[float],
    ) -> Route:
        first, last = self._columns_of(edge)
        start, end = _bottom(nodes[edge[0]]), _top(nodes[edge[1]])
        below, above = start[1] + _LEAVE, end[1] - _ARRIVE
        leave = margins[first] + _LANE * lanes[edge][0]
        corners = [(leave, below), (leave, above)]
        if edge in self.far:
            head = MARGIN / 2 + _LANE * self.far.index(edge)
            enter = margins[last - 1] + _LANE * lanes[edge][1]
            corners = [(leave, below), (leave, head), (enter, head), (enter, above)]
        return Route(*edge, (start, (start[0], below), *corners, (end[0], above), end))


def _top(frame: Frame) -> Point:
    return (frame.x + frame.width / 2, frame.y)


def _bottom(frame: Frame) -> Point:
    return (frame.x + frame.width / 2, frame.y + frame.height)


def _straight(edge: tuple[str, str], nodes: Mapping[str, Frame]) -> Route:
    return Route(*edge, (_bottom(nodes[edge[0]]), _top(nodes[edge[1]])))
