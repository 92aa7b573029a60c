"""Finished points of curves, kept in files: one per network, architecture, objective and space.

A file is written whole after every point, so that work that ends at any moment loses no finished point. What it holds
is true for one version of the software only: its name is a digest of everything that the points depend on, the source
of looptree included. A file that is damaged or was written by something else is set aside and made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from looptree.architecture import Architecture
from looptree.files import write_atomically
from looptree.search import Space
from looptree.sizing.point import Point
from looptree.workload import Workload
from looptree.workload.reader import workload_to_dict

FORMAT = 1
_ROOMS = ("architecture", "graph", "model", "search", "sizing", "taxonomy", "workload")


class Kept:
    """What is known of one kind of plan.

    Attributes:
        smallest: the smallest buffer with a plan, once it is known. points: by capacity.
    """

    def __init__(self, save: Callable[[], None]) -> None:
        self.smallest: int | None = None
        self.points: dict[int, Point] = {}
        self._save = save

    def learn(self, smallest: int) -> None:
        """Keep the smallest buffer."""
        self.smallest = smallest
        self._save()

    def put(self, point: Point) -> None:
        """Keep a finished point."""
        self.points[point.capacity_bytes] = point
        self._save()


class Memory:
    """Points of all kinds of plans, for as long as the process lives."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kept] = {}

    def of(self, kind: str) -> Kept:
        """What is known of one kind of plan."""
        return self._kinds.setdefault(kind, Kept(self.save))

    def save(self) -> None:
        """Nothing to do: nothing outlives the process."""


class Cache(Memory):
    """The same in a file.

    Args:
        folder: where files are; made when it is needed. key: what the points depend on, see `key_of`.
        warn: told, once, what was set aside and why, or that nothing can be kept.
    """

    def __init__(self, folder: Path, key: dict[str, Any], warn: Callable[[str], None]) -> None:
        super().__init__()
        self.key = json.loads(json.dumps(key))
        self.path = folder / f"size-{_digest(self.key)[:32]}.json"
        self._warn = warn
        self._broken = False
        try:
            self._read()
        except FileNotFoundError:
            pass
        except OSError as problem:
            self._give_up(problem)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            self._set_aside(problem)

    def _read(self) -> None:
        data = json.loads(self.path.read_text(encoding="utf-8"))
        content = data["content"]
        if data["digest"] != _digest(content):
            raise ValueError("its digest is wrong")
        if content["key"] != self.key:
            raise ValueError("it is about something else")
        for kind, known in content["kinds"].items():
            points = [Point.from_dict(entry) for entry in known["points"]]
            kept = self.of(kind)
            kept.smallest = known["smallest"]
            kept.points = {point.capacity_bytes: point for point in points}

    def _set_aside(self, problem: Exception) -> None:
        self._kinds.clear()
        aside = self.path.with_suffix(".damaged")
        try:
            self.path.replace(aside)
        except OSError as reason:
            self._give_up(reason)
            return
        self._warn(f"{self.path} is damaged ({problem}); it is set aside as {aside.name} and made anew")

    def _give_up(self, problem: OSError) -> None:
        if not self._broken:
            self._warn(f"finished points are not kept: {self.path}: {problem.strerror or problem}")
        self._broken = True

    def save(self) -> None:
        """Write everything that is known; earlier content stays whole until then."""
        if self._broken:
            return
        content = {
            "key": self.key,
            "kinds": {
                kind: {"smallest": kept.smallest, "points": [p.to_dict() for _, p in sorted(kept.points.items())]}
                for kind, kept in self._kinds.items()
            },
        }
        content = json.loads(json.dumps(content))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps({"digest": _digest(content), "content": content}))
        except OSError as problem:
            self._give_up(problem)


def key_of(
    workload: Workload, architecture: Architecture, objective: str, space: Space, version: str
) -> dict[str, Any]:
    """Everything that the points of a curve depend on: any capacity of the buffer gives the same key.

    Args:
        workload, architecture, objective, space: what is searched. version: of looptree.
    """
    buffer = architecture.with_capacity(architecture.levels[1].name, 2**20)
    return {
        "format": FORMAT,
        "looptree": version,
        "source": source_digest(),
        "network": workload_to_dict(workload),
        "architecture": repr(buffer),
        "objective": objective,
        "space": asdict(space),
    }


def source_digest() -> str:
    """A digest of the source of every room that the numbers come from."""
    package = Path(__file__).parents[1]
    files = sorted(file for room in _ROOMS for file in (package / room).rglob("*.py"))
    found = hashlib.sha256()
    for file in files:
        found.update(file.relative_to(package).as_posix().encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def default_folder() -> Path:
    """Where files of this user that can be made anew belong: `looptree` in the cache folder of the system."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "looptree" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "looptree"
    known = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(known) if Path(known).is_absolute() else home / ".cache") / "looptree"


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
