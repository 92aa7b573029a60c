"""Results of a sweep in an SQLite file, written point by point: what is there survives whatever happens next.

A file belongs to one study, known by its fingerprint, and to one version of the results. Each result is one
transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from looptree.errors import InputError

if TYPE_CHECKING:
    from looptree.sweep.study import Study

VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    item INTEGER PRIMARY KEY, status TEXT NOT NULL, source INTEGER, seconds REAL NOT NULL, data TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Result:
    """What came out of one item of work: a point, or a piece of a survey.

    Attributes:
        item: its number. status: `optimal`, `feasible` (stopped early), `infeasible` or `surveyed`.
        source: the point whose plan proves this one, if it was not searched itself. data: plain numbers and texts.
    """

    item: int
    status: str
    data: Mapping[str, Any]
    seconds: float = 0.0
    source: int | None = None


class Store:
    """The results of one study. Use as a context manager.

    Args:
        path: the file; made if it is not there. study: whose results.

    Raises:
        InputError: the file holds results of another study or version, is no such file, or cannot be written.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self.path = path
        self.study = study
        if not path.absolute().parent.is_dir():
            raise InputError("there is no such folder", where=str(path.parent))
        with self._saying():
            self._base = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                self._check_kind()
                self._base.execute("PRAGMA journal_mode=WAL")
                self._base.execute("PRAGMA synchronous=FULL")
                self._open()
            except BaseException:
                self._base.close()
                raise

    def _check_kind(self) -> None:
        """Refuse a file of something else before anything in it is changed."""
        known = {name for (name,) in self._base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if known and "about" not in known:
            raise InputError("an SQLite file of something else", where=str(self.path), hint="choose another file")

    def _open(self) -> None:
        self._base.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, _TABLES.split(";")):
            self._base.execute(statement)
        wanted = {"version": str(VERSION), "fingerprint": self.study.fingerprint, "study": self.study.name}
        about = dict(self._base.execute("SELECT key, value FROM about"))
        if not about:
            rows = [*wanted.items(), ("text", self.study.text), ("folder", self.study.folder)]
            self._base.executemany("INSERT INTO about VALUES (?, ?)", rows)
        self._base.execute("COMMIT")
        if about and about.get("version") != wanted["version"]:
            raise InputError(
                f"results of version {about.get('version')} of sweeps, this is version {VERSION}",
                where=str(self.path),
                hint="choose another file",
            )
        if about and about.get("fingerprint") != wanted["fingerprint"]:
            raise InputError(
                f"results of another study ({about.get('study')!r}, or an earlier form of {self.study.name!r})",
                where=str(self.path),
                hint="choose another file; the results in this one are kept",
            )

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    @contextmanager
    def _saying(self) -> Iterator[None]:
        """SQLite's problems as messages."""
        try:
            yield
        except sqlite3.Error as problem:
            reason = str(problem)
            hint = "results so far are kept; free some room and run the same command again" if "full" in reason else ""
            raise InputError(f"cannot be used: {reason}", where=str(self.path), hint=hint) from None

    def add(self, results: Iterable[Result]) -> None:
        """Write results, all or none of them; one that is there already stays."""
        rows = [(r.item, r.status, r.source, r.seconds, json.dumps(r.data, sort_keys=True)) for r in results]
        with self._saying():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?)", rows)
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise

    def done(self) -> set[int]:
        """Items whose results are there."""
        with self._saying():
            return {item for (item,) in self._base.execute("SELECT item FROM results")}

    def note(self, key: str, value: object) -> None:
        """Write plain data about the whole study, in place of what was there."""
        with self._saying():
            self._base.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, json.dumps(value)))

    def noted(self, key: str) -> Any:
        """Plain data about the whole study; `None` where there is none."""
        with self._saying():
            row = self._base.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def results(self) -> Iterator[Result]:
        """All results, in the order of their items."""
        with self._saying():
            for item, status, source, seconds, data in self._base.execute(
                "SELECT item, status, source, seconds, data FROM results ORDER BY item"
            ):
                yield Result(item, status, json.loads(data), seconds, source)


def about_file(path: Path) -> dict[str, str]:
    """What a file of results says about its study: `text`, `folder`, `fingerprint`, ...

    Raises:
        InputError: there is no such file, or it is none of a sweep of this version.
    """
    if not path.is_file():
        raise InputError("no such file", where=str(path))
    try:
        base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found: dict[str, str] = dict(base.execute("SELECT key, value FROM about"))
        finally:
            base.close()
    except sqlite3.Error as problem:
        raise InputError(f"no results of a sweep: {problem}", where=str(path)) from None
    if found.get("version") != str(VERSION):
        raise InputError(
            f"results of version {found.get('version')} of sweeps, this is version {VERSION}", where=str(path)
        )
    return found
