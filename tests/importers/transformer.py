"""An encoder layer as PyTorch exports it: heads by reshapes to computed shapes, layer norms written out or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper

from tests.importers.onnx_execution import model_of

RANDOM = np.random.default_rng(2)


class Encoder:
    """Collects the nodes of one encoder layer.

    Args:
        hidden, heads, forward: features, heads, features of the feed-forward part.
        written_out: layer norms and the GELU as the elementwise operators that old exporters write.
    """

    def __init__(self, hidden: int = 8, heads: int = 2, forward: int = 12, *, written_out: bool = False) -> None:
        self.hidden, self.heads, self.forward, self.written_out = hidden, heads, forward, written_out
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Any] = {}

    def model(self, batch: int | str = 1, sequence: int | str = 6, *, layers: int = 1) -> onnx.ModelProto:
        value = "x"
        for layer in range(layers):
            value = self.layer(value, f"layer{layer}")
        return model_of(self.nodes, {"x": (batch, sequence, self.hidden)}, [value], self.constants)

    def layer(self, x: str, at: str) -> str:
        query, key, value = (
            self.in_heads(self.linear(x, self.hidden, f"{at}_{name}"), f"{at}_{name}") for name in "qkv"
        )
        turned = self.add("Transpose", [key], f"{at}_kt", perm=[0, 1, 3, 2])
        scores = self.add("MatMul", [query, turned], f"{at}_scores")
        scaled = self.add("Div", [scores, self.constant(f"{at}_root", np.float32(2.0))], f"{at}_scaled")
        weights = self.add("Softmax", [scaled], f"{at}_softmax", axis=-1)
        context = self.add("MatMul", [weights, value], f"{at}_context")
        merged = self.merged(self.add("Transpose", [context], f"{at}_ct", perm=[0, 2, 1, 3]), at)
        output = self.linear(merged, self.hidden, f"{at}_output")
        first = self.norm(self.add("Add", [output, x], f"{at}_add1"), f"{at}_norm1")
        inner = self.gelu(self.linear(first, self.forward, f"{at}_ffn1"), f"{at}_gelu")
        second = self.linear(inner, self.hidden, f"{at}_ffn2", inputs=self.forward)
        return self.norm(self.add("Add", [second, first], f"{at}_add2"), f"{at}_norm2")

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, array: Any) -> str:
        self.constants[name] = np.asarray(array)
        return name

    def linear(self, x: str, outputs: int, name: str, inputs: int | None = None) -> str:
        weight = RANDOM.standard_normal((inputs or self.hidden, outputs)).astype(np.float32) / 4
        product = self.add("MatMul", [x, self.constant(f"{name}.weight", weight)], name)
        return self.add("Add", [self.constant(f"{name}.bias", np.zeros(outputs, np.float32)), product], f"{name}_bias")

    def in_heads(self, x: str, at: str) -> str:
        """`[batch, sequence, hidden]` as `[batch, heads, sequence, elements]`, by a shape that is computed."""
        shape = self.add("Shape", [x], f"{at}_shape")
        parts = []
        for axis in (0, 1):
            index = self.constant(f"{at}_index{axis}", np.array(axis))
            one = self.add("Gather", [shape, index], f"{at}_extent{axis}", axis=0)
            parts.append(
                self.add("Unsqueeze", [one, self.constant(f"{at}_zero{axis}", np.array([0]))], f"{at}_list{axis}")
            )
        rest = self.constant(f"{at}_rest", np.array([self.heads, self.hidden // self.heads]))
        wanted = self.add("Concat", [*parts, rest], f"{at}_wanted", axis=0)
        return self.add(
            "Transpose", [self.add("Reshape", [x, wanted], f"{at}_split")], f"{at}_heads", perm=[0, 2, 1, 3]
        )

    def merged(self, x: str, at: str) -> str:
        return self.add("Reshape", [x, self.constant(f"{at}_merge", np.array([0, 0, self.hidden]))], f"{at}_merged")

    def norm(self, x: str, at: str) -> str:
        scale = self.constant(f"{at}.weight", np.ones(self.hidden, np.float32))
        shift = self.constant(f"{at}.bias", np.zeros(self.hidden, np.float32))
        if not self.written_out:
            return self.add("LayerNormalization", [x, scale, shift], at, axis=-1)
        mean = self.add("ReduceMean", [x], f"{at}_mean", axes=[-1])
        centred = self.add("Sub", [x, mean], f"{at}_centred")
        power = self.add("Pow", [centred, self.constant(f"{at}_two", np.float32(2))], f"{at}_power")
        variance = self.add("ReduceMean", [power], f"{at}_variance", axes=[-1])
        moved = self.add("Add", [variance, self.constant(f"{at}_eps", np.float32(1e-5))], f"{at}_moved")
        divided = self.add("Div", [centred, self.add("Sqrt", [moved], f"{at}_root")], f"{at}_divided")
        return self.add("Add", [self.add("Mul", [divided, scale], f"{at}_scaled"), shift], at)

    def gelu(self, x: str, at: str) -> str:
        if not self.written_out:
            return self.add("Relu", [x], at)
        divided = self.add("Div", [x, self.constant(f"{at}_root2", np.float32(2**0.5))], f"{at}_divided")
        one = self.add(
            "Add", [self.add("Erf", [divided], f"{at}_erf"), self.constant(f"{at}_one", np.float32(1))], f"{at}_1"
        )
        return self.add("Mul", [self.add("Mul", [x, one], f"{at}_2"), self.constant(f"{at}_half", np.float32(0.5))], at)
