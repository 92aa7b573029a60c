"""Layouts: what is read in place, what is copied, and that views and nests say the same as NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from looptree.importers.view import View, plain
from tests.importers.onnx_execution import agree, expressions, imported, model_of

SHAPES = st.lists(st.sampled_from([1, 2, 3, 4, 6]), min_size=1, max_size=4)


def seen(view: View, stored: Any) -> Any:
    """The elements that a view shows of an array, one by one."""
    found = np.zeros(view.extents)
    for place in np.ndindex(*view.extents):
        value = {}
        for index, dimension in zip(place, view.dimensions, strict=True):
            for factor in reversed(dimension):
                index, value[factor.name] = divmod(index, factor.extent)
        where = tuple(form.constant + sum(c * value[rank] for rank, c in form.terms) for form in view.forms)
        inside = all(0 <= i < e for i, e in zip(where, stored.shape, strict=True))
        found[place] = stored[where] if inside else 0
    return found


@given(SHAPES, st.data())
def test_views_show_what_numpy_shows(shape: list[int], data: st.DataObject) -> None:
    """Any sequence of transpositions, reshapes, slices, repetitions and padding."""
    array = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    view = plain("X", shape, [f"a{i}" for i in range(len(shape))])
    stored = array.reshape(view.shape)
    for _ in range(data.draw(st.integers(1, 5))):
        step = data.draw(st.sampled_from(["transpose", "reshape", "slice", "repeat", "inside", "pad"]))
        axis = data.draw(st.integers(0, array.ndim - 1))
        extent = array.shape[axis]
        made: View | None = view
        result = array
        if step == "transpose":
            order = data.draw(st.permutations(range(array.ndim)))
            made, result = view.transposed(order), array.transpose(order)
        elif step == "reshape":
            cut = data.draw(st.sampled_from([d for d in range(1, extent + 1) if extent % d == 0]))
            wanted = [*array.shape[:axis], cut, extent // cut, *array.shape[axis + 1 :]]
            if data.draw(st.booleans()) and len(wanted) > 2:
                wanted = [wanted[0] * wanted[1], *wanted[2:]]
            made, result = view.reshaped(wanted), array.reshape(wanted)
        elif step == "slice":
            start = data.draw(st.integers(0, extent - 1))
            by = data.draw(st.sampled_from([-2, -1, 1, 2]))
            count = data.draw(st.integers(1, (extent - 1 - start) // by + 1 if by > 0 else start // -by + 1))
            made = view.sliced(axis, start, by, count)
            result = np.take(array, [start + by * i for i in range(count)], axis)
        elif step == "pad":
            if view.dimensions[axis]:
                made = view.shifted(axis, 1, extent + 3)
                result = np.pad(array, [(1, 2) if i == axis else (0, 0) for i in range(array.ndim)])
        elif array.size < 200:
            made = view.repeated(axis, 2, inside=step == "inside")
            result = np.repeat(array, 2, axis) if step == "inside" else np.concatenate([array, array], axis)
        if made is not None:
            view, array = made, result
    np.testing.assert_array_equal(seen(view, stored), array)


def negative(*nodes: Any, shape: Any, constants: dict[str, Any] | None = None, output: str = "y") -> Any:
    """A model of layout nodes from `x` to `y`, with a layer that reads the result."""
    return model_of([*nodes, helper.make_node("Neg", [output], ["out"], name="out")], {"x": shape}, ["out"], constants)


def test_a_reshape_that_cuts_unevenly_is_copied() -> None:
    """Six rows of four as four rows of six: no affine projection says that, so the elements are put in a row first."""
    node = helper.make_node("Reshape", ["x", "shape"], ["y"], name="reshape")
    model = negative(node, shape=(6, 4), constants={"shape": np.array([4, 6])})
    assert expressions(model) == ["copy: reshape[4*b+f] = x[b,f]", "neg: out[h,e] = reshape[6*h+e]"]
    assert agree(model).moved == ("reshape",)


def test_channel_shuffle_moves_nothing() -> None:
    nodes = [
        helper.make_node("Reshape", ["x", "split"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[0, 2, 1, 3, 4]),
        helper.make_node("Reshape", ["b", "merge"], ["y"]),
        helper.make_node("Conv", ["y", "w"], ["out"], name="conv"),
    ]
    constants = {
        "split": np.array([1, 2, 3, 4, 4]),
        "merge": np.array([1, 6, 4, 4]),
        "w": np.arange(12, dtype=np.float32).reshape(2, 6, 1, 1),
    }
    result = agree(model_of(nodes, {"x": (1, 6, 4, 4)}, ["out"], constants))
    assert len(result.workload.einsums) == 1


def test_upsampling_is_part_of_what_reads_it_point_by_point_and_copied_in_front_of_a_window() -> None:
    up = helper.make_node("Resize", ["x", "", "scales"], ["y"], name="up", mode="nearest")
    constants = {"scales": np.array([1, 1, 2, 2], np.float32), "w": np.ones((4, 3, 3, 3), np.float32)}
    assert expressions(negative(up, shape=(1, 3, 4, 4), constants=constants)) == ["neg: out[m,2*p+r,2*q+s] = x[m,p,q]"]
    conv = helper.make_node("Conv", ["y", "w"], ["out"], name="conv", pads=[1, 1, 1, 1])
    model = model_of([up, conv], {"x": (1, 3, 4, 4)}, ["out"], constants)
    assert expressions(model) == [
        "copy: up[m,2*p+r,2*q+s] = x[m,p,q]",
        "mac: conv[m,p,q] = up[c,p+r-1,q+s-1] * W_conv[m,c,r,s]",
    ]
    agree(model)


def test_a_split_is_read_in_place_and_joined_again() -> None:
    """Two halves of a tensor next to each other in a concatenation are the tensor."""
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b"], axis=1),
        helper.make_node("Relu", ["b"], ["c"], name="relu"),
        helper.make_node("Concat", ["a", "b", "c"], ["y"], name="joined", axis=1),
    ]
    model = model_of(nodes, {"x": (1, 6, 4, 4)}, ["y"])
    assert expressions(model) == [
        "relu: relu[m,p,q] = x[m+3,p,q]",
        "copy: joined[m,p,q] = x[m,p,q] * relu[m-6,p,q]",
    ]
    agree(model)


def test_one_row_in_front_of_others() -> None:
    """A class token: the row is stored with a dimension of its own, so that it is read once and not for every row."""
    concat = helper.make_node("Concat", ["token", "x"], ["y"], name="tokens", axis=1)
    model = model_of([concat], {"x": (1, 5, 4)}, ["y"], {"token": np.ones((1, 1, 4), np.float32)})
    assert expressions(model) == ["copy: tokens[p,f] = W_tokens[f,p] * x[p-1,f]"]
    agree(model)


def test_an_output_is_stored_in_full() -> None:
    cut = helper.make_node("Slice", ["x", "start", "end"], ["y"], name="cut")
    constants = {"start": np.array([1]), "end": np.array([3])}
    assert expressions(model_of([cut], {"x": (4, 3)}, ["y"], constants)) == ["copy: cut[b,f] = x[b+1,f]"]


@pytest.mark.parametrize("opset", [9, 10, 12, 13, 18])
def test_slices_and_squeezes_of_all_versions(opset: int) -> None:
    constants: dict[str, Any] = {}
    if opset < 10:
        cut = helper.make_node("Slice", ["x"], ["a"], starts=[1], ends=[-1], axes=[1])
    else:
        constants |= {"s": np.array([1]), "e": np.array([-1]), "axes": np.array([1])}
        cut = helper.make_node("Slice", ["x", "s", "e", "axes"], ["a"])
    if opset < 13:
        wide = helper.make_node("Unsqueeze", ["a"], ["b"], axes=[0])
        narrow = helper.make_node("Squeeze", ["b"], ["y"], axes=[0])
    else:
        constants["zero"] = np.array([0])
        wide = helper.make_node("Unsqueeze", ["a", "zero"], ["b"])
        narrow = helper.make_node("Squeeze", ["b", "zero"], ["y"])
    nodes = [cut, wide, narrow, helper.make_node("Neg", ["y"], ["out"], name="out")]
    model = model_of(nodes, {"x": (2, 5, 3)}, ["out"], constants, opset=opset)
    assert expressions(model) == ["neg: out[b,p,f] = x[b,p+1,f]"]
    agree(model)


def test_matrix_products_broadcast() -> None:
    for a, b in [((2, 3, 4, 5), (3, 5, 6)), ((4, 5), (2, 5, 6)), ((5,), (5, 6)), ((2, 4, 5), (5,)), ((5,), (5,))]:
        model = model_of([helper.make_node("MatMul", ["a", "b"], ["y"])], {"a": a, "b": b}, ["y"])
        agree(model)


def test_dimensions_of_one_are_left_out() -> None:
    """A batch of one is no rank, as in the shipped networks; a batch of two is the first rank."""
    for batch, text in ((1, "neg: out[m,p,q] = x[m,p,q]"), (2, "neg: out[n,m,p,q] = x[n,m,p,q]")):
        model = model_of([helper.make_node("Neg", ["x"], ["y"], name="out")], {"x": ("batch", 3, 4, 4)}, ["y"])
        assert expressions(model, {"batch": batch}) == [text]
        assert imported(model, {"batch": batch}).workload.tensors["out"].shape == (
            (3, 4, 4) if batch == 1 else (2, 3, 4, 4)
        )
