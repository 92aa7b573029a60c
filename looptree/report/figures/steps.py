"""What is in the buffer at some steps of a group, as a strip of maps: one row per tensor, one column per step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from looptree.errors import InputError, UnsupportedError
from looptree.model.steps import ChainSteps, PlaceSteps, steps
from looptree.report.figures.moment import Moment, Spans, before, box_at, moment_of
from looptree.report.figures.style import FAINT, GREEN, INK, PAGE, VERMILION, new_figure, short, styled
from looptree.report.html.shown import ShownPlan
from looptree.taxonomy.design import BoundChain, Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_ROWS = 6
_FIRST = 3  # steps from the beginning on
_FLATTEST = 4.0  # a tensor that is longer is drawn out of proportion
_LOOKS: dict[str, dict[str, Any]] = {
    "held": {"facecolor": FAINT},
    "new": {"facecolor": GREEN},
    "again": {"facecolor": VERMILION, "hatch": "////", "edgecolor": "white"},
    "kept": {"facecolor": "#9ec9e8"},
}
_MEANINGS = {
    "new": "new",
    "again": "there again: recomputed or refetched",
    "kept": "kept",
    "held": "held, not needed",
}


@dataclass(frozen=True, slots=True)
class _Map:
    """A tensor's two drawn dimensions, the one down and the one across; `None` where there is no such."""

    down: int | None
    across: int | None
    shape: tuple[int, ...]


def steps_figure(plan: ShownPlan, group: int = 0, numbers: Sequence[int] | None = None) -> Figure:
    """Maps of the tensors that a group shares on chip: new, kept, there again, and the window (dashed).

    Args:
        plan: the plan. group: which one, counted from 0.
        numbers: steps, counted from 0; the first three and the last where nothing is said.

    Raises:
        InputError: there is no such group or step, the steps cannot be told apart, or nothing is shared on chip.
    """
    if not 0 <= group < len(plan.groups):
        raise InputError(f"expected a group from 0 to {len(plan.groups) - 1}, found {group}")
    chain = plan.groups[group].chain
    found = _steps(plan, chain)
    off_chip = plan.design.architecture.off_chip.name
    places = [plan.design.places[p] for p in chain.places if p in found.places]
    places = [place for place in places if place.level != off_chip][:_MOST_ROWS]
    if not places:
        raise InputError(f"group {group + 1} keeps no tensor on chip that its layers share")
    depths = [loop.depth for part in plan.design.path(chain) for loop in part.loops]
    count = prod(axis.size for axis in found.axes.values())
    wanted = list(dict.fromkeys([*range(min(_FIRST, count)), count - 1])) if numbers is None else list(numbers)
    if not wanted or not all(0 <= number < count for number in wanted):
        raise InputError(f"expected steps from 0 to {count - 1}, found {wanted}")
    moments = [moment_of(found.axes, depths, number) for number in wanted]
    return _drawn(plan, group, places, found, moments, [f"step {number + 1:,} of {count:,}" for number in wanted])


