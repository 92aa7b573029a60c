"""The public names of the package: all there, imported when they are used, and cheap before that."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import looptree


def test_every_public_name_is_there() -> None:
    for name in looptree.__all__:
        assert getattr(looptree, name).__name__.rpartition(".")[2] == name
        assert name in (looptree.__doc__ or "")
        assert name in dir(looptree)


def test_completion_offers_public_names_only() -> None:
    assert [name for name in dir(looptree) if not name.startswith("__")] == sorted(looptree.__all__)


def test_a_notebook_sees_the_options_of_the_search() -> None:
    assert list(inspect.signature(looptree.search).parameters)[:3] == ["workload", "architecture", "objective"]


def test_results_fit_a_line() -> None:
    workload = looptree.load_workload("conv_conv", channels=2, resolution=4)
    plan = looptree.search(workload, looptree.load_architecture("small"), workers=1)
    moved = "136 B off chip, 1,152 operations (0.0 % recomputed)"  # two maps of 32, two kernels of 36
    assert repr(plan.evaluation).startswith(f"Evaluation({moved}, ")
    assert repr(plan).startswith(f"Plan(2 layers in {len(plan.groups)} group")
    assert repr(plan).endswith("; optimal in energy)")
    assert repr(looptree.layer_graph(workload)) == "LayerGraph(2 layers, 1 edge)"


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        looptree.nonsense  # noqa: B018 - the access is what is tested


@pytest.mark.parametrize("first", ["import looptree", "import looptree.search", "from looptree import search"])
def test_search_can_be_called_whatever_was_imported_first(first: str) -> None:
    code = (
        f"{first}\nimport looptree\nw = looptree.load_workload('conv_conv', channels=2, resolution=4)\n"
        "a = looptree.load_architecture('small')\n"
        "print(looptree.search(w, a).statistics.status, looptree.search(w, a).statistics.gap, looptree.search.compare)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("optimal 0.0 <function compare")


def test_the_import_is_cheap() -> None:
    code = "import sys, looptree; print([m for m in sys.modules if m.startswith('looptree.')], len(sys.modules))"
    heavy = "print({'numpy', 'networkx', 'ortools', 'yaml', 'click', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"{code}; {heavy}"], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("[] ")
    assert second == "set()"


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    assert looptree.__version__ == project["project"]["version"]


def test_from_names_to_numbers() -> None:
    workload = looptree.load_workload("conv_conv", channels=8, resolution=16)
    architecture = looptree.load_architecture("small")
    mapping = looptree.apply_point("fused_layer_cnn", workload, architecture, tile_p=4)
    evaluation = looptree.evaluate(workload, architecture, mapping)
    assert evaluation.total_operations == 2 * 16 * 16 * 8 * 8 * 9
    assert looptree.bind(workload, architecture, mapping).workload is workload
    assert looptree.draw_tree(mapping).startswith("[DRAM] ")
    assert list(looptree.layer_graph(workload)) == ["conv1", "conv2"]


def test_what_is_wrong_is_an_input_error() -> None:
    with pytest.raises(looptree.InputError, match="resnet18"):
        looptree.load_workload("resnet81")
