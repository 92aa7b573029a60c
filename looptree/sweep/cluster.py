"""Workers of a Dask cluster: the same tasks, on other machines.

Tasks go out in chunks of about a second of work, so that what the scheduler takes for each does not count. Dask gives a
chunk whose worker is lost to another one. A client that is lost loses what was not finished: the results that were are
in its file. The source of looptree has to be equal everywhere, or results would not be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from looptree import __version__
from looptree.errors import InputError
from looptree.sizing.cache import source_digest
from looptree.sweep.crew import Crew, Task, run_task
from looptree.sweep.store import Result

CONNECT = 10.0  # seconds to wait for a scheduler
WORKERS = 10.0  # and for its first worker
RETRIES = 3  # workers that may be lost under one chunk, beyond what Dask tolerates itself
CHUNK = 1.0  # seconds of work that go out together
MOST = 256  # tasks that do


class Cluster:
    """The workers of a scheduler.

    Args:
        client: connected.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._open: dict[Any, list[Task]] = {}
        self._waiting: list[Task] = []
        self._seconds, self._done = 0.0, 0

    @property
    def width(self) -> int:
        """Tasks at a time: a chunk for each thread of all workers that are there now."""
        return self._threads * self.chunk

    @property
    def chunk(self) -> int:
        """Tasks that go out together, judging by those that are done; one until there are some."""
        if not self._done:
            return 1
        return max(1, min(MOST, int(CHUNK * self._done / max(self._seconds, CHUNK / MOST))))

    @property
    def _threads(self) -> int:
        return max(1, sum(int(threads) for threads in self._client.nthreads().values()))

    def start(self, task: Task) -> None:
        """Hand a task out, as soon as there is a chunk of them."""
        self._waiting.append(task)
        if len(self._waiting) >= self.chunk:
            self._submit()

    def _submit(self) -> None:
        future = self._client.submit(run_chunk, self._waiting, pure=False, retries=RETRIES)
        self._open[future] = self._waiting
        self._waiting = []

    def next(self) -> list[Result]:
        """The results of a chunk that is ready; each is removed from the cluster at once."""
        from distributed import wait

        if self._waiting:
            self._submit()
        done = wait(list(self._open), return_when="FIRST_COMPLETED").done
        future = min(done, key=lambda ready: self._open[ready][0].item)
        del self._open[future]
        results: list[Result] = future.result()
        future.release()
        self._seconds += sum(result.seconds for result in results)
        self._done += len(results)
        return results


def run_chunk(tasks: list[Task]) -> list[Result]:
    """Do tasks one after the other; in a worker process."""
    return [run_task(task) for task in tasks]


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
    """Of looptree, with a digest of its source; in a worker process."""
    return f"{__version__} ({source_digest()[:8]})"


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
    here = version()
    for worker, known in found.items():
        if known != here:
            shown = f"looptree {known}" if isinstance(known, str) else f"no looptree, or an older one ({known})"
            hint = f"install looptree {__version__} there, from the same source"
            raise InputError(f"worker {worker} has {shown}, this is {here}", where="--cluster", hint=hint)
