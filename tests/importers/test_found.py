"""Files that a fuzzer found: each is refused by one message, within seconds (`tests/fuzz/readers.py`)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.importers.load import load_architecture, load_plan, load_workload
from looptree.sweep.reader import load_study

FOUND = sorted((Path(__file__).parent / "found").glob("*.*"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_it_is_refused_within_seconds(path: Path) -> None:
    architecture = load_architecture("small")
    readers = [load_workload] if path.suffix == ".onnx" else [load_workload, load_architecture, load_study]
    for read in (*readers, lambda file: load_plan(file, architecture)):
        start = time.perf_counter()
        with pytest.raises(InputError) as problem:
            read(path)
        assert len(str(problem.value)) < 1000 and "\n" not in str(problem.value)
        assert time.perf_counter() - start < 5
