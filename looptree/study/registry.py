"""The studies by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from looptree.errors import InputError, nearest
from looptree.study.result import StudyResult

STUDIES = {
    "schedules": "partitioned ranks and schedule against the buffer for least transfers",
    "retention": "per-tensor against uniform retention",
    "recompute": "recomputation against buffer",
    "mixed": "retaining some intermediates and recomputing others",
    "small_buffers": "fused against layer by layer in small buffers",
}
"""What each study is about; study `x` is the function `x` of the module of that name."""


def study_names() -> list[str]:
    """All names, in the order in which they read best."""
    return list(STUDIES)


def run_study(name: str) -> StudyResult:
    """The result of a study; it may take some seconds.

    Raises:
        InputError: there is none of that name.
    """
    if name not in STUDIES:
        raise InputError(f"there is no study {name!r}", hint=nearest(name, STUDIES))
    function: Callable[[], StudyResult] = getattr(import_module(f"looptree.study.{name}"), name)
    return function()
