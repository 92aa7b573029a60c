"""Every mistake in a network file is one sentence that names the place, the layer and the way out."""

from __future__ import annotations

import pytest

from looptree.documents import parse_document
from looptree.errors import InputError
from looptree.workload.layers import network_from_node

IMAGE = "inputs: {x: [3, 8, 8]}\nlayers:\n"
TEMPLATE = (
    "inputs: {x: [3, 8, 8]}\n"
    "templates: {t: {parameters: {k: }, layers: [{name: c, type: conv, out_channels: k, kernel: 3}]}}\n"
    "layers:\n"
)


def complaint(text: str) -> str:
    with pytest.raises(InputError) as caught:
        network_from_node(parse_document(text, "net.yaml"))
    return str(caught.value)


LAYERS = [
    ("{name: a, type: convv, kernel: 3}", "unknown type of layer 'convv' (did you mean 'conv'?)"),
    ("{name: a, type: conv, out_channels: 4, kernal: 3}", "conv has no key 'kernal' (did you mean 'kernel'?)"),
    ("{name: a, type: relu, function: relu}", "relu has no key 'function'"),
    ("{name: a, type: conv, out_channels: 4}", "conv needs key 'kernel' (found: name, type, out_channels)"),
    ("{name: a, type: conv, kernel: 3}", "key 'out_channels' is missing"),
    ("{name: a}", "key 'type' is missing (found: name)"),
    ("{name: a, type: relu, input: y}", "expected a layer or an input that is known here, found 'y' (known: x, a)"),
    ("{name: a, type: relu, input: x, inputs: [x]}", "expected input or inputs, found both"),
    ("{name: a, type: relu, inputs: []}", "expected at least one input, found none"),
    ("{name: a, type: conv, out_channels: 4, kernel: 3, inputs: [x, x]}", "conv expected 1 input, found 2"),
    ("{name: a, type: add}", "add expected 2 or more inputs, found 1 (inputs: [first, second])"),
    ("{name: a, type: matmul, inputs: [x]}", "matmul expected 2 inputs, found 1"),
    ("{name: a, type: conv, out_channels: 4.5, kernel: 3}", "expected out_channels (a whole number), found 4.5"),
    ("{name: a, type: conv, out_channels: true, kernel: 3}", "expected out_channels (a whole number), found True"),
    ("{name: a, type: conv, out_channels: , kernel: 3}", "expected out_channels (a whole number), found nothing"),
    ("{name: a, type: conv, out_channels: four, kernel: 3}", "'four' with an unknown parameter 'four'"),
    ("{name: a, type: conv, out_channels: -4, kernel: 3}", "expected out_channels from 1 to 1099511627776, found -4"),
    ("{name: a, type: conv, depthwise: 1, kernel: 3}", "expected true or false, found 1"),
    ("{name: a, type: conv, depthwise: true, groups: 3, kernel: 3}", "expected groups or depthwise, found both"),
    ("{name: a, type: conv, out_channels: 4, kernel: 3, groups: 2}", "expected input channels that 2 groups divide"),
    ("{name: a, type: conv, out_channels: 4, kernel: 3, groups: 3}", "expected output channels that 3 groups divide"),
    (
        "{name: a, type: conv, out_channels: 4, kernel: 9}",
        "found 9 rows of kernel over 8 of padded input (x [3, 8, 8])",
    ),
    ("{name: a, type: max_pool, kernel: [2, 9]}", "found 9 columns of kernel over 8 of padded input"),
    ("{name: a, type: max_pool, kernel: [2, 2, 2]}", "expected kernel as one number or [rows, columns]"),
    ("{name: a, type: max_pool, kernel: 2, padding: [1, 2, 3]}", "[top, bottom, left, right], same or valid, found"),
    ("{name: a, type: max_pool, kernel: 2, padding: samee}", "found 'samee' (did you mean 'same'?)"),
    ("{name: a, type: conv_transpose, out_channels: 4, kernel: 2, padding: same}", "in numbers, found 'same'"),
    ("{name: a, type: conv_transpose, out_channels: 4, kernel: 2, padding: 5}", "expected an output of at least 1 x 1"),
    ("{name: a, type: linear, out_features: 4}", "put a flatten or a global_avg_pool in front"),
    ("{name: a, type: conv, out_channels: 4, kernel: 3, activation: relo}", "did you mean 'relu'?"),
    ("{name: a, type: activation, function: relo}", "did you mean 'relu'?"),
    ("{name: a, type: layer_norm}", "key 'axis' is missing"),
    ("{name: a, type: softmax}", "key 'axis' is missing"),
    ("{name: a, type: slice, axis: 0, start: 2, stop: 5}", "expected 0 <= start < stop <= 3, found 2 and 5"),
    ("{name: a, type: slice, axis: 5}", "expected a dimension of x [3, 8, 8], found 5 (0 to 2, or m, p, q)"),
    ("{name: a, type: transpose, order: [0, 1, 1]}", "expected order as a permutation of 0 to 2"),
    ("{name: a, type: pixel_shuffle, factor: 2}", "expected channels that 2 x 2 divide, found 3 (x [3, 8, 8])"),
    ("{name: a, type: reshape, shape: [8, 3, 8]}", "splits and merges the dimensions of x [3, 8, 8], found [8, 3, 8]"),
    ("{name: a, type: reshape, shape: [4, 5]}", "expected a shape of 192 elements (x [3, 8, 8]), found [4, 5]"),
    ("{name: a, type: reshape, shape: [3, 2, 4, 8]}", "key 'ranks' is missing: 4 dimensions have no usual names"),
    ("{name: a, type: reshape, shape: [24, 8], ranks: [p, p]}", "expected 2 different ranks"),
    ("{name: a, type: reshape, shape: [24, 8], ranks: [n, p]}", "b and n, which are kept for the batch"),
    ("{name: a, type: attention, inputs: [x, x, x], repeat: [2, 1]}", "expected repeat as a number or [first, last]"),
    ("{name: a, type: relu, repeat: 0}", "expected repeat from 1 to"),
    ("{name: a, type: relu, repeat: 1000000}", "expands to more than 20000 layers"),
    ("{name: a, type: relu, repeat: 2, layers: [{name: b, type: relu}]}", "unknown key 'type'"),
    ("{name: a, type: conv, out_channels: 9007199254740, kernel: 3}", "from 1 to 1099511627776"),
    ("{name: a, type: conv, out_channels: 4, kernel: 1, stride: 2, padding: 1099511627776}", "layer 'a'"),
]


