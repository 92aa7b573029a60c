"""Designs that a survey evaluates per second, none pruned, each with all its metrics, with all processors and with one
process (`times`: how many times as fast that is), and what it spends its time on.

Run: python benchmarks/bench_survey.py [workers] [workload ...]
"""

from __future__ import annotations

import os
import statistics
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # worker processes share the processors

from looptree.architecture.load import load_architecture
from looptree.search.child import processors
from looptree.search.survey import Survey, survey
from looptree.search.survey.block import slabs
from looptree.search.survey.survey import task_of
from looptree.workload.load import load_workload

WORKLOADS = ("conv_conv_conv", "pointwise_depthwise_pointwise")
REPEATS = 3


def parts(name: str) -> tuple[float, float]:
    """Designs per second of one process: metrics alone, and with what is kept (one piece of each eight)."""
    task = task_of(load_workload(name), load_architecture("mobile"))
    some = task.pieces[::8]
    designs, started = 0, time.process_time()
    meter = task.meter(0, 1)
    for piece in some:
        for unit in piece.units:
            branch = task.branches[unit.order][unit.branch]
            assert branch is not None
            for slab in slabs(meter, branch, unit.start, unit.stop):
                designs += sum(metrics["capacity"].size for _, metrics in slab.blocks())
    alone = designs / (time.process_time() - started)
    started = time.process_time()
    for piece in some:
        task.run(piece)
    return alone, designs / (time.process_time() - started)


def main() -> None:
    """Print one table."""
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else processors()
    print(f"python benchmarks/bench_survey.py {workers}\n")
    head = f"{'group':<32} {'designs':>14} {'fit':>14} {'front':>6} {'s':>7} {'M/s':>7} {'one':>7} {'times':>6}"
    print(f"{head}   one process, CPU time, M/s:")
    print(f"{'':<{len(head)}}   metrics  and kept")
    for name in sys.argv[2:] or WORKLOADS:
        (seconds, found), (single, _) = (timed(name, count) for count in (workers, 1))
        alone, kept = parts(name)
        print(
            f"{name:<32} {found.evaluated:>14,} {found.fits:>14,} {len(found.front):>6} {seconds:>7.2f} "
            f"{found.evaluated / seconds / 1e6:>7.1f} {found.evaluated / single / 1e6:>7.1f} {single / seconds:>6.2f}"
            f"   {alone / 1e6:>7.1f} {kept / 1e6:>9.1f}",
            flush=True,
        )


def timed(name: str, workers: int) -> tuple[float, Survey]:
    """Seconds of a survey in the median, and what it finds."""
    runs = [survey(load_workload(name), load_architecture("mobile"), workers=workers) for _ in range(REPEATS)]
    return statistics.median(run.seconds for run in runs), runs[0]


if __name__ == "__main__":
    main()
