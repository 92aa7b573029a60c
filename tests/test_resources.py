"""The resource locator: names, folders, and what it says about unknown ones.

That it finds the same files from an editable install and from a wheel is tested in `test_packaging.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree import resources
from looptree.errors import InputError

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout: the package folder, and next to it two workloads and one point of the taxonomy."""
    package = tmp_path / "looptree"
    package.mkdir()
    for name in ("workloads/conv_conv.yaml", "workloads/v1.5.yaml", "taxonomy/points/line_buffer.yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("name: anything\n")
    (tmp_path / "workloads" / "README.md").write_text("prose is not a workload\n")
    monkeypatch.setattr(resources, "_PACKAGE", package)
    return tmp_path


@pytest.mark.parametrize("kind", resources.KINDS)
def test_checkout_holds_every_kind_at_the_top(kind: str) -> None:
    assert resources.root(kind) == REPOSITORY / kind
    assert resources.names(kind)
    assert all(resources.find(kind, name).is_file() for name in resources.names(kind))


def test_names_are_sorted_and_keep_subfolders_and_dots(checkout: Path) -> None:
    assert resources.names("workloads") == ["conv_conv", "v1.5"]
    assert resources.names("taxonomy") == ["points/line_buffer"]


@pytest.mark.parametrize("name", ["conv_conv", "conv_conv.yaml"])
def test_find_takes_a_name_with_and_without_suffix(checkout: Path, name: str) -> None:
    assert resources.find("workloads", name) == checkout / "workloads" / "conv_conv.yaml"


def test_find_takes_a_name_in_a_subfolder(checkout: Path) -> None:
    expected = checkout / "taxonomy" / "points" / "line_buffer.yaml"
    assert resources.find("taxonomy", "points/line_buffer") == expected


def test_packed_data_comes_before_folders_next_to_the_package(checkout: Path) -> None:
    packed = checkout / "looptree" / "_data" / "workloads"
    packed.mkdir(parents=True)
    assert resources.root("workloads") == packed
    assert resources.names("workloads") == []


def test_unknown_name_proposes_the_nearest(checkout: Path) -> None:
    with pytest.raises(InputError, match=r"nothing in workloads has the name 'conv_con' .*'conv_conv'"):
        resources.find("workloads", "conv_con")


@pytest.mark.parametrize("name", ["", ".", "../workloads/conv_conv", "README.md", "/conv_conv", "points"])
def test_a_name_never_leads_out_of_its_folder(checkout: Path, name: str) -> None:
    with pytest.raises(InputError, match="nothing in workloads has the name"):
        resources.find("workloads", name)


def test_unknown_kind_proposes_the_nearest(checkout: Path) -> None:
    with pytest.raises(InputError, match=r"no data folder 'architecture' .*'architectures'"):
        resources.names("architecture")


def test_missing_folder_says_where_it_was_expected(checkout: Path) -> None:
    with pytest.raises(InputError, match="the data folder 'validation' is missing") as caught:
        resources.root("validation")
    assert caught.value.where == str(checkout / "validation")