@pytest.mark.parametrize(("layer", "expected"), LAYERS)
def test_a_mistake_in_a_layer_names_line_and_layer(layer: str, expected: str) -> None:
    found = complaint(IMAGE + "  - " + layer)
    assert expected in found
    assert found.startswith("net.yaml:3: ")
    assert "layer 'a" in found


PAIRS = [
    (
        "{x: [3, 8, 8], y: [3, 8, 9]}",
        "{name: a, type: add, inputs: [x, y]}",
        "one shape, found x [3, 8, 8] and y [3, 8, 9]",
    ),
    ("{x: [3, 8, 8], y: [4]}", "{name: a, type: multiply, inputs: [x, y]}", "expected inputs of one shape"),
    ("{x: [3, 8, 8], y: [3, 9, 8]}", "{name: a, type: concat, inputs: [x, y]}", "differ only in dimension 0"),
    ("{x: [3, 8, 8], y: [3, 9]}", "{name: a, type: concat, inputs: [x, y], crop: true}", "differ only in dimension 0"),
    ("{x: [3, 8], y: [7, 8]}", "{name: a, type: matmul, inputs: [x, y]}", "(transpose_b: true contracts the last"),
    ("{x: [3, 8], y: [7, 3]}", "{name: a, type: matmul, inputs: [x, y]}", "dimension they contract, found 8 and 7"),
    ("{x: [3, 8], y: [8]}", "{name: a, type: matmul, inputs: [x, y]}", "expected two matrices"),
    ("{x: [3, 4, 5], y: [2, 5, 6]}", "{name: a, type: matmul, inputs: [x, y]}", "found 3 and 2"),
    (
        "{x: [3, 8], y: [3, 8]}",
        "{name: a, type: attention, inputs: [x, y, y]}",
        "give the linear layers in front 'heads:'",
    ),
    ("{x: [2, 3, 8], y: [2, 4, 8]}", "{name: a, type: attention, inputs: [x, x, y]}", "with the same heads and rows"),
    ("{x: [3, 8], y: [3, 8]}", "{name: a, type: conv, input: x, out_channels: 4, kernel: 3}", "expected an image"),
    ("{x: [3, 8], y: [3, 8]}", "{name: a, type: linear, input: x, out_features: 9, heads: 2}", "that 2 heads divide"),
    ("{x: [3, 8], y: [3, 8]}", "{name: a, type: relu}", "key 'input' is missing: the network has several inputs"),
]


