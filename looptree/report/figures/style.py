"""What all pictures have in common: sizes, fonts, colours that colour-blind readers tell apart, and writing a file.

Colours: Okabe and Ito, "Color universal design", 2008. Widths: one and two columns of an IEEE page.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from looptree.errors import InputError
from looptree.files import write_atomically
from looptree.units import Units, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")
COLUMN, PAGE = 3.5, 7.16
"""Widths in inches."""

BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, YELLOW = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
    "#F0E442",
)
COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW)
INK, FAINT = "#222222", "#B8B8B8"

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "text.parse_math": False,  # names of layers are no formulas
    "svg.fonttype": "none",
    "svg.hashsalt": "looptree",
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "figure.dpi": 150,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of all pictures.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        raise InputError(
            "pictures need matplotlib, which is not installed", hint="pip install 'looptree[report]'"
        ) from None
    with matplotlib.rc_context(_STYLE):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty picture, in inches, whose parts make room for each other; notebooks show it."""
    made: Figure = _picture()(figsize=(width, height), layout="constrained")
    return made


@cache
def _picture() -> Any:
    """A figure that notebooks show without pyplot, which would keep every figure in memory."""
    from matplotlib.figure import Figure

    return type("Picture", (Figure,), {"_repr_svg_": lambda figure: drawn(figure, "svg").decode()})


def check_suffix(path: str | Path) -> str:
    """The format that a file name asks for.

    Raises:
        InputError: none of `FORMATS`.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"expected a file name that ends in {known}, found {Path(path).name!r}")
    return suffix


def drawn(figure: Figure, form: str) -> bytes:
    """The content of a file: the same picture gives the same bytes."""
    made = io.BytesIO()
    dates: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None, "ModDate": None}}
    with styled():
        figure.savefig(made, format=form, metadata=dates.get(form))
    return made.getvalue()


def write_figure(figure: Figure, path: str | Path) -> None:
    """Write a picture whole or not at all; an older one is replaced.

    Raises:
        InputError: the name of the file ends in no known format, or the file cannot be written.
    """
    content = drawn(figure, check_suffix(path))
    try:
        write_atomically(Path(path), content)
    except OSError as problem:
        raise InputError(f"cannot be written: {problem.strerror or problem}", where=str(path)) from None


def color(index: int) -> str:
    """The colour of a part, by its position."""
    return COLORS[index % len(COLORS)]


def short(name: str, most: int = 22) -> str:
    """A name that stays readable in a picture: no control characters, the middle left out.

    >>> short("block3_2_depthwise_with_a_long_name")
    'block3_2_d..long_name'
    """
    text = "".join(c if c.isprintable() else "?" for c in name)
    return text if len(text) <= most else f"{text[: most // 2 - 1]}..{text[-(most // 2 - 2) :]}"


def in_unit(values: Sequence[float | int | Fraction], units: Units) -> tuple[list[float], str]:
    """Values in the unit in which the largest reads best, and its name."""
    exact = [Fraction(value) for value in values]
    unit = scale(exact, units)
    return [float(value / unit.factor) for value in exact], unit.unit


def capacity_axis(axes: Axes, capacities: Sequence[int], label: str) -> None:
    """A logarithmic axis of sizes, marked at powers of two with their units."""
    from looptree.units import format_size

    first, last = (min(capacities) - 1).bit_length(), (max(capacities) - 1).bit_length()
    step = max(1, round((last - first) / 6))
    marks = [1 << n for n in range(last, first - 1, -step)] or [max(capacities)]
    axes.set_xscale("log", base=2)
    axes.set_xticks(marks, [format_size(mark).replace(" ", "\n") for mark in marks])
    axes.minorticks_off()
    axes.set_xlabel(label)


def plain_marks(axes: Axes, *names: str) -> None:
    """Marks of a logarithmic `x` or `y` axis as plain numbers: at 1, 2 and 5, or at 1 where it spans a lot."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for name in names:
        axis = axes.xaxis if name == "x" else axes.yaxis
        low, high = axis.get_view_interval()
        wide = low > 0 and high / low > 1000
        axis.set_major_locator(LogLocator(base=10, subs=(1,) if wide else (1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        axis.set_minor_formatter(NullFormatter())
