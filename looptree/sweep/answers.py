"""Questions to the results of a sweep: fronts, the best design per network and for all, spaces side by side.

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
from looptree.search.survey import HARDWARE_METRICS
from looptree.search.undominated import undominated
from looptree.sweep.document import plain_number
from looptree.sweep.store import Result, Store
from looptree.sweep.study import METRICS, Study
from looptree.sweep.surveyed import decoded, merged, surveying_of
from looptree.taxonomy.described import describe

Row = dict[str, Any]
ANSWER = "answer"


def rows_of(study: Study, store: Store) -> list[Row]:
    """All results of a study, those of a survey merged."""
    if study.group is None:
        return point_rows(study, store)
    noted = store.noted(ANSWER)
    return noted if noted is not None else survey_rows(study, list(store.results()))


def point_rows(study: Study, store: Store, *, planned: bool = False) -> list[Row]:
    """The results of searches: all of them, or those whose plans have not been dropped."""
    plans: dict[int | None, str] = {}
    rows = []
    for result in store.results(planned=planned):
        if result.plan is not None:
            plans[result.item] = "; then ".join(result.plan.get("groups", ())) or result.plan["why"]
        rows.append(_point_row(study, result))
    for row in rows:
        row["plan"] = plans.get(row["point"], plans.get(row["source"]))
    return rows


def _point_row(study: Study, result: Result) -> Row:
    hardware, network, space, _, objective = study.chosen(result.item)
    metrics = {name: result.data[name] for name in METRICS if name in result.data}
    if result.data:
        metrics.setdefault(objective, result.data["value"])
    numbers = {name: Fraction(value) for name, value in metrics.items()}
    known = study.with_derived({**numbers, **study.known(hardware)})
    found = result.status != "infeasible"
    return {
        "point": result.item,
        "hardware": hardware,
        **study.place(hardware),
        "network": network.label,
        "space": space,
        "objective": objective,
        "status": result.status,
        "source": result.source,
        "holds": found and study.holds(known),
        **metrics,
        **{name: plain_number(known[name]) for name in study.computed if name in known},
        "gap": result.data.get("gap"),
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
            **study.place(hardware),
            "holds": True,
            **design.metrics,
        }
        derived = study.with_derived({**numbers, **values})
        row |= {name: plain_number(derived[name]) for name in study.derived if name in derived and name not in row}
        found.append({**row, "plan": describe(design.choice)})
    return found


def numbers_of(study: Study) -> list[str]:
    """Names of the numbers of a row."""
    metrics = HARDWARE_METRICS if study.group else METRICS
    return list(dict.fromkeys((*(axis.name for axis in study.axes), *metrics, *study.computed, *study.objectives)))


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
            values = {name: plain_number(value) for name, value in study.known(hardware).items()}
            row = {"hardware": hardware, "objective": objective, **study.place(hardware), **values}
            found.append({**row, "distance": mean, "worst": max(far)})
    return sorted(found, key=lambda row: (row["objective"], row["distance"], row["hardware"]))


def between_spaces(study: Study, rows: Sequence[Row]) -> list[Row]:
    """The objective in each search space side by side, and what the last one has over the first; of what holds."""
    found: dict[tuple[int, str, str], Row] = {}
    for row in rows:
        key = (row["hardware"], row["network"], row["objective"])
        if key not in found:
            found[key] = {"network": row["network"], "objective": row["objective"], **study.place(row["hardware"])}
        found[key][row["space"]] = row[row["objective"]] if row["holds"] else None
    first, *_, last = (name for name, _ in study.spaces)
    for row in found.values():
        if row.get(first) is not None and row.get(last) is not None:
            row["gain"] = row[first] / row[last]
    return list(found.values())


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All keys, in the order in which they come first."""
    return list(dict.fromkeys(key for row in rows for key in row))
