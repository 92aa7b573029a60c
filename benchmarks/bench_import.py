"""CPU time that an ONNX model takes to become a workload: networks of the package onnx, and a made-up chain of nodes.

Run: python benchmarks/bench_import.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import onnx
import onnx.backend.test
from onnx import TensorProto, helper

from looptree.importers.load import import_onnx

LIGHT = Path(onnx.backend.test.__file__).parent / "data" / "light"
NETWORKS = ("resnet50", "densenet121", "inception_v2", "shufflenet")


def residual(blocks: int) -> onnx.ModelProto:
    """Blocks of seven nodes (two convolutions with batch normalisation and activation, one sum), weights elsewhere."""
    nodes, constants, value = [], [], "x"
    for block in range(blocks):
        start = value
        for half in ("a", "b"):
            at = f"b{block}{half}"
            constants.append(elsewhere(f"{at}_w", 64, 64, 3, 3))
            constants += [elsewhere(f"{at}_{name}", 64) for name in ("scale", "shift", "mean", "var")]
            nodes.append(helper.make_node("Conv", [value, f"{at}_w"], [at], name=at, pads=[1, 1, 1, 1]))
            inputs = [at, *(f"{at}_{name}" for name in ("scale", "shift", "mean", "var"))]
            nodes.append(helper.make_node("BatchNormalization", inputs, [f"{at}_bn"], name=f"{at}_bn"))
            value = f"{at}_relu"
            nodes.append(helper.make_node("Relu", [f"{at}_bn"], [value], name=value))
        nodes.append(helper.make_node("Add", [value, start], [f"b{block}"], name=f"b{block}"))
        value = f"b{block}"
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64, 56, 56]) for name in ("x", value)]
    graph = helper.make_graph(nodes, "residual", values[:1], values[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def elsewhere(name: str, *shape: int) -> TensorProto:
    """A constant in a file that does not exist."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def main() -> None:
    """Print one table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"python benchmarks/bench_import.py {repeats}\n")
    print(f"{'model':<24} {'nodes':>6} {'layers':>7} {'seconds':>8}")
    with tempfile.TemporaryDirectory() as folder:
        paths = [LIGHT / f"light_{name}.onnx" for name in NETWORKS]
        for blocks in (143, 715):
            paths.append(Path(folder) / f"residual_{7 * blocks}.onnx")
            onnx.save(residual(blocks), paths[-1])
        for path in paths:
            seconds = []
            for _ in range(repeats):
                started = time.process_time()
                found = import_onnx(path)
                seconds.append(time.process_time() - started)
            nodes = len(onnx.load(path, load_external_data=False).graph.node)
            print(f"{path.stem:<24} {nodes:>6} {len(found.workload.einsums):>7} {statistics.median(seconds):>8.3f}")


if __name__ == "__main__":
    main()
