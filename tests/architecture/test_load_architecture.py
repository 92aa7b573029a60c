"""Architectures by name and by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree import resources
from looptree.architecture.load import load_architecture
from looptree.errors import InputError


def test_every_shipped_architecture_loads() -> None:
    for name in resources.names("architectures"):
        assert load_architecture(name).name == name
        assert load_architecture(f"{name}.yaml").name == name


def test_a_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text("{name: mine, levels: [{name: DRAM}]}")
    (tmp_path / "small").write_text("{name: other, levels: [{name: DRAM}]}")
    monkeypatch.chdir(tmp_path)
    assert load_architecture("mine.yaml").name == "mine"
    assert load_architecture(tmp_path / "mine.yaml").name == "mine"
    assert load_architecture("small").name == "other"


def test_a_folder_does_not_hide_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="found a directory"):
        load_architecture("./small/")
    assert load_architecture("small").name == "small"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("smal", "did you mean 'small'"),
        ("nowhere/small", "no such file"),
        ("absent.yaml", "no such file"),
        ("../architectures/small", "no such file"),
    ],
)
def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, expected: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=expected):
        load_architecture(source)