@pytest.mark.parametrize(("inputs", "layer", "expected"), PAIRS)
def test_shapes_that_do_not_meet(inputs: str, layer: str, expected: str) -> None:
    found = complaint(f"inputs: {inputs}\nlayers:\n  - {layer}\n  - {{name: b, type: add, inputs: [x, y]}}\n")
    assert expected in found
    assert found.startswith("net.yaml:3: layer 'a'")


def test_names_are_used_once() -> None:
    assert "layer 'x': expected a name of its own" in complaint(IMAGE + "  - {name: x, type: relu}")
    twice = IMAGE + "  - {name: a, type: relu}\n  - {name: a, type: relu}"
    assert complaint(twice).startswith("net.yaml:4: layer 'a': expected a name of its own")
    copies = IMAGE + "  - {name: a, type: relu, repeat: 2}\n  - {name: a_1, type: relu}"
    assert "layer 'a_1': expected a name of its own" in complaint(copies)
    weight = IMAGE + "  - {name: a, type: conv, out_channels: 4, kernel: 3}\n  - {name: W_a, type: relu}"
    assert "found 'W_a', which is a tensor of layer 'a' as well" in complaint(weight)
    statistic = IMAGE + "  - {name: a, type: softmax, axis: 0}\n  - {name: a_stat, type: relu}"
    assert "found 'a_stat', which is a tensor of layer 'a' as well" in complaint(statistic)
    given = "inputs: {W_a: [3, 8, 8]}\nlayers:\n  - {name: a, type: conv, out_channels: 4, kernel: 3}"
    assert "found 'W_a', which is an input of the network as well" in complaint(given)


def test_a_cycle_is_named() -> None:
    text = IMAGE + "  - {name: a, type: relu, input: c}\n  - {name: b, type: relu}\n  - {name: c, type: relu}"
    assert "depends on itself: a <- c <- b <- a" in complaint(text)
    assert "depends on itself: a <- a" in complaint(IMAGE + "  - {name: a, type: relu, input: a}")


