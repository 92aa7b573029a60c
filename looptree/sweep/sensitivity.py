"""Sensitivity: what the best design costs where one parameter alone takes another value.

For every value the best design is looked for again, so that a value is not blamed for a mapping that does not suit it.
A row of a profile is one value of one parameter; with several architectures, which one it is counts as a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from looptree.search.survey.units import Piece
from looptree.sweep.answers import Row, best_per_network, rows_of
from looptree.sweep.store import Store
from looptree.sweep.study import Study
from looptree.sweep.surveyed import surveying_of

NOTE = "sensitivity"


def profiles(study: Study, store: Store) -> list[Row]:
    """Of each best design and each parameter with more than one value, the objective at each value.

    Those of a survey are found when it finishes; until then there are none.
    """
    if study.group is not None:
        return store.noted(NOTE) or []
    rows, names = rows_of(study, store), _varied(study)
    return [line for best in best_per_network(rows) for name in names for line in _profile(rows, best, name, names)]


def sensitivity(lines: Sequence[Row]) -> list[Row]:
    """Of each profile the best and the worst value, and the ratio of what they cost."""
    listed: dict[tuple[str | None, str, str], list[Row]] = {}
    for line in lines:
        listed.setdefault((line.get("network"), line["objective"], line["parameter"]), []).append(line)
    found = []
    for (network, objective, parameter), along in listed.items():
        if len(along) > 1:
            best = min(along, key=lambda line: (not line["chosen"], line["ratio"]))
            worst = max(along, key=lambda line: line["ratio"])
            named = {} if network is None else {"network": network}
            row = {"objective": objective, "parameter": parameter, "best at": best["value"], "worst at": worst["value"]}
            found.append({**named, **row, "ratio": worst["ratio"], "values": len(along)})
    return found


def finish(study: Study, store: Store, rows: Sequence[Row]) -> None:
    """Write the profiles of a survey: of its best designs by the numbers of its front."""
    if study.group is None or store.noted(NOTE) is not None:
        return
    names, known = _varied(study), surveying_of(study)
    places = {number: at for at, number in enumerate(known.numbers)}
    least: dict[int, Mapping[str, float]] = {}
    lines: list[Row] = []
    for best in (row for row in rows if row["role"] != "front"):
        objective = best["role"].removeprefix("least ")
        for name in names if objective in study.front else ():
            found = []
            for number, value in _along(study, best["hardware"], name):
                if number in places:
                    if number not in least:
                        least[number] = _least(study, places[number])
                    if objective in least[number]:
                        found.append((value, least[number][objective]))
            lines += _lines({}, objective, name, best[name], best[objective], found)
    store.note(NOTE, lines)


def _least(study: Study, at: int) -> dict[str, float]:
    """The least of each metric that fits on one point of the hardware, by a survey of that point alone."""
    task = surveying_of(study).task
    units = tuple(unit for piece in task.pieces if piece.start == 0 for unit in piece.units)
    best = task.run(Piece(units, at, at + 1)).best
    return {name: float(best.rows[i, i]) for i, name in enumerate(task.metrics)} if len(best) else {}


def _along(study: Study, hardware: int, name: str) -> list[tuple[int, Any]]:
    """The points that differ from one in this parameter alone, with its value there."""
    step = study.combinations
    if name != "architecture":
        for axis in study.axes:
            step //= len(axis.values)
            if axis.name == name:
                break
    values = study.choices[name]
    first = hardware - hardware // step % len(values) * step
    return [(first + at * step, value) for at, value in enumerate(values)]


def _varied(study: Study) -> list[str]:
    return [name for name, values in study.choices.items() if len(values) > 1]


def _profile(rows: Sequence[Row], best: Row, name: str, names: Sequence[str]) -> list[Row]:
    """The best at each value of one parameter, the others as in the best row."""
    objective = best["objective"]
    along: dict[Any, float] = {}
    for row in rows:
        same = all(row[key] == best[key] for key in ("network", "objective", *names) if key != name)
        if same and row["holds"]:
            along[row[name]] = min(along.get(row[name], math.inf), row[objective])
    return _lines({"network": best["network"]}, objective, name, best[name], best[objective], list(along.items()))


def _lines(
    named: Row, objective: str, name: str, chosen: Any, least: float, along: Sequence[tuple[Any, float]]
) -> list[Row]:
    return [
        {**named, "objective": objective, "parameter": name, "value": value, objective: cost}
        | {"ratio": cost / least if least else 1.0, "chosen": value == chosen}
        for value, cost in along
    ]
