"""Files of results: what survives, and what is refused."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.sweep import Result, Store, study_of
from tests.sweep.sweep_cases import SEARCHED, results, study

SLOWED = """
import sys, time
from pathlib import Path
from looptree.sweep import Store, load_study, run
from looptree.sweep.crew import Alone
class Slow(Alone):
    def next(self):
        time.sleep(0.05)
        return super().next()
study = load_study(sys.argv[1])
with Store(Path(sys.argv[2]), study) as store:
    run(study, store, Slow())
"""


NETWORK = "inputs: {x: [1, 8]}\nlayers: [{name: fc, type: linear, out_features: 4}]\n"


@pytest.mark.slow
def test_kill_at_any_moment(tmp_path: Path) -> None:
    file, base = tmp_path / "study.yaml", tmp_path / "study.db"
    file.write_text(SEARCHED)
    seen = 0
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", SLOWED, str(file), str(base)])
        for _ in range(400):
            time.sleep(0.02)
            if base.is_file() and count(base) > seen:
                break
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert count(base) > seen
        seen = count(base)
    known = study(SEARCHED)
    assert seen < known.points
    assert results(known, base) == results(known, tmp_path / "other.db")


def count(path: Path) -> int:
    try:
        base = sqlite3.connect(path, timeout=5)
        try:
            (found,) = base.execute("SELECT count(*) FROM results").fetchone()
        finally:
            base.close()
    except sqlite3.Error:
        return 0
    return int(found)


def test_a_result_is_written_once(tmp_path: Path) -> None:
    with Store(tmp_path / "study.db", study(SEARCHED)) as store:
        store.add([Result(1, "optimal", {"energy": 0.1 + 0.2})])
        store.add([Result(1, "infeasible", {}), Result(2, "infeasible", {"why": "x"})])
        assert [(r.item, r.status) for r in store.results()] == [(1, "optimal"), (2, "infeasible")]
        assert next(store.results()).data == {"energy": 0.1 + 0.2}


def test_another_study(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with Store(path, study(SEARCHED)) as store:
        store.add([Result(1, "infeasible", {})])
    with pytest.raises(InputError, match="results of another form of study 'small'"):
        Store(path, study(SEARCHED.replace("[2, 8]", "[2, 9]")))
    with pytest.raises(InputError, match="results of another study, 'small'"):
        Store(path, study(SEARCHED.replace("study: small", "study: other")))
    assert count(path) == 1


def test_networks_that_have_changed(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NETWORK)
    text = SEARCHED.replace("{name: conv_conv, channels: 8, resolution: [8, 12]}", str(tmp_path / "net.yaml"))
    path = tmp_path / "study.db"
    with Store(path, study(text)):
        pass
    (tmp_path / "net.yaml").write_text(NETWORK.replace("8", "16"))
    with pytest.raises(InputError, match="results of study 'small' with networks that have changed since"):
        Store(path, study(text))
    (tmp_path / "net.yaml").unlink()
    with Store(path, study_of(path), asked=True) as store:
        assert store.done() == set()


def test_another_looptree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, known = tmp_path / "study.db", study(SEARCHED)
    with Store(path, known):
        pass
    monkeypatch.setattr("looptree.sweep.store.source_digest", lambda: "other")
    with pytest.raises(InputError, match="counted with other code than this one"):
        Store(path, known)
    with Store(path, known, asked=True) as store:
        assert store.done() == set()


def test_another_version(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with Store(path, study(SEARCHED)) as store:
        store.note("version", 0)
    for opened in (lambda: Store(path, study(SEARCHED)), lambda: study_of(path)):
        with pytest.raises(InputError, match="results of version 0"):
            opened()


def test_no_file_of_results(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("not a database, but long enough to be looked at as one\n" * 50)
    base = sqlite3.connect(other)
    base.execute("CREATE TABLE mine (a)")
    base.commit()
    base.close()
    for path in (text, other):
        before = path.read_bytes()
        with pytest.raises(InputError, match=str(path)):
            Store(path, study(SEARCHED))
        with pytest.raises(InputError, match=str(path)):
            study_of(path)
        assert path.read_bytes() == before
    with pytest.raises(InputError, match="no such folder"):
        Store(tmp_path / "nowhere" / "study.db", study(SEARCHED))


def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with Store(path, study(SEARCHED)) as store:
        store.add([Result(1, "infeasible", {"why": "a"})])
        store._base.execute("PRAGMA max_page_count = 8")
        with pytest.raises(InputError, match=r"full.*results so far are kept"):
            store.add([Result(2, "infeasible", {"why": "b" * 100_000})])
        assert store.done() == {1}


def test_the_study_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    known = study(SEARCHED)
    with Store(path, known):
        pass
    found = study_of(path)
    assert found.fingerprint == known.fingerprint
    assert [found.known(i) for i in range(found.hardware)] == [known.known(i) for i in range(known.hardware)]
    assert found.architecture(5) == known.architecture(5)
