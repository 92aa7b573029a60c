"""What a study would do, before it does it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from looptree.sweep.run import point_task, work
from looptree.sweep.study import Study
from looptree.sweep.surveyed import SurveyTask, surveying_of

MEASURED = 5.0  # seconds of work from which the time is estimated


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a study would do.

    Attributes:
        hardware: points of the hardware. skipped: those that break a constraint without any result.
        designs: that are evaluated, of a survey; or searches, at most. families: of searches that may spare each other.
        seconds: about so long with one worker, from `measured` items.
    """

    hardware: int
    skipped: int
    designs: int
    families: int
    items: int
    seconds: float
    measured: int


def estimate(study: Study, budget: float = MEASURED) -> Estimate:
    """Count a study, and measure some of its items for a while; nothing is written."""
    families = work(study)
    items = sum(map(len, families))
    spent, count = 0.0, 0
    step = max(1, len(families) // 16)
    for family in families[::step]:
        started = time.perf_counter()
        middle = family[len(family) // 2].item
        (SurveyTask(middle, study) if study.group else point_task(study, middle)).run()
        spent, count = spent + time.perf_counter() - started, count + 1
        if spent > budget:
            break
    skipped = study.hardware - (len(surveying_of(study).numbers) if study.group else _held(study, items))
    designs = surveying_of(study).task.designs if study.group else items
    seconds = spent / count * items if count else 0.0
    return Estimate(study.hardware, skipped, designs, len(families), items, seconds, count)


def _held(study: Study, items: int) -> int:
    return items // study.runs
