"""Sweeps on a real Dask scheduler with worker processes on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from looptree.errors import InputError
from looptree.sweep import Result, State, Store, run
from looptree.sweep.cluster import Cluster, cluster_crew
from tests.sweep.sweep_cases import SEARCHED, results, study, untimed
from tests.sweep.test_sweep_store import count

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="needs distributed")

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


CLIENT = """
import sys, time
from pathlib import Path
from looptree.sweep import Store, load_study, run
from looptree.sweep.cluster import cluster_crew
study = load_study(sys.argv[1])
with Store(Path(sys.argv[2]), study) as store, cluster_crew(sys.argv[3]) as crew:
    run(study, store, crew, lambda state: time.sleep(0.3))
"""


@pytest.mark.slow
def test_a_client_is_killed_and_goes_on(scheduler: str, tmp_path: Path) -> None:
    known, file, base = study(SEARCHED), tmp_path / "study.yaml", tmp_path / "cluster.db"
    file.write_text(SEARCHED)
    with workers(scheduler, tmp_path):
        client = subprocess.Popen([sys.executable, "-c", CLIENT, str(file), str(base), scheduler])
        until = time.monotonic() + WAIT
        while count(base) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        client.kill()
        client.wait()
        with Store(base, known) as store:
            before = store.done()
            assert 3 <= len(before) < known.points
            for name, value in (("__version__", "0.0.0"), ("source_digest", lambda: "other source")):
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(f"looptree.sweep.cluster.{name}", value)
                    with pytest.raises(InputError, match="from the same source"), cluster_crew(scheduler):
                        pass
            with cluster_crew(scheduler) as crew:
                state = run(known, store, crew)
            assert state.finished == known.points - len(before)
            assert untimed(store) == results(known, tmp_path / "local.db")


class Threads:
    """A client of so many threads that does chunks at once."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.sizes: list[int] = []

    def nthreads(self) -> dict[str, int]:
        return {"a": self.threads}

    def submit(
        self, function: Callable[[list[Slow]], list[Result]], tasks: list[Slow], **_: object
    ) -> Future[list[Result]]:
        self.sizes.append(len(tasks))
        future: Future[list[Result]] = Future()
        future.set_result(function(tasks))
        return future


@dataclass(frozen=True)
class Slow:
    item: int
    seconds: float

    def run(self) -> Result:
        return Result(self.item, "optimal", {}, self.seconds)


@pytest.mark.parametrize(
    ("threads", "seconds", "size"), [(2, 5.0, 1), (2, 0.25, 4), (2, 0.0, 256), (200, 5.0, 1), (200, 0.25, 8)]
)
def test_chunks_of_a_second(threads: int, seconds: float, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributed.wait", lambda futures, return_when: SimpleNamespace(done=futures))
    monkeypatch.setattr(Future, "release", lambda future: None, raising=False)
    client, done = Threads(threads), list[int]()
    crew = Cluster(client)
    sent = 0
    while len(done) < 1000:
        while sent < 1000 and sent - len(done) < 2 * crew.width:
            crew.start(Slow(sent, seconds))
            sent += 1
        done += [result.item for result in crew.next()]
    assert sorted(done) == list(range(1000))
    assert client.sizes[0] == 1
    assert max(client.sizes) == size


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
