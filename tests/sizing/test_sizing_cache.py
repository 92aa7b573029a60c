"""Finished points outlive the process, and nothing but finished points does."""

from __future__ import annotations

import errno
import json
from functools import cache as once
from pathlib import Path
from typing import Any

import pytest

from looptree.search import SPACES
from looptree.search.answers.capacities import Capacities
from looptree.sizing import Sizing, Step, size
from looptree.sizing import cache as caching
from looptree.sizing.cache import Cache, default_folder, key_of
from tests.sizing.sizing_cases import NETWORK, SMALL, group, point

SIXTY = (60,)
SPACE = SPACES["quick"]


@once
def expected() -> Sizing:
    """What is found without a cache."""
    return size(NETWORK, SMALL, capacities=SIXTY, space=SPACE, workers=1)


def cache(folder: Path, said: list[str], objective: str = "offchip") -> Cache:
    return Cache(folder, key_of(NETWORK, SMALL, objective, SPACE, "0"), said.append)


def sized(folder: Path, said: list[str]) -> Sizing:
    return size(NETWORK, SMALL, capacities=SIXTY, space=SPACE, workers=1, memory=cache(folder, said))


def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a search begins")

    monkeypatch.setattr(Capacities, "__init__", refuse)


def test_the_second_run_searches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert sized(tmp_path / "new" / "folder", said) == expected()
    no_search(monkeypatch)
    assert sized(tmp_path / "new" / "folder", said) == expected()
    assert said == []


def test_work_that_was_ended_goes_on_where_it_was(tmp_path: Path) -> None:
    said: list[str] = []
    begun: list[tuple[str, int]] = []

    def stop(step: Step) -> None:
        if len(begun) == 3:
            raise KeyboardInterrupt
        begun.append((step.kind, step.capacity_bytes))

    with pytest.raises(KeyboardInterrupt):
        size(NETWORK, SMALL, capacities=SIXTY, space=SPACE, workers=1, memory=cache(tmp_path, said), progress=stop)
    again: list[tuple[str, int]] = []
    found = size(
        NETWORK,
        SMALL,
        capacities=SIXTY,
        space=SPACE,
        workers=1,
        memory=cache(tmp_path, said),
        progress=lambda step: again.append((step.kind, step.capacity_bytes)),
    )
    assert found == expected()
    assert not set(begun) & set(again)


def filled(folder: Path, said: list[str]) -> Cache:
    """A cache with two points."""
    made = cache(folder, said)
    made.of("fused").learn(19)
    for capacity, value in ((64, 200.0), (128, 136.0)):
        made.of("fused").put(point(capacity, value, group("a", "b", whole=("w",)), resident=("t",)))
    return made


def test_points_are_read_as_they_were_written(tmp_path: Path) -> None:
    said: list[str] = []
    written, read = filled(tmp_path, said).of("fused"), cache(tmp_path, said).of("fused")
    assert (read.smallest, read.points) == (19, written.points)
    assert [file.name for file in tmp_path.iterdir()] == [cache(tmp_path, said).path.name]
    assert said == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[1, 2]",
        lambda text: '{"digest": "x", "content": 3}',
        lambda text: text.replace("136", "135", 1),
        lambda text: "[" * 100_000,
        lambda text: "\x00\xff" + text,
    ],
    ids=["half", "empty", "list", "foreign", "changed", "nested", "binary"],
)
def test_a_damaged_file_is_set_aside_and_made_anew(tmp_path: Path, damage: Any) -> None:
    said: list[str] = []
    path = filled(tmp_path, said).path
    path.write_text(damage(path.read_text()), encoding="utf-8")
    assert cache(tmp_path, said).of("fused").points == {}
    assert len(said) == 1 and str(path) in said[0] and "set aside" in said[0]
    assert path.with_suffix(".damaged").exists()
    assert filled(tmp_path, said).of("fused").points == cache(tmp_path, said).of("fused").points


@pytest.mark.parametrize("wrong", [{"bound": 1e9}, {"value": "1"}, {"resident": "t"}, {"demand_bytes": 999}])
def test_points_that_cannot_be_are_damage(tmp_path: Path, wrong: dict[str, Any]) -> None:
    said: list[str] = []
    path = filled(tmp_path, said).path
    content = json.loads(path.read_text())["content"]
    content["kinds"]["fused"]["points"][0] |= wrong
    path.write_text(json.dumps({"digest": caching._digest(content), "content": content}))
    assert cache(tmp_path, said).of("fused").points == {}
    assert "set aside" in said[0]


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    path = filled(tmp_path, said).path
    before = path.read_text()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching, "write_atomically", full)
    made = cache(tmp_path, said)
    for capacity in (256, 512):
        made.of("fused").put(point(capacity, 136.0))
    assert sorted(made.of("fused").points) == [64, 128, 256, 512]
    assert len(said) == 1 and "No space left on device" in said[0]
    assert path.read_text() == before


def test_files_are_of_one_question(tmp_path: Path) -> None:
    said: list[str] = []
    assert cache(tmp_path, said).path != cache(tmp_path, said, "energy").path
    larger = SMALL.with_capacity("GLB", 12345)
    assert key_of(NETWORK, larger, "offchip", SPACE, "0") == key_of(NETWORK, SMALL, "offchip", SPACE, "0")


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert default_folder() == Path("/x/looptree")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the specification: to be ignored
    assert default_folder() == Path.home() / ".cache" / "looptree"
