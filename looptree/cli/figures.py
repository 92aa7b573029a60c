"""`--figure`: pictures of a result for papers, as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from looptree.cli.inputs import Command
from looptree.errors import InputError, close

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from looptree.report.html.shown import ShownPlan

_GROUP = re.compile(r"[1-9]\d{0,8}", re.ASCII)

PLAN_KINDS = ("graph", "energy", "latency", "occupancy", "layers", "roofline", "tree", "steps")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture: what it shows, of which group (for a tree or its steps, counted from 1), and its file."""

    kind: str
    group: int | None
    path: Path


def figure_option(kinds: Sequence[str], *names: str) -> Callable[[Command], Command]:
    """`--figure [KIND=]FILE`, any number of times; the first kind needs no name."""
    rest = f" KIND is {', '.join(kinds)}; {kinds[0]} if there is none." if len(kinds) > 1 else ""
    rest += " tree:3 and steps:3 are of group 3." if "tree" in kinds else ""
    text = f"Draw the result into this .svg, .png or .pdf file; an older one is replaced.{rest}"
    metavar = "[KIND=]FILE" if len(kinds) > 1 else "FILE"
    return click.option("--figure", *names, "figures", multiple=True, metavar=metavar, help=text)


def check_figures(figures: Sequence[str], kinds: Sequence[str], *others: Path | None) -> list[Wanted]:
    """What is to be drawn; whether it can be is found out before the work is done.

    Args:
        figures: what was asked for. kinds: of pictures that there are, first the one that needs no name.
        others: files that the command writes as well.

    Raises:
        InputError: an unknown kind or format, a file that cannot be written or is to be written twice, or matplotlib is
            missing.
    """
    from looptree.cli.files import check_distinct, check_target

    if not figures:
        check_distinct(*others)
        return []
    from looptree.report.figures.style import check_suffix, styled

    wanted = []
    for text in figures:
        found = _wanted(text, kinds)
        try:
            check_suffix(found.path)
        except InputError as problem:
            raise problem.at("--figure") from None
        check_target(found.path, force=True)
        wanted.append(found)
    check_distinct(*others, *(picture.path for picture in wanted))
    with styled():
        return wanted


def _wanted(text: str, kinds: Sequence[str]) -> Wanted:
    name, equals, file = text.partition("=")
    if not equals or Path(name).suffix or "/" in name:
        return Wanted(kinds[0], None, Path(text))
    kind, colon, number = name.partition(":")
    if kind not in kinds:
        known = ", ".join(kinds)
        raise InputError(
            f"expected a kind of picture ({known}), found {kind!r}", where="--figure", hint=close(kind, kinds)
        )
    if not colon:
        return Wanted(kind, None, Path(file))
    if kind not in ("tree", "steps") or _GROUP.fullmatch(number) is None:
        raise InputError(
            f"expected tree:N or steps:N with the number of a group from 1 on, found {name!r}", where="--figure"
        )
    return Wanted(kind, int(number), Path(file))


def write_figures(wanted: Sequence[Wanted], plans: Callable[[], Sequence[ShownPlan]]) -> None:
    """Draw pictures of plans, the last of which is the one that matters.

    Raises:
        InputError: a tree of a group that there is not, or a file that cannot be written.
    """
    if wanted:
        from looptree.report.figures import write_figure

        shown = plans()
        for picture in wanted:
            write_figure(_figure(picture, shown), picture.path)


def _figure(picture: Wanted, plans: Sequence[ShownPlan]) -> Figure:
    from looptree.report import figures

    last = plans[-1]
    if picture.kind in ("tree", "steps"):
        if picture.group is not None:
            if picture.group > len(last.groups):
                raise InputError(
                    f"expected a group from 1 to {len(last.groups)}, found {picture.group}",
                    where=f"--figure {picture.kind}:{picture.group}",
                )
            group = picture.group - 1
        elif picture.kind == "steps":
            group = figures.telling_group(last)
        else:
            group = max(range(len(last.groups)), key=lambda index: len(last.groups[index].result.einsums))
        return figures.tree_figure(last, group) if picture.kind == "tree" else figures.steps_figure(last, group)
    if picture.kind == "graph":
        return figures.graph_figure(last)
    if picture.kind == "occupancy":
        return figures.occupancy_figure(last)
    several = {
        "energy": figures.energy_figure,
        "latency": figures.latency_figure,
        "layers": figures.layers_figure,
        "roofline": figures.roofline_figure,
    }
    return several[picture.kind](plans)