def test_mistakes_in_templates_name_the_layer_they_become() -> None:
    assert "parameter 'k' of the template is missing" in complaint(TEMPLATE + "  - {name: a, type: t}")
    assert "no parameter 'kk' (did you mean 'k'?)" in complaint(TEMPLATE + "  - {name: a, type: t, kk: 3}")
    assert "expected 1 inputs (input), found 2" in complaint(TEMPLATE + "  - {name: a, type: t, k: 3, inputs: [x, x]}")
    assert complaint(TEMPLATE + "  - {name: a, type: t, k: 0}").startswith("net.yaml:2: layer 'a_c': expected out_chan")
    shrinking = complaint(TEMPLATE + "  - {name: a, type: t, k: 3, repeat: 4}")
    assert shrinking.startswith("net.yaml:2: layer 'a_3_c': expected a kernel within the padded input")
    itself = "templates: {t: {layers: [{name: c, type: u}]}, u: {layers: [{name: c, type: t}]}}\n" + IMAGE
    assert "template 't' uses itself" in complaint(itself + "  - {name: a, type: t}")
    outside = "templates: {t: {layers: [{name: c, type: relu, input: x}]}}\n" + IMAGE
    assert "found 'x' (known: input, c)" in complaint(outside + "  - {name: a, type: t}")
    taken = "templates: {conv: {layers: [{name: c, type: relu}]}}\n" + IMAGE
    assert "'conv' has the name of a type of layer" in complaint(taken + "  - {name: a, type: conv}")
    reserved = "templates: {t: {parameters: {input: 1}, layers: [{name: c, type: relu}]}}\n" + IMAGE
    assert "a parameter may not be called 'input'" in complaint(reserved + "  - {name: a, type: t}")
    doubled = "templates: {t: {inputs: [u, u], layers: [{name: c, type: relu}]}}\n" + IMAGE
    assert "each with a name of its own" in complaint(doubled + "  - {name: a, type: t}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inputs: {x: [3, 8, 8]}\nlayers: {name: a}", "net.yaml:2: layers: expected a list, found a mapping"),
        ("inputs: {x: [3, 8, 8]}\nlayers: [conv]", "net.yaml:2: layers[0]: expected a mapping"),
        ("inputs: {x: [3, 8, 8]}\nlayers: []", "expected at least one layer"),
        (IMAGE + "  - {type: relu}", "key 'name' is missing (found: type)"),
        (IMAGE + "  - {name: a.b, type: relu}", "expected a name of letters, digits and underscores, found 'a.b'"),
        ("inputs: {x: [3, 8, 8], y: [3]}\nlayers: [{name: a, type: relu, input: x}]", "no layer reads input 'y'"),
        ("inputs: {}\nlayers: [{name: a, type: relu}]", "expected at least one input"),
        ("inputs: {x: []}\nlayers: [{name: a, type: relu}]", "expected the extents of input 'x', found none"),
        ("inputs: {x-y: [3]}\nlayers: [{name: a, type: relu}]", "letters, digits and underscores, found 'x-y'"),
        ("inputs: {x: [1, 2, 3, 4]}\nlayers: [{name: a, type: relu}]", "expected 4 different ranks, one per dimension"),
        ("inputs: {x: {shape: [2], ranks: [b]}}\nlayers: [{name: a, type: relu}]", "kept for the batch"),
        ("inputs: {x: {shape: [2], ranks: ['p q']}}\nlayers: [{name: a, type: relu}]", "expected ranks of letters"),
        ("inputs: {x: [3, 8/2]}\nlayers: [{name: a, type: relu}]", "+ - * // of parameters), found '8/2'"),
        ("layers: [{name: a, type: relu}]", "key 'inputs' is missing"),
        ("parameters: {a: 2*b, b: 1}\n" + IMAGE, "parameter 'b' (a parameter may use those that stand above it)"),
        ("parameters: {a: 2*c, b: 1}\n" + IMAGE, "with an unknown parameter 'c'"),
        (IMAGE + "  - {name: a, type: relu}\ntensors: {b: {bits: 4}}", "there is no tensor 'b' (known: x, a)"),
        (IMAGE + "  - {name: a, type: relu}\noutputs: [b]", "expected an output that is a layer, found 'b' (known: a)"),
        (IMAGE + "  - {name: a, type: relu}\npublished: {ops: 3}", "published.ops: unknown key 'ops'"),
        (IMAGE + "  - {name: a, type: relu}\nyear: soon", "expected a year (a whole number), found 'soon'"),
        (IMAGE + "  - {name: a, type: relu}\nlayer: 3", "unknown key 'layer' (did you mean 'layers'?)"),
    ],
)
def test_mistakes_around_the_layers(text: str, expected: str) -> None:
    found = complaint(text)
    assert expected in found
    assert found.startswith("net.yaml:")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"resolutoin": 3}, "the network has no parameter 'resolutoin' (known: batch, side, bits)"),
        ({"side": 3.5}, "expected parameter 'side' as a whole number from 0"),
        ({"side": True}, "found True"),
        ({"batch": 0}, "expected parameter 'batch' as a whole number from 1"),
    ],
)
def test_mistakes_in_parameters(overrides: dict[str, object], expected: str) -> None:
    text = "parameters: {side: 8}\ninputs: {x: [3, side, side]}\nlayers: [{name: a, type: relu}]"
    with pytest.raises(InputError) as caught:
        network_from_node(parse_document(text, "net.yaml"), overrides)
    assert expected in str(caught.value)
