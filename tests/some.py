"""How many random cases a run looks at: some of them, and all where `HYPOTHESIS_PROFILE` is `ci`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")


def some(cases: Sequence[T], usually: int) -> Sequence[T]:
    """The first cases of a list, so many as a usual run looks at; all of them where CI runs."""
    return cases if PROFILE == "ci" else cases[:usually]
