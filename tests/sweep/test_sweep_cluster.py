"""Sweeps on a real Dask scheduler with worker processes on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.sweep import State, Store, run
from looptree.sweep.cluster import cluster_crew
from tests.sweep.sweep_cases import SEARCHED, results, study, untimed

pytest.importorskip("distributed")

WAIT = 30.0


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler without workers."""
    file = tmp_path / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    started = _started("dask_scheduler", *options)
    try:
        yield _address(file)
    finally:
        started.terminate()
        started.wait(10)


def _started(module: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{module}", *options]
    root = Path(__file__).parents[2]  # so that workers find this checkout
    return subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _address(file: Path) -> str:
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError, KeyError):
            time.sleep(0.05)
    raise AssertionError("the scheduler did not start")


@contextmanager
def workers(address: str, folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two worker processes."""
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory")
    started = [_started("dask_worker", address, *options, str(folder / name)) for name in "ab"]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait(10)


@pytest.mark.slow
def test_a_worker_is_killed_in_the_middle(scheduler: str, tmp_path: Path) -> None:
    known = study(SEARCHED)
    with workers(scheduler, tmp_path) as listed, cluster_crew(scheduler) as crew:
        while crew.width < 2:
            time.sleep(0.05)
        with Store(tmp_path / "cluster.db", known) as store:
            killed: list[int] = []

            def kill(state: State) -> None:
                if not killed and state.done >= 3:
                    killed.append(listed[0].pid)
                    os.kill(listed[0].pid, signal.SIGKILL)

            run(known, store, crew, kill)
            assert killed
            assert untimed(store) == results(known, tmp_path / "local.db")


@pytest.mark.slow
def test_a_client_is_lost_and_goes_on(scheduler: str, tmp_path: Path) -> None:
    known = study(SEARCHED)

    def leave(state: State) -> None:
        if 5 <= state.done < state.total:
            raise KeyboardInterrupt

    with workers(scheduler, tmp_path), Store(tmp_path / "cluster.db", known) as store:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("looptree.sweep.cluster.__version__", "0.0.0")
            with pytest.raises(InputError, match=r"this is 0\.0\.0"), cluster_crew(scheduler):
                pass
        with pytest.raises(KeyboardInterrupt), cluster_crew(scheduler) as crew:
            run(known, store, crew, leave)
        before = untimed(store)
        assert 5 <= len(before) < known.points
        with cluster_crew(scheduler) as crew:
            state = run(known, store, crew)
        assert state.finished == known.points - len(before)
        assert untimed(store) == results(known, tmp_path / "local.db")


@pytest.mark.slow
def test_no_worker(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looptree.sweep.cluster.WORKERS", 0.5)
    with pytest.raises(InputError, match="no workers"), cluster_crew(scheduler):
        pass


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("looptree.sweep.cluster.CONNECT", 0.3)
    for address in ("tcp://127.0.0.1:9", "nonsense://", "tcp://256.0.0.1:1"):
        with pytest.raises(InputError, match="no scheduler answers"), cluster_crew(address):
            pass
