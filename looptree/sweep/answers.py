"""Questions to the results of a sweep: fronts, the best design per network and for all, sensitivity.

A row is one result: the parameters of its hardware, what was run, its numbers, and `holds`: whether it has a
plan and breaks no constraint.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from looptree.errors import InputError, nearest
from looptree.search.undominated import undominated
from looptree.sweep.store import Result, Store
from looptree.sweep.study import METRICS, Study
from looptree.sweep.surveyed import decoded, merged, surveying_of
from looptree.taxonomy.group import describe

Row = dict[str, Any]


def rows_of(study: Study, store: Store) -> list[Row]:
    """All results of a study, those of a survey merged."""
    if study.group is None:
        return [_point_row(study, result) for result in store.results()]
    noted = store.noted("answer")
    return noted if noted is not None else survey_rows(study, list(store.results()))


def finish(study: Study, store: Store) -> None:
    """Write the merged answer of a survey, each design evaluated by the model."""
    if study.group is not None and store.noted("answer") is None:
        store.note("answer", survey_rows(study, list(store.results())))


def _point_row(study: Study, result: Result) -> Row:
    hardware, network, space, _, objective = study.chosen(result.item)
    values = study.values(hardware)
    metrics = {name: result.data[name] for name in METRICS if name in result.data}
    known = study.with_derived({**values, **{name: Fraction(value) for name, value in metrics.items()}})
    found = result.status != "infeasible"
    return {
        "point": result.item,
        "hardware": hardware,
        **{name: _number(value) for name, value in values.items()},
        "network": network.label,
        "space": space,
        "objective": objective,
        "status": result.status,
        "source": result.source,
        "holds": found and study.holds(known),
        **metrics,
        **{name: _number(known[name]) for name in study.derived if name in known},
        "gap": result.data.get("gap"),
        "plan": "; then ".join(result.data["groups"]) if found else result.data["why"],
    }


def survey_rows(study: Study, results: Sequence[Result]) -> list[Row]:
    """The front and the best designs of a survey, the best first."""
    known = surveying_of(study)
    keeper = merged(study, results)
    front, best = decoded(study, keeper)
    listed = {id(design): ([name], design) for name, design in best.items()}
    listed |= {id(design): (["front"], design) for design in front}
    found = []
    for roles, design in listed.values():
        hardware = known.numbers[design.hardware]
        values = study.known(hardware)
        numbers = {name: Fraction(value) for name, value in design.metrics.items()}
        row = {
            "hardware": hardware,
            "role": roles[0] if roles[0] == "front" else f"least {roles[0]}",
            **{name: _number(value) for name, value in study.values(hardware).items()},
            "holds": True,
            **design.metrics,
        }
        derived = study.with_derived({**numbers, **values})
        row |= {name: _number(derived[name]) for name in study.derived if name in derived and name not in row}
        found.append({**row, "plan": describe(design.choice)})
    return found


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def numbers_of(study: Study) -> list[str]:
    """Names of the numbers of a row."""
    metrics = surveying_of(study).task.metrics if study.group else METRICS
    return [*(axis.name for axis in study.axes), *metrics, *(name for name in study.derived if name not in metrics)]


def checked(study: Study, names: Iterable[str]) -> list[str]:
    """These names, if each is that of a number.

    Raises:
        InputError: one is not.
    """
    known = numbers_of(study)
    found = list(names)
    for name in found:
        if name not in known:
            raise InputError(f"the study has no number {name!r}", hint=nearest(name, known))
    if not found:
        raise InputError("a Pareto front needs at least one metric")
    return found


def front(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The Pareto front of each network: rows that hold and that no other one matches or beats in all the numbers."""
    inside = [row for row in rows if row["holds"] and all(row.get(name) is not None for name in names)]
    found: list[Row] = []
    for network in dict.fromkeys(row.get("network") for row in inside):
        alike = [row for row in inside if row.get("network") == network]
        table = np.array([[float(row[name]) for name in names] for row in alike])
        found += sorted((alike[at] for at in undominated(table)), key=lambda row: [row[name] for name in names])
    return found


def best_per_network(rows: Sequence[Row]) -> list[Row]:
    """For each network and objective the row that has least of it; of equal ones the first."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row["holds"]:
            key = (row["network"], row["objective"])
            if key not in found or row[row["objective"]] < found[key][row["objective"]]:
                found[key] = row
    return list(found.values())


def best_for_all(study: Study, rows: Sequence[Row]) -> list[Row]:
    """Per objective the hardware on which all networks have a plan that holds, the best single design for all first.

    `distance` is what counts: the geometric mean over the networks of the objective over that of the best hardware for
    this network. `worst` is the largest of these ratios.
    """
    best = {(row["network"], row["objective"]): row[row["objective"]] for row in best_per_network(rows)}
    networks = {row["network"] for row in rows}
    least: dict[tuple[str, int], dict[str, float]] = {}
    for row in rows:
        if row["holds"]:
            known = least.setdefault((row["objective"], row["hardware"]), {})
            known[row["network"]] = min(known.get(row["network"], math.inf), row[row["objective"]])
    found: list[Row] = []
    for (objective, hardware), known in least.items():
        if known.keys() == networks:
            far = [value / best[network, objective] for network, value in known.items()]
            mean = math.exp(math.fsum(math.log(ratio) for ratio in far) / len(far))
            values = {name: _number(value) for name, value in study.known(hardware).items()}
            found.append({"hardware": hardware, "objective": objective, **values, "distance": mean, "worst": max(far)})
    return sorted(found, key=lambda row: (row["objective"], row["distance"], row["hardware"]))


def between_spaces(study: Study, rows: Sequence[Row]) -> list[Row]:
    """The objective in each search space side by side, and what the last one has over the first; of what holds."""
    found: dict[tuple[int, str, str], Row] = {}
    for row in rows:
        key = (row["hardware"], row["network"], row["objective"])
        if key not in found:
            values = {name: _number(value) for name, value in study.values(row["hardware"]).items()}
            found[key] = {"network": row["network"], "objective": row["objective"], **values}
        found[key][row["space"]] = row[row["objective"]] if row["holds"] else None
    first, *_, last = (name for name, _ in study.spaces)
    for row in found.values():
        if row.get(first) is not None and row.get(last) is not None:
            row["gain"] = row[first] / row[last]
    return list(found.values())


def sensitivity(study: Study, rows: Sequence[Row]) -> list[Row]:
    """How the objective of each best row changes if one parameter alone is another: least and most, as ratios."""
    found = []
    for best in best_per_network(rows):
        objective = best["objective"]
        alike = [row for row in rows if row["holds"] and all(row[k] == best[k] for k in ("network", "objective"))]
        for axis in study.axes:
            others = [other.name for other in study.axes if other is not axis]
            along: dict[float, float] = {}
            for row in alike:
                if all(row[name] == best[name] for name in others):
                    along[row[axis.name]] = min(along.get(row[axis.name], math.inf), row[objective])
            if len(along) > 1:
                ratios = {value: found_ / best[objective] for value, found_ in along.items()}
                worst = max(ratios, key=lambda value: ratios[value])
                found.append(
                    {
                        "network": best["network"],
                        "objective": objective,
                        "parameter": axis.name,
                        "best at": best[axis.name],
                        "worst at": worst,
                        "ratio": ratios[worst],
                        "values": len(along),
                    }
                )
    return found


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All keys, in the order in which they come first."""
    return list(dict.fromkeys(key for row in rows for key in row))
