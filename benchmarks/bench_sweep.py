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

from looptree.documents import parse_document
from looptree.sweep import Result, Store, Study, load_study, run
from looptree.sweep.cluster import cluster_crew
from looptree.sweep.crew import Crew, Task, local_crew
from looptree.sweep.reader import study_from_node
from looptree.sweep.work import Packed
from looptree.workload.load import load_workload

EMPTY = 400  # chunks that do nothing, by which the overhead is measured
AHEAD = 4  # of them in flight
NETWORK = Packed.of(load_workload("resnet50"))
CLIENT = """
study: client
architecture: mobile
parameters: {bandwidth: {from: 1, to: 1000, step: 1}}
set: {DRAM.bandwidth_bytes_per_cycle: bandwidth}
networks: [resnet50]
"""


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


def overhead(crew: Crew, carried: object, count: int = EMPTY) -> tuple[float, float]:
    """Seconds per chunk that does nothing, and CPU seconds of this process, in which client and scheduler are."""
    started, spent = time.perf_counter(), time.process_time()
    sent = done = 0
    while done < count:
        while sent < count and sent - done < max(AHEAD, crew.width):
            crew.start(Nothing(sent, carried))
            sent += 1
        done += len(crew.next())
    return (time.perf_counter() - started) / count, (time.process_time() - spent) / count


class Instant:
    """A crew that knows every result at once, by which the work of the client is measured."""

    width = 2

    def __init__(self) -> None:
        self._tasks: list[Task] = []

    def start(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)

    def next(self) -> list[Result]:
        """Results of all tasks, none of which decides another one."""
        tasks, self._tasks = self._tasks, []
        numbers = {"value": 1.0, "capacity": 1e9, "energy": 1.0, "latency": 1.0}
        return [Result(task.item, "feasible", numbers, plan={"groups": ["all layers"]}) for task in tasks]


def client() -> float:
    """CPU seconds of the client per search: making the task, writing the result, going on with its family."""
    study = study_from_node(parse_document(CLIENT))
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "study.db", study) as store:
        started = time.process_time()
        run(study, store, Instant())
        return (time.process_time() - started) / study.points


def main() -> None:
    """Print one table."""
    name = sys.argv[1] if len(sys.argv) > 1 else "accelerator_space"
    study = load_study(name)
    print(f"python benchmarks/bench_sweep.py {name}\n")
    print(f"client: {1000 * client():.2f} ms of CPU time per search\n")
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
                    for what, carried in (("empty", None), ("a network of 54 layers", NETWORK)):
                        wall, cpu = overhead(crew, carried)
                        print(f"{'':<14} {1000 * wall:.2f} ms per chunk ({what}), {1000 * cpu:.2f} ms of CPU time here")
        print(f"{'':<14} {taken[0] / taken[1]:.2f} times as fast with two")


if __name__ == "__main__":
    main()
