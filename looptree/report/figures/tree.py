"""The LoopTree of one group, drawn as in papers: storage as boxes, loops as plates, branches side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from looptree.errors import InputError
from looptree.report.figures.style import BLUE, GREEN, INK, ORANGE, new_figure, short, styled
from looptree.report.html.groups import tree_data
from looptree.report.html.shown import ShownPlan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CHARACTER, _LINE, _STEP, _GAP, _INSET = 0.053, 0.125, 0.16, 0.16, 0.1
_MOST_TENSORS = 4
_LOOKS = {
    "storage": ("square,pad=0", "#EAF2F8", BLUE),
    "loop": ("round,pad=0,rounding_size=0.09", "#FDF3E1", ORANGE),
    "compute": ("round,pad=0,rounding_size=0.09", "#E5F4EF", GREEN),
    "sequential": ("round,pad=0,rounding_size=0.02", "white", INK),
    "pipeline": ("round,pad=0,rounding_size=0.02", "white", INK),
}


@dataclass(frozen=True, slots=True)
class _Node:
    """A node and what hangs below it, in inches: its box is `width` x `height`, the whole subtree `span` wide."""

    kind: str
    lines: tuple[str, ...]
    inside: tuple[_Node, ...]

    @property
    def width(self) -> float:
        return max(map(len, self.lines)) * _CHARACTER + 2 * _INSET

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 0.07

    @property
    def span(self) -> float:
        below = sum(child.span for child in self.inside) + _GAP * max(0, len(self.inside) - 1)
        return max(self.width, below)

    @property
    def depth(self) -> float:
        return self.height + (_STEP + max(child.depth for child in self.inside) if self.inside else 0.0)


def tree_figure(plan: ShownPlan, group: int = 0) -> Figure:
    """The mapping of a group, outside in from top to bottom.

    Raises:
        InputError: the plan has no such group (they are counted from 0).
    """
    if not 0 <= group < len(plan.groups):
        raise InputError(f"expected a group from 0 to {len(plan.groups) - 1}, found {group}")
    root = _node(tree_data(plan.groups[group].tree))
    with styled():
        figure = new_figure(root.span + 0.2, root.depth + 0.4)
        axes = figure.add_subplot()
        _draw(axes, root, root.span / 2, 0.0)
        axes.set_xlim(-0.05, root.span + 0.05)
        axes.set_ylim(root.depth + 0.05, -0.05)
        axes.set_aspect("equal")
        axes.axis("off")
        axes.set_title(f"{short(plan.design.workload.name)}, group {group + 1} of {len(plan.groups)}", fontsize=7)
    return figure


def _node(data: dict[str, Any]) -> _Node:
    return _Node(data["kind"], tuple(_lines(data)), tuple(_node(child) for child in data["inside"]))


def _lines(data: dict[str, Any]) -> list[str]:
    if data["kind"] == "storage":
        names = [short(name) for name in data["tensors"]]
        shown = names[:_MOST_TENSORS] + ([f"... ({len(names)})"] if len(names) > _MOST_TENSORS else [])
        return [f"{short(data['level'])}: {', '.join(shown)}", *data["notes"]]
    if data["kind"] == "loop":
        loop = f"for {', '.join(data['ranks'])} in tiles of {data['tile']}"
        return [loop] if data["axis"] is None else [f"at once {loop}", f"along {data['axis']}"]
    return [short(data["einsum"])] if data["kind"] == "compute" else [data["kind"]]


def _draw(axes: Axes, node: _Node, middle: float, top: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape, face, edge = _LOOKS[node.kind]
    corner = middle - node.width / 2, top
    axes.add_patch(
        FancyBboxPatch(corner, node.width, node.height, shape, facecolor=face, edgecolor=edge, linewidth=0.8)
    )
    axes.text(middle, top + node.height / 2, "\n".join(node.lines), fontsize=6.5, ha="center", va="center")
    left = middle - (sum(c.span for c in node.inside) + _GAP * max(0, len(node.inside) - 1)) / 2
    for child in node.inside:
        centre = left + child.span / 2
        start, end = top + node.height, top + node.height + _STEP
        turn = (start + end) / 2
        axes.plot([middle, middle, centre, centre], [start, turn, turn, end], color=INK, linewidth=0.7)
        _draw(axes, child, centre, end)
        left += child.span + _GAP
