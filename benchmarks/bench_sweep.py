"""How long the study of an accelerator space takes, on processes and on a Dask cluster of this machine, and what a
cluster adds to each chunk of tasks.

Run: python benchmarks/bench_sweep.py [study]
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # worker processes share the processors

from looptree.sweep import Result, Store, Study, load_study, run
from looptree.sweep.cluster import cluster_crew
from looptree.sweep.crew import Crew, local_crew
from looptree.workload.load import load_workload

EMPTY = 400  # chunks that do nothing, by which the overhead is measured
AHEAD = 4  # of them in flight


@dataclass(frozen=True)
class Nothing:
    """A task that is done at once, and carries what a task may carry."""

    item: int
    carried: object = None

    def run(self) -> Result:
        """Do nothing, and say that it took long, so that each is a chunk by itself."""
        return Result(self.item, "surveyed", {}, 60.0)


@contextmanager
def dask(workers: int) -> Iterator[Crew]:
    """Worker processes with a scheduler between."""
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        cluster_crew(cluster.scheduler_address) as crew,
    ):
        yield crew


def measured(study: Study, crew: Crew) -> float:
    """Run a study from nothing and print one row; how long it took."""
    overhead(crew, None, crew.width)  # processes are up
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "study.db", study) as store:
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
    return seconds


def overhead(crew: Crew, carried: object, count: int = EMPTY) -> float:
    """Seconds per chunk that does nothing."""
    started = time.perf_counter()
    sent = done = 0
    while done < count:
        while sent < count and sent - done < max(AHEAD, crew.width):
            crew.start(Nothing(sent, carried))
            sent += 1
        done += len(crew.next())
    return (time.perf_counter() - started) / count


def main() -> None:
    """Print one table."""
    name = sys.argv[1] if len(sys.argv) > 1 else "accelerator_space"
    study = load_study(name)
    print(f"python benchmarks/bench_sweep.py {name}\n")
    print(f"{'':<14} {'tasks':>8} {'s':>8} {'work s':>8} {'designs':>14} {'M/s':>8}")
    kinds: list[tuple[str, Callable[[int], AbstractContextManager[Crew]]]] = [("processes", local_crew)]
    if importlib.util.find_spec("distributed") is None:
        print("distributed is not installed: no cluster")
    else:
        kinds.append(("on Dask", dask))
    for kind, crews in kinds:
        taken = []
        for workers in (1, 2):
            with crews(workers) as crew:
                print(f"{f'{workers} {kind}':<14} ", end="")
                taken.append(measured(study, crew))
                if kind == "on Dask":
                    empty, full = overhead(crew, None), overhead(crew, load_workload("resnet50"))
                    print(
                        f"{'':<14} {1000 * empty:.2f} ms per empty chunk, {1000 * full:.2f} with a network of 54 layers"
                    )
        print(f"{'':<14} {taken[0] / taken[1]:.2f} times as fast with two")


if __name__ == "__main__":
    main()
