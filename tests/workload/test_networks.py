"""The shipped networks against what has been published about them.

Operations are the multiply-accumulates of convolutions, linear layers and matrix products. Each tolerance is what the
rounding of the published figure, and what it counts beyond that, amount to; every network file says which.
"""

from __future__ import annotations

import re
import time

import pytest

from looptree import resources
from looptree.documents import parse_document, read_document
from looptree.workload.layers import LAYER_TYPES, Published, network_from_node, read_published
from looptree.workload.load import load_workload, workload_path
from looptree.workload.workload import Workload

NAMES = resources.names("workloads")

OPERATIONS = {
    "alexnet": 0.001,  # rounded to 724 M
    "bert_base": 0.01,  # counts softmax, normalisation, biases and the pooler, too
    "fsrcnn": 0.0,  # counted by a tool of the same scope
    "mobilenet_v2": 0.002,  # rounded to 0.301 G
    "resnet18": 0.0003,  # rounded to 1.814 G
    "resnet50": 0.0003,  # rounded to 4.089 G
    "vgg16": 0.0005,  # rounded to 15.47 G
}
PARAMETERS = {
    "alexnet": 0.01,  # rounded to 61 M
    "bert_base": 0.002,  # biases, shifts of normalisation
    "fsrcnn": 0.0,
    "gpt3_6_7b_decode": 0.0075,  # rounded to 6.7 G, biases
    "gpt3_6_7b_prefill": 0.0075,
    "mobilenet_v2": 0.0105,  # batch normalisation and biases are 1 % of a network this small
    "resnet18": 0.001,  # batch normalisation and biases
    "resnet50": 0.0025,
    "vgg16": 0.0001,  # biases
}


def published(name: str) -> Published | None:
    fields = read_document(workload_path(name)).mapping()
    return read_published(fields["published"]) if "published" in fields else None


def multiply_accumulates(workload: Workload) -> int:
    return sum(e.operations for e in workload.einsums if e.operation == "mac")


def weights(workload: Workload) -> int:
    return sum(workload.tensors[t].size for t in workload.inputs if t.startswith("W_"))


@pytest.mark.parametrize(("name", "tolerance"), OPERATIONS.items())
def test_operations_are_those_published(name: str, tolerance: float) -> None:
    figures = published(name)
    assert figures is not None
    assert figures.operations is not None
    found = multiply_accumulates(load_workload(name, **figures.at))
    assert abs(found - figures.operations) <= tolerance * figures.operations


@pytest.mark.parametrize(("name", "tolerance"), PARAMETERS.items())
def test_parameters_are_those_published(name: str, tolerance: float) -> None:
    figures = published(name)
    assert figures is not None
    assert figures.parameters is not None
    found = weights(load_workload(name, **figures.at))
    assert abs(found - figures.parameters) <= tolerance * figures.parameters
    assert found <= figures.parameters  # what is ignored is only ever missing


def test_every_published_figure_is_checked() -> None:
    figures = {name: found for name in NAMES if (found := published(name))}
    assert {name for name, found in figures.items() if found.operations} == set(OPERATIONS)
    assert {name for name, found in figures.items() if found.parameters} == set(PARAMETERS)


def test_the_parameters_that_are_ignored_add_up() -> None:
    """Batch normalisation (scale and shift per channel of a convolution) and biases, exactly."""
    for name, biased in (("resnet18", 1000), ("resnet50", 1000), ("mobilenet_v2", 1000)):
        workload, figures = load_workload(name), published(name)
        convolutions = [e for e in workload.einsums if e.operation == "mac" and e.name != "fc"]
        normalised = 2 * sum(workload.tensors[e.output.tensor].shape[0] for e in convolutions)
        assert figures is not None
        assert weights(workload) + normalised + biased == figures.parameters


