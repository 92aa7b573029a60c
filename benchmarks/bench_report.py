"""How long an HTML report takes to write and to open, and how large it is.

Run: python benchmarks/bench_report.py [network ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the browser of the tests

from looptree.architecture.load import load_architecture
from looptree.importers.load import load_workload
from looptree.report.compared import Compared
from looptree.report.html import comparison_html
from looptree.search import compare
from tests.report.browser import Browser, find_chromium

NETWORKS = ("resnet50", "bert_base")
OPENINGS = 5


def seconds_to_open(file: Path, folder: Path) -> list[float]:
    """From asking for the file until everything is drawn, in new tabs of a browser that runs; empty without one."""
    program = find_chromium()
    if program is None:
        return []
    with Browser(program, folder / "profile") as browser:
        return sorted(browser.open(file).seconds for _ in range(OPENINGS))


def main() -> None:
    """Print one line per network: the comparison of the best plan with layer by layer."""
    names = tuple(sys.argv[1:]) or NETWORKS
    print(f"python benchmarks/bench_report.py {' '.join(names)}\n")
    columns = f"{'groups':>8} {'write s':>8} {'MB':>6} {'open s (median, most)':>22}"
    print(f"{'looptree compare NETWORK --html FILE':<38} {columns}")
    for name in names:
        workload, architecture = load_workload(name), load_architecture("mobile")
        compared = Compared(workload, architecture, compare(workload, architecture))
        started = time.perf_counter()
        page = comparison_html(compared, made_by="Made by a benchmark.")
        written = time.perf_counter() - started
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report.html"
            file.write_text(page, encoding="utf-8")
            opened = seconds_to_open(file, Path(folder))
        shown = f"{opened[len(opened) // 2]:.2f}, {opened[-1]:.2f}" if opened else "no browser"
        groups = sum(len(plan.groups) for plan in (compared.comparison.layer_by_layer, compared.comparison.fused))
        print(f"{name:<38} {groups:>8} {written:>8.2f} {len(page.encode()) / 1e6:>6.2f} {shown:>22}")


if __name__ == "__main__":
    main()
