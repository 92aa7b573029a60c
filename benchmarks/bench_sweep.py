"""How long the study of an accelerator space takes, on processes and on a Dask cluster of this machine, and what a
cluster adds to each task.

Run: python benchmarks/bench_sweep.py [study]
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # worker processes share the processors

from looptree.sweep import Result, Store, Study, load_study, run
from looptree.sweep.cluster import cluster_crew
from looptree.sweep.crew import Crew, local_crew

EMPTY = 400  # tasks that do nothing, by which the overhead is measured
AHEAD = 4  # of them in flight


@dataclass(frozen=True)
class Nothing:
    """A task that is done at once."""

    item: int

    def run(self) -> Result:
        """Do nothing."""
        return Result(self.item, "surveyed", {})


@contextmanager
def dask(workers: int) -> Iterator[Crew]:
    """Worker processes with a scheduler between."""
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        cluster_crew(cluster.scheduler_address) as crew,
    ):
        yield crew


def measured(study: Study, crew: Crew) -> None:
    """Run a study from nothing and print one row."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "study.db", study) as store:
        for item in range(crew.width):  # processes are up
            crew.start(Nothing(item))
        for _ in range(crew.width):
            crew.next()
        started = time.perf_counter()
        run(study, store, crew)
        seconds = time.perf_counter() - started
        results = list(store.results())
    work = sum(result.seconds for result in results)
    line = f"{len(results):>8,} {seconds:>8.2f} {work:>8.2f}"
    if study.group is not None:
        evaluated = sum(result.data["evaluated"] for result in results)
        line += f" {evaluated:>14,} {evaluated / seconds / 1e6:>8.1f}"
    print(line, flush=True)


def overhead(crew: Crew) -> float:
    """Seconds per task that does nothing."""
    started = time.perf_counter()
    for item in range(EMPTY):
        if item >= AHEAD:
            crew.next()
        crew.start(Nothing(item))
    for _ in range(min(AHEAD, EMPTY)):
        crew.next()
    return (time.perf_counter() - started) / EMPTY


def main() -> None:
    """Print one table."""
    name = sys.argv[1] if len(sys.argv) > 1 else "accelerator_space"
    study = load_study(name)
    print(f"python benchmarks/bench_sweep.py {name}\n")
    print(f"{'':<14} {'tasks':>8} {'s':>8} {'work s':>8} {'designs':>14} {'M/s':>8}")
    for workers in (1, 2):
        print(f"{f'{workers} processes':<14} ", end="")
        with local_crew(workers) as crew:
            measured(study, crew)
    if importlib.util.find_spec("distributed") is None:
        print("distributed is not installed: no cluster")
        return
    for workers in (1, 2):
        with dask(workers) as crew:
            print(f"{f'{workers} on Dask':<14} ", end="")
            measured(study, crew)
            each = overhead(crew)
            print(f"{'':<14} {1000 * each:.2f} ms per empty task")


if __name__ == "__main__":
    main()
