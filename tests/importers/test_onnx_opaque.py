"""Operators that nothing is known about: right traffic, nothing fused across them, said in the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from looptree.errors import InputError
from looptree.importers.assembly import assembled
from looptree.importers.file import parse_model
from looptree.importers.inference import graph_of
from tests.importers.onnx_execution import imported, model_of

NODES = [
    helper.make_node("Relu", ["x"], ["a"], name="before"),
    helper.make_node("CumSum", ["a", "axis"], ["b"], name="sums"),
    helper.make_node("Exp", ["b"], ["y"], name="after"),
]


def sums() -> Any:
    return model_of(NODES, {"x": (4, 6)}, ["y"], {"axis": np.array(1)})


def test_the_network_is_cut_at_an_opaque_layer() -> None:
    """What it reads is written off chip in front of it and read again, and so is what it makes."""
    result = imported(sums())
    workload = result.workload
    assert [e.expression for e in workload.einsums] == [
        "before[b,f] = x[b,f]",
        "sums[b,f] = before_stored[b,f]",
        "after[b,f] = sums_stored[b,f]",
    ]
    assert workload.einsum("sums").operation == "opaque"
    assert result.opaque == (("sums", "CumSum"),)
    assert set(workload.outputs) == {"before", "sums", "after"}
    assert not any(workload.consumers(e.output.tensor) for e in workload.einsums)


def test_every_word_is_moved_once() -> None:
    import looptree

    workload = imported(sums(), bits=8).workload
    plan = looptree.compare(workload, looptree.load_architecture("mobile"))
    for evaluation in (plan.layer_by_layer.evaluation, plan.fused.evaluation):
        assert evaluation.offchip_bytes == 6 * 24


def test_of_several_outputs_only_the_first_reads_everything() -> None:
    """So that inputs count once; the other one reads a word."""
    node = helper.make_node("TopK", ["x", "k"], ["v", "i"], name="top")
    workload = imported(model_of([node], {"x": (4, 6)}, ["v", "i"], {"k": np.array([2])})).workload
    assert [e.expression for e in workload.einsums] == ["top[b,f] = x[f,b]", "top_output1[b,f] = x[0,0]"]
    assert workload.tensors["top"].shape == (4, 2)
    assert (workload.tensors["top"].bits, workload.tensors["top_output1"].bits) == (32, 64)


def test_inputs_and_outputs_of_other_shapes_are_covered() -> None:
    """The ranks reach the largest extents; what lies outside of a tensor is neither stored nor moved."""
    node = helper.make_node("GatherND", ["x", "i"], ["y"], name="pick")
    workload = imported(model_of([node], {"x": (4, 6, 5), "i": (7, 1)}, ["y"], types={"i": 7})).workload
    pick = workload.einsum("pick")
    assert dict(pick.ranks) == {"b": 7, "p": 6, "f": 5}
    for access in (*pick.inputs, pick.output):
        reached = tuple(form.hull(pick.box).stop for form in access.projection)
        assert all(r >= e for r, e in zip(reached, workload.tensors[access.tensor].shape, strict=True))


def test_strict_refuses_it() -> None:
    graph = graph_of(parse_model(sums().SerializeToString(), "m.onnx"), "m.onnx", {})
    with pytest.raises(
        InputError, match=r"m.onnx: node 'sums' \(CumSum\): is not known: it would become an opaque layer"
    ):
        assembled(graph, strict=True)


def test_an_operator_of_somebody_else_needs_a_shape() -> None:
    node = helper.make_node("Magic", ["x"], ["m"], name="magic", domain="com.example")
    model = model_of([node, helper.make_node("Relu", ["m"], ["y"], name="y")], {"x": (4, 6)}, ["y"])
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(InputError, match=r"the shape of 'm' is not known: node 'magic' .com.example.Magic. makes it"):
        imported(model)
    model.graph.value_info.append(helper.make_tensor_value_info("m", 1, [3, 5]))
    result = imported(model)
    assert result.opaque == (("magic", "com.example.Magic"),)
    assert result.workload.tensors["magic"].shape == (3, 5)


def test_random_numbers_come_from_outside() -> None:
    noise = helper.make_node("RandomNormal", [], ["n"], name="noise", shape=[4, 6])
    workload = imported(
        model_of([noise, helper.make_node("Add", ["x", "n"], ["y"], name="y")], {"x": (4, 6)}, ["y"])
    ).workload
    assert [e.expression for e in workload.einsums] == ["y[b,f] = x[b,f] * n[b,f]"]


def test_a_branch_that_is_known_is_written_out() -> None:
    branch = [
        helper.make_graph(
            [helper.make_node(kind, ["x"], [out], name=out)], out, [], [helper.make_tensor_value_info(out, 1, None)]
        )
        for kind, out in (("Exp", "e"), ("Neg", "n"))
    ]
    node = helper.make_node("If", ["c"], ["y"], name="if", then_branch=branch[0], else_branch=branch[1])
    known = imported(model_of([node], {"x": (4, 6)}, ["y"], {"c": np.array(False)}))
    assert [e.operation for e in known.workload.einsums] == ["neg"]
    unknown = imported(model_of([node], {"x": (4, 6), "c": ()}, ["y"], types={"c": 9}))
    assert unknown.opaque == (("if", "If"),)
    assert unknown.workload.einsum("if").reads == ("c", "x")
