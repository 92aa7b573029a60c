"""Running a case: every published value beside the model's, with its error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from looptree.display import Displayed
from looptree.documents import Node
from looptree.errors import InputError
from looptree.validate.case import Case, Known, Measure, Miss, Reference, Values
from looptree.validate.metrics import evaluation_of, measured
from looptree.validate.settings import check_used, checked_values, designed, numbers_of
from looptree.workload import Workload
from looptree.workload.layers.arithmetic import evaluate as arithmetic
from looptree.workload.load import load_workload

MET, LEFT, MISSED, CHANGED, ALONE = "met", "left tolerance", "not reproduced", "changed", "no reference"
"""How a comparison ends: within its tolerance or not; known not to be met, as told or no longer so; nothing to meet."""

Load = Callable[..., Workload]


@dataclass(frozen=True)
class Compared:
    """One number of the model, beside the published one where there is one.

    Attributes:
        at: values of parameters that say at which setting. what: names a miss.
        tolerance: in the unit of the measure. status: `MET`, `LEFT`, `MISSED`, `CHANGED` or `ALONE`.
    """

    at: Values
    measure: Measure
    ours: Fraction
    status: str
    published: Fraction | None = None
    known: Known | None = None
    tolerance: Fraction = Fraction(0)
    reason: str = ""
    what: str = ""
    why: str = ""

    @property
    def error(self) -> Fraction | None:
        """How far the model is off, as a part of the published value."""
        if self.published is None:
            return None
        return (self.ours - self.published) / self.published if self.published else Fraction(self.ours != 0)


@dataclass(frozen=True)
class CaseResult(Displayed):
    """All comparisons of a case, or those of one setting; `notes` say which numbers that setting does not have."""

    case: Case
    rows: tuple[Compared, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"CaseResult({self.case.name!r}, {len(self.rows)} values, {'holds' if self.holds else 'does not hold'})"

    @property
    def errors(self) -> tuple[Fraction, ...]:
        """Sizes of the errors of what has to be met."""
        return tuple(abs(row.error) for row in self.rows if row.error is not None and row.status in (MET, LEFT))

    @property
    def worst(self) -> Fraction:
        """The largest error of what has to be met, as a part of the published value."""
        return max(self.errors, default=Fraction(0))

    @property
    def mean(self) -> Fraction:
        """The mean error of what has to be met."""
        return sum(self.errors, Fraction(0)) / max(1, len(self.errors))

    @property
    def holds(self) -> bool:
        """Nothing left its tolerance, and every known miss is as it is told."""
        return not any(row.status in (LEFT, CHANGED) for row in self.rows)

    def count(self, status: str) -> int:
        """How many comparisons end like this."""
        return sum(row.status == status for row in self.rows)


def run_case(case: Case, load: Load = load_workload) -> CaseResult:
    """Every reference at its own setting, and every miss."""
    rows = [
        _compared(case, reference, {**reference.at, **at}, load)
        for reference in case.references
        for at in reference.checked_at or ({},)
    ]
    return CaseResult(case, (*rows, *(_missed(case, miss, load) for miss in case.misses)))


def run_at(case: Case, given: Values, load: Load = load_workload) -> CaseResult:
    """The numbers of the model at one setting, compared where something is published for it.

    Raises:
        InputError: an unknown parameter, a value that it does not take or that changes nothing, a network that
            cannot be read or does not fit the design.
    """
    values = checked_values(case.parameters, given)
    check_used(case, given, values)
    rows = [_compared(case, item, values, load) for item in case.references if _applies(case, item, values)]
    rows += [_missed(case, miss, load) for miss in case.misses if checked_values(case.parameters, miss.at) == values]
    seen = {row.measure for row in rows}
    alone, notes = _alone(case, [m for m in case.measures if m not in seen], values, load)
    return CaseResult(case, tuple(replace(row, at=given) for row in (*rows, *alone)), notes)


def _applies(case: Case, reference: Reference, values: Values) -> bool:
    """Whether a reference is of this setting: a formula leaves open what it does not name."""
    if isinstance(reference.value, Node):
        return all(values[name] == value for name, value in reference.at.items())
    return checked_values(case.parameters, reference.at) == values


def _compared(case: Case, reference: Reference, at: Values, load: Load) -> Compared:
    values = checked_values(case.parameters, at)
    ours = measured(designed(case, values, load), reference.measure)
    published = _published(case, reference, values)
    tolerance = reference.tolerance * published if reference.relative else reference.tolerance
    status = MET if abs(ours - published) <= tolerance else LEFT
    return Compared(at, reference.measure, ours, status, published, reference.known, tolerance, reference.reason)


def _published(case: Case, reference: Reference, values: Values) -> Fraction:
    if isinstance(reference.value, Fraction):
        return reference.value
    return Fraction(arithmetic(reference.value, numbers_of(case, values), "a published value", most=2**62))


def _missed(case: Case, miss: Miss, load: Load) -> Compared:
    values = checked_values(case.parameters, miss.at)
    ours = measured(designed(case, values, load), miss.measure)
    status = MISSED if ours == miss.ours else CHANGED
    return Compared(miss.at, miss.measure, ours, status, miss.published, miss.known, what=miss.what, why=miss.why)


def _alone(
    case: Case, measures: Iterable[Measure], values: Values, load: Load
) -> tuple[list[Compared], tuple[str, ...]]:
    """Numbers without a reference, and why this design does not have some of them."""
    design = designed(case, values, load)
    evaluation_of(design)  # what is wrong with the design itself is an error
    rows, notes = [], []
    for measure in measures:
        try:
            rows.append(Compared(values, measure, measured(design, measure), ALONE))
        except InputError as problem:
            notes.append(f"no {measure.metric}: {problem}")
    return rows, tuple(dict.fromkeys(notes))


def to_dict(result: CaseResult) -> Mapping[str, object]:
    """Plain data; exact numbers are integers, others the nearest floats."""
    from looptree.model.result import plain

    def number(value: Fraction | None) -> int | float | None:
        return None if value is None else plain(value)

    rows = [
        {
            "at": dict(row.at),
            "metric": row.measure.metric,
            "of": row.measure.of,
            "unit": row.measure.unit,
            "published": number(row.published),
            "model": number(row.ours),
            "error": number(row.error),
            "tolerance": number(row.tolerance),
            "confidence": row.known.confidence if row.known else None,
            "source": row.known.source if row.known else None,
            "status": row.status,
            "why": row.why,
        }
        for row in result.rows
    ]
    return {
        "case": result.case.name,
        "worst_error": float(result.worst),
        "mean_error": float(result.mean),
        "holds": result.holds,
        "notes": list(result.notes),
        "gaps": list(result.case.gaps),
        "rows": rows,
    }
