"""Ranges of coordinates written over loop variables: pairs of affine forms.

Total functions on frozen values; where a result has no such form it is `None`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from looptree.workload.affine import Affine


@dataclass(frozen=True, slots=True)
class Span:
    """The coordinates `start <= x < stop`, both affine in the loop variables."""

    start: Affine
    stop: Affine

    @property
    def size(self) -> int | None:
        """Number of coordinates where it is the same for all tiles."""
        size = add(self.stop, self.start, -1)
        return None if size.terms else size.constant

    def is_whole(self, extent: int) -> bool:
        """It is all of `[0, extent)`."""
        fixed = not self.start.terms and not self.stop.terms
        return fixed and self.start.constant <= 0 and self.stop.constant >= extent

    def moved(self, offset: int) -> Span:
        """The span further up by `offset`."""
        return Span(_plus(self.start, offset), _plus(self.stop, offset))

    def clip(self, extent: int) -> Span:
        """Ends that no loop moves are cut to `[0, extent)`."""
        start = self.start if self.start.terms else Affine((), max(self.start.constant, 0))
        stop = self.stop if self.stop.terms else Affine((), min(self.stop.constant, extent))
        return Span(start, stop)

    def __str__(self) -> str:
        return f"{self.start}:{self.stop}"


def fixed_span(start: int, stop: int) -> Span:
    """A span that no loop moves."""
    return Span(Affine((), start), Affine((), stop))


def add(form: Affine, other: Affine, factor: int = 1) -> Affine:
    """`form + factor * other`.

    >>> str(add(Affine((("p0", 1),), 4), Affine((("p0", 1),), 1), -1))
    '3'
    """
    terms = dict(form.terms)
    for name, coefficient in other.terms:
        terms[name] = terms.get(name, 0) + factor * coefficient
    return Affine(tuple((n, c) for n, c in terms.items() if c), form.constant + factor * other.constant)


def project(form: Affine, ranges: Mapping[str, Span | None]) -> Span | None:
    """The hull of an affine projection over a box of ranks.

    >>> tile = Span(Affine((("p0", 1),)), Affine((("p0", 1),), 4))
    >>> str(project(Affine((("p", 2), ("r", 1)), -1), {"p": tile, "r": fixed_span(0, 3)}))
    '2*p0-1:2*p0+8'
    """
    start = last = Affine((), form.constant)
    for rank, coefficient in form.terms:
        span = ranges[rank]
        if span is None:
            return None
        ends = (span.start, _plus(span.stop, -1))
        low, high = ends if coefficient > 0 else ends[::-1]
        start, last = add(start, low, coefficient), add(last, high, coefficient)
    return Span(start, _plus(last, 1))


def hull(spans: Sequence[Span | None]) -> Span | None:
    """The smallest span that holds all of at least one; `None` where they do not move together."""
    found = spans[0]
    for span in spans[1:]:
        if span is None or found is None:
            return None
        before, after = add(span.start, found.start, -1), add(span.stop, found.stop, -1)
        if before.terms or after.terms:
            return None
        found = Span(_plus(found.start, min(before.constant, 0)), _plus(found.stop, max(after.constant, 0)))
    return found


def beyond_previous(span: Span | None, tiles: Mapping[str, int]) -> Span | None:
    """What lies beyond the stop one step ago, for loops given as variable -> tile, outermost first.

    The innermost of the loops that moves the span makes the step; without one all of the span is new.

    >>> rows = Span(Affine((("p0", 1),)), Affine((("p0", 1),), 6))
    >>> str(beyond_previous(rows, {"p0": 4})), str(beyond_previous(rows, {"p0": 8}))
    ('p0+2:p0+6', 'p0:p0+6')
    """
    moving = [name for name in tiles if span is not None and name in span.stop.ranks]
    if span is None or not moving:
        return span
    coefficient = dict(span.stop.terms)[moving[-1]]
    previous = _plus(span.stop, -coefficient * tiles[moving[-1]])
    overlap = add(previous, span.start, -1)
    if coefficient < 0 or overlap.terms:
        return None
    return Span(previous, span.stop) if overlap.constant > 0 else span


def clipped(spans: Iterable[Span | None], shape: Sequence[int]) -> tuple[Span | None, ...]:
    """Each span cut to the extent of its dimension."""
    return tuple(span and span.clip(extent) for span, extent in zip(spans, shape, strict=True))


def _plus(form: Affine, constant: int) -> Affine:
    return Affine(form.terms, form.constant + constant)