def test_resnet50_strides_as_in_the_paper() -> None:
    """Striding in the 1x1 convolutions gives the 3.8 x 10^9 of the paper's table (3.86 with every layer counted)."""
    paper = multiply_accumulates(load_workload("resnet50", stride_1x1=2, stride_3x3=1))
    assert round(paper / 1e9, 2) == 3.86


def test_alexnet_convolutions_are_those_of_eyeriss() -> None:
    """666 M multiply-accumulates and 2.3 M weights (Chen et al., ISSCC 2016); per layer of a batch of 4, JSSC 2017."""
    workload = load_workload("alexnet", batch=4)
    million = {e.name: e.operations / 1e6 for e in workload.einsums if e.name.startswith("conv")}
    assert million == pytest.approx(
        {"conv1": 421.66, "conv2": 895.79, "conv3": 598.1, "conv4": 448.6, "conv5": 299.0}, abs=0.1
    )
    filters = sum(workload.tensors[f"W_{name}"].size for name in million)
    assert (round(sum(million.values()) / 4), round(filters / 1e6, 1)) == (666, 2.3)


def test_bert_scales_with_its_sequence() -> None:
    """Per layer 12 d^2 weights, each used once per token, and 2 n^2 d for scores and context."""
    for n in (64, 512):
        expected = 12 * (12 * 768**2 * n + 2 * n**2 * 768)
        assert multiply_accumulates(load_workload("bert_base", sequence=n)) == expected


def test_gpt3_prefill_and_decode() -> None:
    """12 d^2 per token; scores and context take 2 n d per token over n positions."""
    d = 4096
    assert multiply_accumulates(load_workload("gpt3_6_7b_decode", context=1000)) == 12 * d**2 + 2 * 1000 * d
    assert multiply_accumulates(load_workload("gpt3_6_7b_prefill", sequence=64)) == 64 * (12 * d**2 + 2 * 64 * d)


def test_a_batch_multiplies_operations_and_leaves_the_weights() -> None:
    for name in NAMES:
        one, four = load_workload(name), load_workload(name, batch=4)
        assert four.operations == 4 * one.operations
        assert weights(four) == weights(one)


def test_networks_are_chains_of_named_layers() -> None:
    assert len(load_workload("resnet50").einsums) == 72
    assert load_workload("fsrcnn").tensors["reconstruct"].shape == (16, 540, 960)
    assert load_workload("vgg16").tensors["W_fc6"].shape == (4096, 512, 7, 7)
    assert load_workload("mobilenet_v2", resolution=96).tensors["conv2"].shape == (1280, 3, 3)


def test_attention_heads_may_be_grouped() -> None:
    grouped = load_workload("attention", heads=8, key_heads=2, context=100)
    assert grouped.tensors["key"].shape == (2, 100, 64)
    assert grouped.einsum("attention_scores").expression == (
        "attention_scores[4*h+g,p,k] = query[4*h+g,p,e] * key[h,k,e]"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_header_names_source_and_year(name: str) -> None:
    text = workload_path(name).read_text()
    header = text[: text.index("\nname:")]
    fields = read_document(workload_path(name)).mapping()
    assert all(line.startswith("# ") for line in header.splitlines())
    assert "Source: " in header
    assert f"Year: {fields['year'].value}." in header
    assert fields["source"].text()
    assert fields["name"].text() == name
    assert re.search("(biases are|biases) ignored", header) or name == "attention"


def test_loading_a_network_takes_a_fraction_of_a_second() -> None:
    started = time.process_time()
    load_workload("resnet50")
    assert time.process_time() - started < 0.3


def test_the_example_of_the_readme_is_a_network_and_its_table_is_complete() -> None:
    text = (resources.root("workloads") / "README.md").read_text()
    example = re.search("```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    assert network_from_node(parse_document(example[1])).tensors["fc"].shape == (10,)
    table = text[text.index("| type | keys") :]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} == set(LAYER_TYPES)
    assert {name for line in text.splitlines() for name in re.findall(r"`(\w+)`", line)} >= set(NAMES)