def telling_group(plan: ShownPlan) -> int:
    """The group whose steps show most: with most layers of those that take at least three, or else of all."""
    ranks = {einsum.name: einsum.ranks for einsum in plan.design.workload.einsums}

    def worth(index: int) -> tuple[bool, int]:
        loops = plan.groups[index].chain.loops
        trips = prod(max(-(-ranks[einsum][rank] // loop.tile) for einsum, rank in loop.ranks) for loop in loops)
        return trips >= _FIRST, len(plan.groups[index].result.einsums)

    return max(range(len(plan.groups)), key=worth)


def _steps(plan: ShownPlan, chain: BoundChain) -> ChainSteps:
    try:
        known = steps(plan.design)
    except UnsupportedError as problem:
        raise InputError(f"the steps cannot be drawn: {problem}") from None
    if chain.id not in known:
        raise InputError("steps of spatial loops run at once: they cannot be drawn one by one")
    return known[chain.id]


def _drawn(
    plan: ShownPlan, group: int, places: Sequence[Place], found: ChainSteps, moments: Sequence[Moment], heads: list[str]
) -> Figure:
    with styled():
        from matplotlib.patches import Patch

        figure = new_figure(PAGE, 0.55 + 1.1 * len(places))
        grid = figure.subplots(len(places), len(moments), squeeze=False)
        for row, place in zip(grid, places, strict=True):
            asked = found.places[place.id]
            look = _map(plan.design.workload.tensors[place.tensor].shape, asked)
            for axes, moment in zip(row, moments, strict=True):
                _draw(axes, look, asked, moment)
            row[0].set_ylabel(f"{short(place.tensor, 16)}\nin {short(place.level, 12)}", fontsize=7)
        for axes, head in zip(grid[0], heads, strict=True):
            axes.set_title(head, fontsize=7)
        shown = [Patch(label=text, **_LOOKS[kind]) for kind, text in _MEANINGS.items()]
        window = Patch(facecolor="white", edgecolor=INK, linestyle="dashed", label="window")
        figure.legend(handles=[*shown, window], loc="outside lower center", ncols=len(shown) + 1)
        figure.suptitle(f"{short(plan.design.workload.name)}, group {group + 1}", fontsize=8)
    return figure


def _map(shape: tuple[int, ...], asked: PlaceSteps) -> _Map:
    """The two dimensions that are drawn: those that steps move first, then the longest."""
    moving = {name for track in asked.needed.tracks.values() for name in track.spans}
    order = sorted(range(len(shape)), key=lambda index: (index in moving, shape[index] > 1, shape[index]))
    chosen = sorted(order[-2:])
    return _Map(chosen[0] if len(chosen) > 1 else None, chosen[-1] if chosen else None, shape)


def _draw(axes: Axes, look: _Map, asked: PlaceSteps, moment: Moment) -> None:
    need, window = box_at(asked.needed, moment.own), box_at(asked.window, moment.own)
    inside = need or window
    wide, high = (1 if index is None else look.shape[index] for index in (look.across, look.down))
    axes.set_xlim(-0.01 * wide, 1.01 * wide)
    axes.set_ylim(1.01 * high, -0.01 * high)
    if 1 / _FLATTEST <= wide / high <= _FLATTEST:
        axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT)
    if inside is None:
        return
    hidden = {index: inside[index][0] for index in range(len(look.shape)) if index not in (look.down, look.across)}
    for kind, bound, still in (("held", window, asked.sweep), ("new", need, None), ("again", need, 0),
                               ("kept", need, asked.life)):  # fmt: skip
        if bound is not None:
            boxes = [bound] if still is None else before(asked.needed, moment, still)
            _fill(axes, look, hidden, bound, boxes, _LOOKS[kind])
    for box, style in ((need, "solid"), (window, "dashed")):
        if box is not None:
            _fill(axes, look, hidden, box, [box], {"fill": False, "edgecolor": INK, "linestyle": style})


def _fill(
    axes: Axes, look: _Map, hidden: dict[int, int], bound: Spans, boxes: Iterable[Spans], style: dict[str, Any]
) -> None:
    """The part of each box that lies in `bound`, where the map cuts the dimensions that it does not show."""
    from matplotlib.patches import Rectangle

    drawn = set()
    for box in boxes:
        part = {key: (max(low, bound[key][0]), min(high, bound[key][1])) for key, (low, high) in box.items()}
        if all(part[index][0] <= value < part[index][1] for index, value in hidden.items()):
            across = (0, 1) if look.across is None else part[look.across]
            down = (0, 1) if look.down is None else part[look.down]
            if across[0] < across[1] and down[0] < down[1]:
                drawn.add((across, down))
    for (left, right), (top, bottom) in sorted(drawn):
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, linewidth=0.7, **style))
