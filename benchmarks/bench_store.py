"""Where results of a sweep are kept while it runs: SQLite as `looptree.sweep` uses it against Parquet by Apache Arrow.

Every result has to be on disk before the next one is handed out. A Parquet file can be read only once it is closed, so
either each result is a file of its own, or a batch of them, and a process that is killed loses the batch.

Run: python benchmarks/bench_store.py [results]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet

from looptree.documents import parse_document
from looptree.sweep import Result, Store
from looptree.sweep.reader import study_from_node

STUDY = """
study: store
architecture: small
parameters: {buffer: {from: 1024, to: 1048576, step: 16}}
set: {GLB.capacity_bytes: buffer}
networks: [conv_conv]
"""
NUMBERS = ("energy", "offchip", "latency", "operations", "recomputed", "capacity", "power", "value", "bound", "gap")
PLAN = {"groups": [f"conv{index} conv{index + 1}: p:4 q:8, F{index} kept below p" for index in range(20)]}
BATCHES = (1, 100)


def made(count: int) -> list[Result]:
    """Results as a search of a network of forty layers gives them."""
    return [
        Result(item, "optimal", {name: 1e6 + item + at / 7 for at, name in enumerate(NUMBERS)}, 0.5, None, PLAN)
        for item in range(count)
    ]


def sqlite(results: Sequence[Result], folder: Path) -> tuple[float, float, int]:
    """Seconds to write one by one, to read all, and bytes."""
    path = folder / "study.db"
    with Store(path, study_from_node(parse_document(STUDY))) as store:
        started = time.perf_counter()
        for result in results:
            store.add([result])
        written = time.perf_counter() - started
        started = time.perf_counter()
        assert sum(1 for _ in store.results()) == len(results)
        read = time.perf_counter() - started
    return written, read, path.stat().st_size


def parquet(results: Sequence[Result], folder: Path, batch: int) -> tuple[float, float, int]:
    """The same for files of so many results each, each file on disk before the next."""
    started = time.perf_counter()
    for start in range(0, len(results), batch):
        rows = [
            {"item": r.item, "status": r.status, "seconds": r.seconds, **r.data, "plan": list(PLAN["groups"])}
            for r in results[start : start + batch]
        ]
        with (folder / f"{start}.parquet").open("wb") as file:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
    written = time.perf_counter() - started
    started = time.perf_counter()
    assert len(pyarrow.parquet.read_table(folder).to_pylist()) == len(results)
    return written, time.perf_counter() - started, sum(path.stat().st_size for path in folder.iterdir())


def main() -> None:
    """Print one table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    results = made(count)
    print(f"python benchmarks/bench_store.py {count}\n")
    print(f"{'':<34} {'ms per result written':>22} {'lost at most':>13} {'s to read all':>14} {'bytes each':>11}")
    with tempfile.TemporaryDirectory() as folder:
        line("SQLite, a transaction each", sqlite(results, Path(folder)), count, 0)
    for batch in BATCHES:
        with tempfile.TemporaryDirectory() as folder:
            name = f"Parquet, a file for each {batch if batch > 1 else ''}".strip()
            line(name, parquet(results, Path(folder), batch), count, batch - 1)


def line(name: str, found: tuple[float, float, int], count: int, lost: int) -> None:
    """Print one row."""
    written, read, size = found
    print(f"{name:<34} {1000 * written / count:>22.2f} {lost:>13} {read:>14.2f} {size / count:>11,.0f}", flush=True)


if __name__ == "__main__":
    main()
