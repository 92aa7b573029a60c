"""A survey over hardware in pieces, each a task of its own.

Points of the hardware that break a constraint without any design (an area above its budget) are skipped, and counted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from looptree.search.survey import HARDWARE_METRICS, Hardware, Surveyed
from looptree.search.survey.keeper import Designs, Keeper
from looptree.search.survey.survey import Decoder, task_of
from looptree.search.survey.units import Task
from looptree.sweep.reader import load_choice
from looptree.sweep.store import Result
from looptree.sweep.study import Study


@dataclass(frozen=True)
class Surveying:
    """What a study of a fusion group evaluates.

    Attributes:
        numbers: of the points of the hardware that hold. task: the survey on these. skipped: points that do not hold.
    """

    numbers: tuple[int, ...]
    task: Task
    skipped: int

    @classmethod
    def of(cls, study: Study) -> Surveying:
        """The survey of a study, with its tables."""
        assert study.group is not None
        numbers, hardware = [], []
        for number in range(study.hardware):
            known = study.known(number)
            if study.holds(known):
                numbers.append(number)
                area, standby = (float(known.get(name, 0)) for name in ("area", "standby"))
                hardware.append(Hardware(study.architecture(number), area, standby))
        if not hardware:
            raise study.constraints[0].node.error("no point of the hardware holds", "loosen a constraint")
        group = study.group
        task = task_of(
            load_choice(group.network),
            hardware,
            group.layers or None,
            order=group.order,
            space=study.spaces[0][1],
            front=study.front,
            limits=limits_of(study),
        )
        return cls(tuple(numbers), task, study.hardware - len(numbers))


def limits_of(study: Study) -> dict[str, float]:
    """The constraints on metrics, each `metric <= number`.

    Raises:
        InputError: one of another form.
    """
    found: dict[str, float] = {}
    for constraint in study.constraints:
        metrics = constraint.names & set(HARDWARE_METRICS) - set(study.derived) - {"area"}
        if not metrics:
            continue
        metric, most = constraint.upper or ("", None)
        if most is None or metric not in metrics:
            raise constraint.node.error(
                f"expected a limit on one metric, such as power <= 450, found {constraint.text!r}",
                "in a survey, other constraints are over parameters and derived numbers only",
            )
        if most.names:
            raise constraint.node.error(f"expected a number after <=, found {most.text!r}")
        value = float(most.value({}))
        found[metric] = min(found.get(metric, value), value)
    return found


@lru_cache(maxsize=2)
def surveying(study: _Keyed) -> Surveying:
    """The survey of a study; each process finds its tables once."""
    return Surveying.of(study.study)


@dataclass(frozen=True)
class _Keyed:
    """A study, known by its fingerprint."""

    study: Study

    def __hash__(self) -> int:
        return hash(self.study.fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.study.fingerprint == other.study.fingerprint


def surveying_of(study: Study) -> Surveying:
    """The survey of a study."""
    return surveying(_Keyed(study))


@dataclass(frozen=True)
class SurveyTask:
    """One piece."""

    item: int
    study: Study

    def run(self) -> Result:
        """Evaluate it."""
        started = time.perf_counter()
        task = surveying_of(self.study).task
        keeper = task.run(task.pieces[self.item])
        return Result(self.item, "surveyed", kept_data(keeper), time.perf_counter() - started)


def kept_data(keeper: Keeper) -> dict[str, Any]:
    """What a piece keeps, as plain numbers."""
    listed = {name: _plain(designs) for name, designs in (("best", keeper.best), ("front", keeper.front))}
    return {"evaluated": keeper.evaluated, "fits": keeper.fits, **listed}


def _plain(designs: Designs) -> dict[str, Any]:
    return {"rows": designs.rows.tolist(), "numbers": designs.numbers.tolist()}


def _designs(data: Mapping[str, Any], metrics: int) -> Designs:
    rows = np.array(data["rows"], dtype=np.float64).reshape(-1, metrics)
    return Designs(rows, np.array(data["numbers"], dtype=np.int64).reshape(-1, 5))


def merged(study: Study, results: Sequence[Result]) -> Keeper:
    """What all pieces keep together."""
    task = surveying_of(study).task
    total = task.keeper()
    for result in results:
        best, front = (_designs(result.data[name], len(task.metrics)) for name in ("best", "front"))
        total.merge(result.data["evaluated"], result.data["fits"], best, front)
    return total


def decoded(study: Study, keeper: Keeper) -> tuple[list[Surveyed], dict[str, Surveyed]]:
    """The front and the best designs, each evaluated by the model; hardware as numbered in the study."""
    known = surveying_of(study)
    decoder = Decoder(known.task)
    front = [decoder.design(keeper.front, at) for at in range(len(keeper.front))]
    best = {name: decoder.design(keeper.best, at) for at, name in enumerate(known.task.metrics) if len(keeper.best)}
    return front, best
