"""Limits of what a plan may take: `offchip<=1MiB`, `latency<=2Mcycles`, `operations<=1.1x`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looptree.errors import InputError, close, guided
from looptree.search.asked.metrics import METRICS
from looptree.search.asked.objective import amount
from looptree.units import parse_bytes, parse_count, parse_cycles, parse_energy

LIMITED = ("capacity", *METRICS)
_READERS: Mapping[str, Callable[[str], int | Fraction]] = {
    "capacity": parse_bytes,
    "energy": parse_energy,
    "offchip": parse_bytes,
    "latency": parse_cycles,
    "operations": parse_count,
}
_LIMIT = re.compile(r"\s*([A-Za-z_-]{1,40})\s*(<=|=<|<|>=|>|==|=|≤)\s*([^<>=≤\s].{0,60}?)\s*")
_TIMES = re.compile(r"(\d{1,12}(?:\.\d{1,12})?) ?x", re.ASCII)
_HINT = "write METRIC<=AMOUNT, such as offchip<=1MiB, latency<=2Mcycles, energy<=500uJ, operations<=1.1x"


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a plan may take of one metric.

    Attributes:
        metric: `capacity` (bytes on chip), `energy` (pJ), `offchip` (bytes), `latency` (cycles) or `operations`.
        most: so much; so many times the least that is possible with an unlimited buffer if `relative`.
        least: that, once it is known, or what else it is to be relative to.

    Raises:
        InputError: no such metric, or an amount that no plan can keep.
    """

    metric: str
    most: Fraction
    relative: bool = False
    least: Fraction | None = None

    def __post_init__(self) -> None:
        if self.metric not in LIMITED:
            raise InputError(
                f"expected a limit of one of {', '.join(LIMITED)}, found {self.metric!r}",
                hint=close(self.metric, LIMITED),
            )
        if self.relative and self.metric == "capacity":
            raise InputError("a limit of capacity is a number of bytes, such as capacity<=64KiB")
        if not self.most > 0:
            raise InputError(f"{self.text}: expected an amount above 0")

    @property
    def amount(self) -> float:
        """The most, in the base unit; a relative limit has to know what is least."""
        assert self.least is not None or not self.relative
        return float(self.most * (self.least or 1) if self.relative else self.most)

    @property
    def described(self) -> str:
        """For people: the amount in a unit that reads well, and what a relative one comes to."""
        if self.relative:
            return f"{self.text} ({amount(self.metric, self.amount)})"
        return f"{self.metric}<={amount(self.metric, self.amount)}"

    @property
    def text(self) -> str:
        """As it may be written, in the base unit."""
        number = str(self.most) if self.most.denominator == 1 else f"{float(self.most):.12g}"
        unit = {"capacity": "B", "energy": "pJ", "offchip": "B", "latency": "cycles"}.get(self.metric, "")
        return f"{self.metric}<={number}{'x' if self.relative else unit}"


def parse_limit(text: str) -> Limit:
    """A limit as it is written.

    Raises:
        InputError: what is wrong with it.

    >>> parse_limit("offchip<=1.5KiB").text, parse_limit("latency <= 2 Mcycles").text, parse_limit("energy<=1.05x").text
    ('offchip<=1536B', 'latency<=2000000cycles', 'energy<=1.05x')
    """
    shown = repr(text if len(text) <= 60 else text[:57] + "...")
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise InputError(f"expected a limit, found {shown}", hint=_HINT)
    metric, sign, amount = match.groups()
    if sign not in ("<=", "≤"):
        raise InputError(f"expected {metric}<={amount}, found {shown}", hint="a limit is the most that a plan may take")
    if metric not in LIMITED:
        raise InputError(
            f"expected a limit of one of {', '.join(LIMITED)}, found {metric!r}", hint=close(metric, LIMITED)
        )
    times = _TIMES.fullmatch(amount)
    if times is not None:
        return Limit(metric, Fraction(times[1]), relative=True)
    try:
        return Limit(metric, Fraction(_READERS[metric](amount)))
    except InputError as problem:
        raise problem.at(metric) from None


@guided("search.md#limits")
def checked_limits(limits: Sequence[Limit | str], *, of_another: bool = False) -> tuple[Limit, ...]:
    """Limits of different metrics, in the order of `LIMITED`; a text is one limit.

    Args:
        of_another: factors are of what another plan takes, not of the least that is possible with an unlimited buffer.

    Raises:
        InputError: one that cannot be read, two of one metric, or a factor below 1 of the least that is possible.
    """
    listed = [limits] if isinstance(limits, str) else limits
    found = [parse_limit(limit) if isinstance(limit, str) else limit for limit in listed]
    for limit in found:
        if limit.relative and limit.least is None and limit.most < 1 and not of_another:
            raise InputError(
                f"{limit.text}: no plan takes less than 1x, the least that is possible with an unlimited buffer"
            )
    twice = _twice(limit.metric for limit in found)
    if twice is not None:
        both = " and ".join(limit.text for limit in found if limit.metric == twice)
        raise InputError(f"{twice} is limited twice: {both}", hint="give the smaller one only")
    return tuple(sorted(found, key=lambda limit: LIMITED.index(limit.metric)))


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
