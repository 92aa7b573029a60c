"""What a study returns: findings, tables and curves as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from looptree.display import Displayed


@dataclass(frozen=True, slots=True)
class TableData:
    """Rows of text; the first `names` columns are words, the others numbers."""

    title: str
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one line of a chart."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over logarithmic axes, or over a linear y axis; points that are not `joined` stand alone."""

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    linear_y: bool = False
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One number that answers the question, and where it comes from.

    Attributes:
        factor: how many times smaller or fewer. published: what the paper says of it, in words.
    """

    what: str
    factor: float
    where: str
    published: str = ""


@dataclass(frozen=True, slots=True)
class StudyResult(Displayed):
    """The answer of a study.

    Attributes:
        question: what is asked. space: the designs that were looked at. sentences: what they show.
    """

    name: str
    title: str
    question: str
    space: str
    findings: tuple[Finding, ...]
    sentences: tuple[str, ...]
    tables: tuple[TableData, ...]
    charts: tuple[Chart, ...]

    def __repr__(self) -> str:
        return f"StudyResult({self.name!r}, {self.title!r}, {len(self.findings)} findings)"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `looptree study --json` prints it."""
        return {
            "name": self.name,
            "title": self.title,
            "question": self.question,
            "space": self.space,
            "findings": [
                {"what": f.what, "factor": f.factor, "where": f.where, "published": f.published} for f in self.findings
            ],
            "sentences": list(self.sentences),
            "tables": [
                {"title": t.title, "columns": [*t.names, *t.numbers], "rows": [list(row) for row in t.rows]}
                for t in self.tables
            ],
            "charts": [
                {
                    "title": c.title,
                    "x": c.x_label,
                    "y": c.y_label,
                    "curves": {curve.label: [list(point) for point in curve.points] for curve in c.curves},
                }
                for c in self.charts
            ],
        }
