"""Whole networks that come with the package `onnx`: the same as the shipped ones, where both describe one network."""

from __future__ import annotations

import time
from pathlib import Path

import onnx.backend.test
import pytest

from looptree.importers.imported import Imported
from looptree.importers.load import import_onnx, load_workload
from looptree.workload.einsum import Einsum
from looptree.workload.workload import Workload

FOLDER = Path(onnx.backend.test.__file__).parent / "data" / "light"


def light(name: str) -> Imported:
    """A network of the package, whose weights are constants of one number."""
    return import_onnx(FOLDER / f"light_{name}.onnx", bits=8)


def products(workload: Workload) -> list[int]:
    """Multiply-accumulates of every layer that has any."""
    return sorted(einsum.operations for einsum in workload.einsums if einsum.operation == "mac")


def weights(workload: Workload) -> int:
    return sum(tensor.size for name, tensor in workload.tensors.items() if name.startswith("W_"))


@pytest.mark.parametrize("name", ["resnet50", "vgg19", "squeezenet", "densenet121"])
def test_an_imported_network_is_the_shipped_one(name: str) -> None:
    """Layer by layer the same multiply-accumulates, and as many weights."""
    found, shipped = light(name), load_workload(name)
    assert products(found.workload) == products(shipped)
    assert _product_weights(found.workload) == _product_weights(shipped)
    assert found.parameters == weights(found.workload)
    assert not found.opaque


def _product_weights(workload: Workload) -> int:
    """Weights of products alone: where a normalisation is folded to differs."""
    read = {a.tensor for e in workload.einsums if e.operation == "mac" for a in e.inputs if a.tensor[0] == "W"}
    return sum(workload.tensors[name].size for name in read)


def forms(einsums: list[Einsum]) -> list[str]:
    """Ranks and projections, without the names of tensors."""
    return sorted(
        " ".join(",".join(map(str, access.projection)) for access in (e.output, *e.inputs)) + str(dict(e.ranks))
        for e in einsums
    )


def test_expressions_are_those_of_the_shipped_network() -> None:
    found = [e for e in light("resnet50").workload.einsums if e.operation == "mac"]
    shipped = [e for e in load_workload("resnet50").einsums if e.operation == "mac"]

    assert forms(found) == forms(shipped)


@pytest.mark.parametrize(
    "name", ["bvlc_alexnet", "inception_v1", "inception_v2", "resnet50", "shufflenet", "vgg19", "zfnet512"]
)
def test_only_concatenations_move_data(name: str) -> None:
    """ShuffleNet's shuffles, the flattening of AlexNet and the rest are read in place."""
    result = light(name)
    joined = [e.name for e in result.workload.einsums if e.operation == "copy" and len(e.inputs) > 1]
    assert list(result.moved) == joined
    assert not result.opaque


def test_a_thousand_nodes_take_seconds_at_most() -> None:
    """DenseNet-121 has 1746 nodes as it is stored; a quarter of a second on the machine of the benchmarks."""
    started = time.perf_counter()
    light("densenet121")
    assert time.perf_counter() - started < 5
