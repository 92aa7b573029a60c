"""When a search of one group is to stop, however deep in its tables it is.

A branch and bound looks at the clock between its batches. One batch, the tables of one loop order or the own loops of
one design may take long all the same. So what takes long below asks `check_time` for itself, and the search takes what
it raises as the end, with what it knows by then. Tables that are half made are not kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float] = ContextVar("_until", default=math.inf)


class TimeUpError(Exception):
    """The time of a search is up."""


@contextmanager
def deadline(until: float) -> Iterator[None]:
    """Let `check_time` fail in what is done inside from some time on (of `time.time`); never, if it is infinite.

    >>> with deadline(0.0):
    ...     with deadline(math.inf):
    ...         check_time()
    ...     check_time()
    Traceback (most recent call last):
    looptree.search.deadline.TimeUpError
    """
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def check_time() -> None:
    """Go on while there is time.

    Raises:
        TimeUpError: the time of the innermost `deadline` is up.
    """
    if time.time() > _until.get():
        raise TimeUpError
