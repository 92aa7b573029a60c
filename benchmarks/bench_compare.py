"""How long `compare` takes on whole networks, and what it finds: medians of several runs.

Run: python benchmarks/bench_compare.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import time

from looptree.architecture.load import load_architecture
from looptree.search import Comparison, Plan, compare
from looptree.workload.load import load_workload

NETWORKS = ("mobilenet_v2", "resnet18", "bert_base", "resnet50")


def timed(name: str, repeats: int) -> tuple[float, Comparison]:
    """Median wall-clock seconds of a comparison, and its result."""
    workload, architecture = load_workload(name), load_architecture("mobile")
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        found = compare(workload, architecture)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), found


def row(label: str, plan: Plan) -> str:
    """What a plan moves and costs, what is proven of it, and how much was looked at for it."""
    evaluation, statistic = plan.evaluation, plan.statistics
    millijoule = float(evaluation.energy.total) / 1e9
    return (
        f"  {label:<16} {len(plan.groups):>7} {evaluation.offchip_bytes:>16,} {millijoule:>10.3f}"
        f" {statistic.seconds:>8.2f} {f'{100 * statistic.gap:.1f} %':>8} {statistic.shapes:>8,}"
        f" {statistic.designs_evaluated:>10,} {statistic.ranges_bounded:>12,}"
    )


def main() -> None:
    """Print one table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"python benchmarks/bench_compare.py {repeats}\n")
    head = f"  {'mobile.yaml':<16} {'groups':>7} {'off-chip bytes':>16} {'energy mJ':>10}"
    print(f"{head} {'s':>8} {'gap':>8} {'shapes':>8} {'designs':>10} {'ranges':>12}")
    for name in NETWORKS:
        seconds, found = timed(name, repeats)
        print(f"{name}: {seconds:.2f} s")
        print(row("layer by layer", found.layer_by_layer))
        print(row("fused", found.fused))


if __name__ == "__main__":
    main()
