"""The answers of a sweep as panels: of pictures for papers, and of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from looptree.report.panels import Bar, BarPanel, Line, Mark, Panel, Quantity
from looptree.sweep.answers import Row, best_for_all, best_per_network, between_spaces, front, rows_of
from looptree.sweep.sensitivity import profiles
from looptree.sweep.store import Store
from looptree.sweep.study import Study
from looptree.units import format_size

MOST_BARS = 24
MOST_BEHIND = 4000
UNITS = {
    "energy": "pJ",
    "latency": "cycles",
    "operations": "operations",
    "recomputed": "operations",
    "edp": "pJ cycles",
}


@dataclass(frozen=True)
class Answers:
    """All that the panels of a study need, read once.

    Attributes:
        rows: its results. lines: its profiles. names: numbers of its Pareto front.
    """

    study: Study
    rows: Sequence[Row]
    lines: Sequence[Row]
    names: Sequence[str]

    @classmethod
    def of(cls, study: Study, store: Store, names: Sequence[str]) -> Answers:
        """What a store has."""
        return cls(study, rows_of(study, store), profiles(study, store), names)


def front_panels(answers: Answers) -> list[Panel]:
    """The first number of the front against each of the others: a line for each network."""
    x, *others = answers.names if len(answers.names) > 1 else (*answers.names, *answers.names)
    found = front(answers.rows, answers.names)
    return [_front_panel(answers, found, x, y) for y in others] if found else []


def _front_panel(answers: Answers, found: Sequence[Row], x: str, y: str) -> Panel:
    study, two = answers.study, len(answers.names) <= 2
    kept = [row for row in answers.rows if row["holds"]][:MOST_BEHIND]
    whose = "Designs" if study.group is not None else "Of each network the results"
    return Panel(
        f"front-{y}",
        f"{study.name}: {y} against {x}",
        f"{whose} that no other one matches or beats in {', '.join(answers.names)}.",
        quantity(study, x),
        quantity(study, y),
        _by_name(found, lambda row: _network(study, row) or "front", lambda row: _mark(study, row, row[x], row[y])),
        tuple(Mark(row[x], row[y]) for row in kept),
        steps=two,
        joined=two,
    )


def best_panels(answers: Answers) -> list[BarPanel]:
    """The best design of each network, one panel per objective."""
    found = best_per_network(answers.rows)
    study = answers.study
    return [
        BarPanel(
            f"best-{objective}",
            f"{study.name}: least {objective}",
            "The best design of each network.",
            quantity(study, objective),
            tuple(
                Bar(_network(study, row), row[objective], label(study, row))
                for row in found
                if row["objective"] == objective
            )[:MOST_BARS],
        )
        for objective in dict.fromkeys(row["objective"] for row in found)
    ]


def all_panels(answers: Answers) -> list[BarPanel]:
    """The hardware that is best for all networks, one panel per objective."""
    study, found = answers.study, best_for_all(answers.study, answers.rows)
    return [
        BarPanel(
            f"all-{objective}",
            f"{study.name}: {objective}, one design for all",
            "Over the best hardware for each network, as geometric mean over the networks; 1 would be best for each.",
            Quantity(f"{objective} over the best, mean"),
            tuple(
                Bar(label(study, row) or study.name, row["distance"], f"worst network {row['worst']:.3g}")
                for row in found
                if row["objective"] == objective
            )[:MOST_BARS],
        )
        for objective in dict.fromkeys(row["objective"] for row in found)
    ]


def sensitivity_panels(answers: Answers) -> list[Panel | BarPanel]:
    """What each parameter alone is worth: its values against the objective over that of the best design."""
    keys = dict.fromkeys((line["objective"], line["parameter"]) for line in answers.lines)
    return [_sensitivity_panel(answers, objective, parameter) for objective, parameter in keys]


def _sensitivity_panel(answers: Answers, objective: str, parameter: str) -> Panel | BarPanel:
    study, over = answers.study, Quantity(f"{objective} over the best")
    lines = [x for x in answers.lines if (x["objective"], x["parameter"]) == (objective, parameter)]
    key, title = f"sensitivity-{objective}-{parameter}", f"{study.name}: {objective} by {parameter}"
    caption = "The other parameters stand where the best design has them; 1 is the best design."
    if any(isinstance(line["value"], str) for line in lines):
        bars = (Bar(f"{_network(study, line)} {line['value']}".strip(), line["ratio"]) for line in lines)
        return BarPanel(key, title, caption, over, tuple(bars)[:MOST_BARS])
    drawn = _by_name(
        sorted(lines, key=lambda line: float(line["value"])),
        lambda line: _network(study, line) or objective,
        lambda line: Mark(line["value"], line["ratio"], _value(study, parameter, line["value"])),
    )
    return Panel(key, title, caption, quantity(study, parameter), over, drawn)


def spaces_panels(answers: Answers) -> list[Panel | BarPanel]:
    """What the last search space gains over the first: over the parameter, or the setting of the networks, that has
    most values."""
    study = answers.study
    if len(study.spaces) < 2:
        return []
    rows = [row for row in between_spaces(study, answers.rows) if "gain" in row]
    objectives = dict.fromkeys(row["objective"] for row in rows)
    return [_spaces_panel(study, [row for row in rows if row["objective"] == name], name) for name in objectives]


def _spaces_panel(study: Study, rows: Sequence[Row], objective: str) -> Panel | BarPanel:
    settings = {choice.label: dict(choice.settings) for choice in study.networks}
    first, *_, last = (name for name, _ in study.spaces)
    across, gain = _across(study, settings), Quantity(f"{first} over {last}")
    key, title = f"spaces-{objective}", f"{study.name}: {objective}, {first} over {last}"
    caption = f"How many times as much {objective} the best plan of {first} takes."
    if across is None:
        bars = tuple(Bar(_network(study, row), row["gain"], label(study, row)) for row in rows)[:MOST_BARS]
        return BarPanel(key, title, caption, gain, bars)

    def at(row: Row) -> float:
        return float(row[across] if across in row else settings[row["network"]][across])

    def marked(row: Row) -> Mark:
        return Mark(at(row), row["gain"], label(study, row), (f"{first}: {row[first]:,}", f"{last}: {row[last]:,}"))

    drawn = _by_name(sorted(rows, key=at), lambda row: _beside(study, row, across), marked)
    return Panel(key, title, caption, quantity(study, across), gain, drawn)


PANELS: Mapping[str, Callable[[Answers], Sequence[Panel | BarPanel]]] = {
    "front": front_panels,
    "best": best_panels,
    "all-networks": all_panels,
    "spaces": spaces_panels,
    "sensitivity": sensitivity_panels,
}
SURVEYED = ("front", "sensitivity")


def quantity(study: Study, name: str) -> Quantity:
    """An axis of a number of a result."""
    unit = UNITS.get(name, "B" if name in ("offchip", "capacity") or name.startswith(("capacity_", "offchip_")) else "")
    if any(path.endswith(".capacity_bytes") and e.text == name for path, e in study.settings.items()):
        unit = "B"
    titles = {"offchip": "off-chip bytes", "power": "power (pJ per cycle)", "area": "area (mm2)"}
    return Quantity(titles.get(name, name.replace("_", " ")), unit)


def label(study: Study, row: Row) -> str:
    """The hardware of a row in a few words.

    >>> from looptree.sweep import load_study
    >>> label(load_study("bandwidth"), {"bandwidth": 4})
    'bandwidth 4'
    """
    return ", ".join(_value(study, name, row[name]) for name in study.choices if name in row)


def _value(study: Study, name: str, value: str | float) -> str:
    if isinstance(value, str):
        return value
    whole = quantity(study, name).unit == "B" and value >= 1
    return f"{name} {format_size(int(value)) if whole else f'{value:,.6g}'}"


def _mark(study: Study, row: Row, x: float, y: float) -> Mark:
    chosen = [row[key] for key in ("space", "objective", "role") if row.get(key)]
    return Mark(x, y, label(study, row), (", ".join(chosen), str(row.get("plan") or "")))


def _by_name(rows: Sequence[Row], named: Callable[[Row], str], marked: Callable[[Row], Mark]) -> tuple[Line, ...]:
    listed: dict[str, list[Mark]] = {}
    for row in rows:
        listed.setdefault(named(row), []).append(marked(row))
    return tuple(Line(name, tuple(marks)) for name, marks in listed.items())


def _across(study: Study, settings: Mapping[str, Mapping[str, int]]) -> str | None:
    """The parameter of the hardware, or else of the networks, that has most values; `None` if none has two."""
    counts = {axis.name: len(axis.values) for axis in study.axes}
    if max(counts.values(), default=1) < 2:
        names = set.intersection(*(set(chosen) for chosen in settings.values()))
        counts = {name: len({chosen[name] for chosen in settings.values()}) for name in sorted(names)}
    best = max(counts, key=lambda name: counts[name], default=None)
    return best if best is not None and counts[best] > 1 else None


def _beside(study: Study, row: Row, across: str) -> str:
    """What a line is called: all that is not across."""
    places = [_value(study, name, row[name]) for name in study.choices if name != across]
    return " ".join([_network(study, row, across), *places])


def _network(study: Study, row: Row, across: str = "") -> str:
    """The network of a row, with those of its settings that vary; nothing in a survey."""
    found = [choice for choice in study.networks if choice.label == row.get("network")]
    rest = [f"{name}={value}" for name, value in found[0].settings if _varies(study, name)] if found else []
    return " ".join([Path(found[0].source).stem, *(x for x in rest if not x.startswith(f"{across}="))]) if found else ""


def _varies(study: Study, setting: str) -> bool:
    return len({dict(choice.settings).get(setting) for choice in study.networks}) > 1
