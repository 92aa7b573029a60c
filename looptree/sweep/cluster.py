"""Workers of a Dask cluster: the same tasks, on other machines.

Dask gives a task whose worker is lost to another one. A client that is lost loses what was not finished: the results
that were are in its file. The versions of looptree have to be equal everywhere, or results would not be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from looptree import __version__
from looptree.errors import InputError
from looptree.sweep.crew import Crew, Task, run_task
from looptree.sweep.store import Result

CONNECT = 10.0  # seconds to wait for a scheduler
WORKERS = 10.0  # and for its first worker
RETRIES = 3  # workers that may be lost under one task, beyond what Dask tolerates itself


class Cluster:
    """The workers of a scheduler.

    Args:
        client: connected.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._open: dict[Any, Task] = {}

    @property
    def width(self) -> int:
        """Threads of all workers that are there now; each does one task at a time."""
        return max(1, sum(int(threads) for threads in self._client.nthreads().values()))

    def start(self, task: Task) -> None:
        """Submit a task."""
        future = self._client.submit(run_task, task, pure=False, retries=RETRIES)
        self._open[future] = task

    def next(self) -> Result:
        """The next result that is ready; each is removed from the cluster at once."""
        from distributed import wait

        done = wait(list(self._open), return_when="FIRST_COMPLETED").done
        future = min(done, key=lambda ready: self._open[ready].item)
        del self._open[future]
        result: Result = future.result()
        future.release()
        return result


@contextmanager
def cluster_crew(address: str) -> Iterator[Crew]:
    """The workers of the scheduler at an address.

    Raises:
        InputError: the package `distributed` is missing, there is no scheduler, or no worker, or its workers have
            another version of looptree.
    """
    try:
        from distributed import Client
    except ImportError:
        hint = "pip install 'looptree[cluster]'"
        raise InputError("a cluster needs the package distributed", where="--cluster", hint=hint) from None
    try:
        client = Client(address, timeout=CONNECT)
    except (OSError, ValueError, TypeError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        hint = "start one with: dask scheduler; then workers with: dask worker ADDRESS"
        raise InputError(f"no scheduler answers at {address!r}: {reason}", where="--cluster", hint=hint) from None
    try:
        _check(client, address)
        yield Cluster(client)
    finally:
        client.close()


def version() -> str:
    """Of looptree; in a worker process."""
    return __version__


def _check(client: Any, address: str) -> None:
    if not client.nthreads():
        try:
            client.wait_for_workers(1, timeout=WORKERS)
        except TimeoutError:
            hint = f"start one with: dask worker {address} --nthreads 1"
            raise InputError("the scheduler has no workers", where="--cluster", hint=hint) from None
    try:
        found = client.run(version, on_error="return")
    except Exception as problem:
        raise InputError(f"the workers do not answer: {problem}", where="--cluster") from None
    for worker, known in found.items():
        if known != __version__:
            shown = f"looptree {known}" if isinstance(known, str) else f"no looptree ({known})"
            hint = f"install looptree {__version__} there"
            raise InputError(f"worker {worker} has {shown}, this is {__version__}", where="--cluster", hint=hint)
