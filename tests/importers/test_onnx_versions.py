"""One network in the words of every operator set: what were attributes became inputs, and operators got other names."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from looptree.importers.file import OLDEST_OPSET
from tests.importers.onnx_execution import expressions, model_of


class Network:
    """A cut-out, padded, convolved, clipped, repeated, pooled, averaged, multiplied, split and normalised image."""

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Any] = {"w": np.ones((4, 3, 3, 3), np.float32), "v": np.ones((4, 4), np.float32)}

    def node(self, kind: str, inputs: list[str], *outputs: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **attributes))

    def constant(self, *numbers: float, kind: type = np.int64) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.array(numbers if len(numbers) > 1 or kind is np.int64 else numbers[0], kind)
        return name

    def model(self) -> onnx.ModelProto:
        since = self.opset.__ge__
        if since(10):
            self.node("Slice", ["x", self.constant(1, 1), self.constant(9, 9), self.constant(2, 3)], "cut")
        else:
            self.node("Slice", ["x"], "cut", axes=[2, 3], starts=[1, 1], ends=[9, 9])
        pads = (0, 0, 1, 1, 0, 0, 1, 1)
        if since(11):
            self.node("Pad", ["cut", self.constant(*pads)], "padded")
        else:
            self.node("Pad", ["cut"], "padded", pads=pads)
        self.node("Conv", ["padded", "w"], "conv")
        if since(11):
            least, most = (self.constant(number, kind=np.float32) for number in (0, 6))
            self.node("Clip", ["conv", least, most], "clipped")
        else:
            self.node("Clip", ["conv"], "clipped", min=0.0, max=6.0)
        self._repeated()
        self.node("MaxPool", ["repeated"], "pooled", kernel_shape=[2, 2], strides=[2, 2])
        if since(18):
            self.node("ReduceMean", ["pooled", self.constant(2, 3)], "mean")
        else:
            self.node("ReduceMean", ["pooled"], "mean", axes=[2, 3])
        if since(13):
            self.node("Squeeze", ["mean", self.constant(2, 3)], "squeezed")
        else:
            self.node("Squeeze", ["mean"], "squeezed", axes=[2, 3])
        self.node("Dropout", ["squeezed"], "kept", "mask")
        self.node("Gemm", ["kept", "v"] if since(11) else ["kept", "v", self.constant(0, kind=np.float32)], "fc")
        self._split()
        self.node("Mul", ["left", "right"], "product")
        self.node("Softmax", ["product"], "y", axis=1)
        return model_of(self.nodes, {"x": [1, 3, 10, 10]}, ["y"], self.constants, opset=self.opset)

    def _repeated(self) -> None:
        if self.opset < 9:
            self.node("Upsample", ["clipped"], "repeated", scales=[1.0, 1.0, 2.0, 2.0])
            return
        scales = self.constant(1, 1, 2, 2, kind=np.float32)
        if self.opset < 11:
            self.node("Upsample" if self.opset == 9 else "Resize", ["clipped", scales], "repeated")
        else:
            way = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            self.node("Resize", ["clipped", "", scales], "repeated", **way)

    def _split(self) -> None:
        if self.opset < 13:
            self.node("Split", ["fc"], "left", "right", axis=1, split=[2, 2])
        elif self.opset < 18:
            self.node("Split", ["fc", self.constant(2, 2)], "left", "right", axis=1)
        else:
            self.node("Split", ["fc"], "left", "right", axis=1, num_outputs=2)


@pytest.mark.parametrize("opset", range(OLDEST_OPSET, onnx.defs.onnx_opset_version() + 1))
def test_every_operator_set_says_the_same(opset: int) -> None:
    assert expressions(Network(opset).model()) == [
        "copy: cut[m,p,q] = x[m,p+1,q+1]",
        "mac: conv[m,p,q] = cut[c,p+r-1,q+s-1] * W_conv[m,c,r,s]",
        "copy: repeated[m,2*p+r,2*q+s] = conv[m,p,q]",
        "max: pooled[m,p,q] = repeated[m,2*p+r,2*q+s]",
        "add: mean[m] = pooled[m,p,q]",
        "mac: fc[f] = mean[d] * W_fc[d,f]",
        "mul: product[f] = fc[f] * fc[f+2]",
        "softmax_stat: y_stat[0] = product[f]",
        "softmax: y[f] = product[f] * y_stat[0]",
    ]
