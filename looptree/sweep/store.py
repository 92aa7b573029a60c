"""Results of a sweep in an SQLite file, written point by point: what is there survives whatever happens next.

A file belongs to one study, known by its fingerprint, to one source of looptree, and to one version of the file. Each
result is one transaction. The numbers of every point stay; its plan can be dropped (`keep`), as it is most of the room.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from looptree import __version__
from looptree.errors import InputError
from looptree.sizing.cache import source_digest

if TYPE_CHECKING:
    from looptree.sweep.study import Study

VERSION = 2
_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    item INTEGER PRIMARY KEY, status TEXT NOT NULL, source INTEGER, seconds REAL NOT NULL, data TEXT NOT NULL, plan TEXT
);
"""


@dataclass(frozen=True)
class Result:
    """What came out of one item of work: a point, or a piece of a survey.

    Attributes:
        item: its number. status: `optimal`, `feasible` (stopped early), `infeasible` or `surveyed`.
        source: the point whose plan proves this one, if it was not searched itself. data: plain numbers.
        plan: plain data about the plan, or why there is none; `None` once it has been dropped, and where there is a
            source, which has it.
    """

    item: int
    status: str
    data: Mapping[str, Any]
    seconds: float = 0.0
    source: int | None = None
    plan: Mapping[str, Any] | None = None


class Store:
    """The results of one study. Use as a context manager.

    Args:
        path: the file; made if it is not there. study: whose results.
        asked: nothing will be added, so that results of another source of looptree will do.

    Raises:
        InputError: the file holds results of another study or version, is no such file, or cannot be written.
    """

    def __init__(self, path: Path, study: Study, *, asked: bool = False) -> None:
        self.path = path
        self.study = study
        self.asked = asked
        if path.is_dir():
            raise InputError("expected a file of results, found a folder", where=str(path))
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
        wanted |= {"looptree": __version__, "source": source_digest()}
        about = dict(self._base.execute("SELECT key, value FROM about"))
        if not about:
            rows = {**wanted, "text": self.study.text, "folder": self.study.folder}
            rows["networks"] = self.study.networks_digest
            self._base.executemany("INSERT INTO about VALUES (?, ?)", rows.items())
        self._base.execute("COMMIT")
        if about:
            self._compare(about, wanted)

    def _compare(self, about: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        """Refuse a file whose results do not go with this study and this software."""
        check_version(about, self.path)
        if about.get("fingerprint") != wanted["fingerprint"]:
            known = about.get("study")
            what = f"another form of study {known!r}" if known == wanted["study"] else f"another study, {known!r}"
            if about.get("text") == self.study.text:
                what = f"study {known!r} with networks that have changed since"
            hint = "choose another file; the results in this one are kept"
            raise InputError(f"results of {what}", where=str(self.path), hint=hint)
        if about.get("source") != wanted["source"] and not self.asked:
            raise InputError(
                f"results of looptree {about.get('looptree')}, which counted with other code than this one, "
                f"{wanted['looptree']}",
                where=str(self.path),
                hint="go on with the looptree that began, or choose another file; sweep show still shows these results",
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

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs away, which would do the same work; a lock ends with its process, however that ends.

        Raises:
            InputError: another run is at work.
        """
        try:
            import fcntl
        except ImportError:  # not a POSIX system: two runs do the same work, and the first result of each point stays
            yield
            return
        path = self.path.with_name(f"{self.path.name}.lock")
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                hint = "wait for it, or choose another file"
                raise InputError("another run is writing to this file", where=str(self.path), hint=hint) from None
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def add(self, results: Iterable[Result]) -> None:
        """Write results, all or none of them; one that is there already stays."""
        rows = [
            (r.item, r.status, r.source, r.seconds, _text(r.data), None if r.plan is None else _text(r.plan))
            for r in results
        ]
        self._write("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?)", rows)

    def drop_plans(self, items: Iterable[int]) -> None:
        """Drop the plans of some items, all or none; their numbers stay."""
        self._write("UPDATE results SET plan = NULL WHERE item = ?", [(item,) for item in items])

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._saying():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany(statement, rows)
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

    def results(self, items: Sequence[int] | None = None, *, planned: bool = False) -> Iterator[Result]:
        """Results in the order of their items: all, some of them, or those that still have a plan."""
        query = "SELECT item, status, source, seconds, data, plan FROM results"
        with self._saying():
            if items is not None:
                found = (self._base.execute(f"{query} WHERE item = ?", (item,)).fetchone() for item in sorted(items))
                yield from (_result(row) for row in found if row is not None)
                return
            for row in self._base.execute(f"{query}{' WHERE plan IS NOT NULL' if planned else ''} ORDER BY item"):
                yield _result(row)


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True)


def _result(row: tuple[Any, ...]) -> Result:
    item, status, source, seconds, data, plan = row
    return Result(item, status, json.loads(data), seconds, source, None if plan is None else json.loads(plan))


def check_version(about: Mapping[str, str], path: Path) -> None:
    """Raise an `InputError` for a file of another version."""
    if about.get("version") != str(VERSION):
        raise InputError(
            f"results of version {about.get('version')} of sweeps, this is version {VERSION}",
            where=str(path),
            hint="choose another file",
        )


def about_file(path: Path) -> dict[str, str]:
    """What a file of results says about its study: `text`, `folder`, `fingerprint`, ...

    Raises:
        InputError: there is no such file, or it is none of a sweep of this version.
    """
    if path.is_dir():
        raise InputError("expected a file, found a directory", where=str(path))
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
    check_version(found, path)
    return found
