"""Who does the work: this process, several on this machine, or a cluster. All take tasks and give results back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from looptree.errors import InputError
from looptree.sweep.store import Result


class Task(Protocol):
    """Something to do, complete in itself, so that it can be done anywhere, and again."""

    @property
    def item(self) -> int:
        """Its number."""
        ...

    def run(self) -> Result:
        """Do it."""
        ...


class Crew(Protocol):
    """Does tasks."""

    @property
    def width(self) -> int:
        """How many at a time."""
        ...

    def start(self, task: Task) -> None:
        """Hand a task out."""
        ...

    def next(self) -> list[Result]:
        """Results that are ready, one at least, whatever their order; each task is answered once."""
        ...


class Alone:
    """This process."""

    width = 1

    def __init__(self) -> None:
        self._tasks: list[Task] = []

    def start(self, task: Task) -> None:
        """Keep a task for later."""
        self._tasks.append(task)

    def next(self) -> list[Result]:
        """Do the first one."""
        return [self._tasks.pop(0).run()]


class Processes:
    """Worker processes on this machine.

    Args:
        pool: of loky. width: how many.
    """

    def __init__(self, pool: Any, width: int) -> None:
        self.width = width
        self._pool = pool
        self._open: set[Any] = set()

    def start(self, task: Task) -> None:
        """Hand a task to the pool."""
        self._open.add(self._pool.submit(run_task, task))

    def next(self) -> list[Result]:
        """The results that are ready."""
        from concurrent.futures import FIRST_COMPLETED, wait

        done, self._open = wait(self._open, return_when=FIRST_COMPLETED)
        return [future.result() for future in done]


def run_task(task: Task) -> Result:
    """Do a task; in a worker process."""
    return task.run()


@contextmanager
def local_crew(workers: int | None) -> Iterator[Crew]:
    """Processes on this machine, one per processor by default."""
    count = (os.cpu_count() or 1) if workers is None else workers
    if count < 1:
        raise InputError(f"expected at least 1 worker, found {count}")
    if count == 1:
        yield Alone()
        return
    from loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(count, initializer=_quiet)
    try:
        yield Processes(pool, count)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the work
