"""Loading by path and by name, both kinds of file."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree import resources
from looptree.errors import InputError
from looptree.workload.load import load_workload, workload_path
from looptree.workload.reader import workload_to_yaml

EINSUMS = """
name: fc
einsums: [{name: fc, expression: "Y[m,f] = X[m,d] * W[f,d]", ranks: {m: 2, f: 3, d: 4}}]
"""
LAYERS = "inputs: {x: [width]}\nparameters: {width: 4}\nlayers: [{name: fc, type: linear, out_features: 3}]\n"


def test_a_path_to_either_kind_of_file(tmp_path: Path) -> None:
    for text, operations in ((EINSUMS, 24), (LAYERS, 12)):
        file = tmp_path / "one.yaml"
        file.write_text(text)
        assert load_workload(file).operations == load_workload(str(file)).operations == operations


def test_a_network_without_a_name_is_called_like_its_file(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(LAYERS)
    assert load_workload(file).name == "small"
    assert load_workload(file, width=5).operations == 15


def test_a_shipped_workload_by_its_name() -> None:
    assert load_workload("resnet18") == load_workload("resnet18.yaml")
    assert load_workload("resnet18") == load_workload(resources.find("workloads", "resnet18"))


def test_a_file_comes_before_a_shipped_workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("resnet18").write_text(LAYERS)
    assert workload_path("resnet18") == Path("resnet18")
    assert load_workload("resnet18").operations == 12


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("resnet19", "did you mean 'resnet18'?"),
        ("", "nothing in workloads has the name ''"),
        ("missing/net.yaml", "missing/net.yaml: no such file"),
        ("net.yaml", "net.yaml: no such file"),
    ],
)
def test_what_is_not_there(source: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load_workload(source)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x", "expected either 'einsums' or 'layers', found name"),
        (EINSUMS + "layers: []", "expected either 'einsums' or 'layers', found name, einsums, layers"),
        ("- 1", "expected a mapping"),
    ],
)
def test_a_file_of_neither_kind(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_workload(file)
    assert expected in str(caught.value)


def test_a_file_of_einsums_has_no_parameters(tmp_path: Path) -> None:
    file = tmp_path / "fc.yaml"
    file.write_text(EINSUMS)
    with pytest.raises(InputError, match="a file of Einsums has no parameters, found batch"):
        load_workload(file, batch=2)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("name", resources.names("workloads"))
def test_written_as_einsums_and_read_back_it_is_the_same(name: str, batch: int, tmp_path: Path) -> None:
    workload = load_workload(name, batch=batch)
    file = tmp_path / "copy.yaml"
    file.write_text(workload_to_yaml(workload))
    assert load_workload(file) == workload


def test_any_network_in_another_word_width(tmp_path: Path) -> None:
    wide = load_workload("conv_conv", bits=16, channels=4, resolution=8)
    assert {tensor.bits for tensor in wide.tensors.values()} == {16}
    assert {tensor.bits for tensor in load_workload("conv_conv").tensors.values()} == {8}
    file = tmp_path / "net.yaml"
    layer = "layers: [{name: fc, type: linear, out_features: 4}]"
    file.write_text(f"inputs: {{x: [1, 4]}}\ndefault_bits: 4\ntensors: {{fc: {{bits: 32}}}}\n{layer}\n")
    assert [load_workload(file, bits=16).tensors[name].bits for name in ("x", "W_fc", "fc")] == [16, 16, 32]
    assert load_workload(file).tensors["x"].bits == 4
    with pytest.raises(InputError, match="expected a word width from 1 to"):
        load_workload(file, bits=5000)
    file.write_text(f"inputs: {{x: [1, 4]}}\nparameters: {{bits: 3}}\n{layer}\n")
    with pytest.raises(InputError, match=r"net\.yaml:2: .*'bits' cannot be the name of a parameter"):
        load_workload(file)
