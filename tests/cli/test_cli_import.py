"""`looptree import`, and ONNX models where other commands take a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import looptree
from tests.cli.command_line import complaint
from tests.cli.command_line import looptree as run

onnx = pytest.importorskip("onnx")
helper = onnx.helper


def write(folder: Path, *, kind: str = "Relu") -> str:
    """A convolution and another node, over a dynamic batch."""
    weight = onnx.numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node(kind, ["c", *(["axis"] if kind == "CumSum" else [])], ["y"], name="last"),
    ]
    axis = onnx.numpy_helper.from_array(np.array(1), "axis")
    values = [helper.make_tensor_value_info(n, 1, s) for n, s in (("x", ["batch", 3, 8, 8]), ("y", None))]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], [weight, axis])
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return str(path)


def test_to_a_file_and_back(tmp_path: Path) -> None:
    target = tmp_path / "network.yaml"
    done = run("import", write(tmp_path), "-o", str(target), "--dim", "batch=2", "--bits", "8")
    assert (done.code, done.out) == (0, "")
    assert "Conv           1        1       13,824" in done.err
    assert "108 parameters.\nFolded into other layers, or only laid out: 1 Relu." in done.err
    workload = looptree.load_workload(target)
    assert workload == looptree.load_workload(tmp_path / "model.onnx", batch=2, bits=8)
    assert workload.einsum("conv").expression == "conv[n,m,p,q] = x[n,c,p+r-1,q+s-1] * W_conv[m,c,r,s]"
    assert {tensor.bits for tensor in workload.tensors.values()} == {8}


def test_the_yaml_goes_to_stdout_and_the_report_to_stderr(tmp_path: Path) -> None:
    done = run("import", write(tmp_path), "--dim", "batch=1")
    assert done.out.startswith("# From model.onnx by looptree import.\nname: model\neinsums:\n")
    assert "parameters" in done.err


def test_json(tmp_path: Path) -> None:
    report = json.loads(run("import", write(tmp_path, kind="CumSum"), "--dim", "batch=1", "--json").out)
    assert report["operations"] == 4 * 64 * 27 + 256
    assert report["opaque"] == [{"node": "last", "operator": "CumSum"}]
    assert report["inputs"] == {"x": "x", "W_conv": "w", "conv_stored": "conv"}
    assert report["outputs"] == {"y": "last"}
    assert report["operators"][0] == {"operator": "Conv", "nodes": 1, "layers": 1, "operations": 6912}


def test_options(tmp_path: Path) -> None:
    done = run("import", write(tmp_path), "--dim", "batch=1", "--no-fold")
    assert "relu" in done.out
    strict = run("import", write(tmp_path, kind="CumSum"), "--dim", "batch=1", "--strict")
    assert "node 'last' (CumSum): is not known" in complaint(strict)
    assert "leave out --strict" in complaint(strict)


def test_mistakes(tmp_path: Path) -> None:
    model = write(tmp_path)
    assert "dynamic dimension without a value: batch" in complaint(run("import", model))
    assert "--dim: expected name=value" in complaint(run("import", model, "--dim", "batch"))
    assert "--dim: 'batch' is given twice" in complaint(run("import", model, "--dim", "batch=1", "--dim", "batch=2"))
    assert "from 1 to 4096 bits, found 0" in complaint(run("import", model, "--dim", "batch=1", "--bits", "0"))
    assert "the file is there already" in complaint(run("import", model, "-o", model))
    (tmp_path / "noise.onnx").write_bytes(b"\x0a\xff" * 50)
    assert "expected an ONNX model" in complaint(run("import", str(tmp_path / "noise.onnx")))


def test_other_commands_take_a_model(tmp_path: Path) -> None:
    model = write(tmp_path)
    assert "conv" in run("graph", model, "--set", "batch=1").out
    assert "without a value: batch" in complaint(run("graph", model))
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "mapping: [storage: {level: DRAM, tensors: [x, W_conv, conv]}, "
        "storage: {level: GLB, tensors: [x, W_conv, conv]}, compute: {einsum: conv}]"
    )
    done = run("evaluate", model, "mobile", str(mapping), "--set", "batch=1", "--set", "bits=8", "--json")
    assert json.loads(done.out)["offchip"] == {
        "reads_bytes": 192 + 108,
        "writes_bytes": 256,
        "per_tensor": {
            "x": {"reads_bytes": 192, "writes_bytes": 0},
            "W_conv": {"reads_bytes": 108, "writes_bytes": 0},
            "conv": {"reads_bytes": 0, "writes_bytes": 256},
        },
    }


def test_without_the_package_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['onnx'] = None; from looptree.cli.main import main; main(['import', 'model.onnx'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    message = "error: model.onnx: reading an ONNX model needs the package onnx (pip install 'looptree[onnx]')\n"
    message += "guide: docs/import.md\n"
    assert (done.stdout, done.stderr) == ("", message)


def test_nothing_else_imports_the_package() -> None:
    code = "import sys, looptree; looptree.load_workload('fc_fc'); print('onnx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_from_python(tmp_path: Path) -> None:
    result: Any = looptree.import_onnx(write(tmp_path), dimensions={"batch": 1})
    assert result.workload.operations == 4 * 64 * 27
    assert dict(result.folded) == {"Relu": 1}
