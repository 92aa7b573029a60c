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
    "densenet121": 0.0002,  # rounded to 2.834 G
    "dmcnn_vd": 0.0101,  # 15 layers of its source lack 10 columns
    "efficientnet_b0": 0.0005,  # rounded to 0.386 G
    "fsrcnn": 0.0,  # counted by a tool of the same scope
    "googlenet": 0.0003,  # rounded to 1.498 G
    "inception_v3": 0.0001,  # rounded to 5.713 G
    "mc_cnn": 0.0,  # summed over the layer table of a tool of the same scope
    "mcunet": 0.0005,  # rounded to 81.8 M
    "mobilenet_v1": 0.0005,  # rounded to 569 M
    "mobilenet_v2": 0.002,  # rounded to 0.301 G
    "mobilenet_v3_large": 0.002,  # rounded to 0.217 G
    "resnet101": 0.0001,  # rounded to 7.801 G
    "resnet152": 0.0001,  # rounded to 11.514 G
    "resnet18": 0.0003,  # rounded to 1.814 G
    "resnet50": 0.0003,  # rounded to 4.089 G
    "squeezenet": 0.0005,  # rounded to 0.349 G
    "vgg16": 0.0005,  # rounded to 15.47 G
    "vgg19": 0.0001,  # rounded to 19.632 G
    "vit_b_16": 0.0001,  # rounded to 17.564 G
    "yolo_v3_tiny": 0.001,  # rounded to 5.56 G, half of which
}
PARAMETERS = {
    "alexnet": 0.01,  # rounded to 61 M
    "bert_base": 0.002,  # biases, shifts of normalisation
    "densenet121": 0.011,  # batch normalisation of everything that is concatenated
    "dmcnn_vd": 0.0,
    "efficientnet_b0": 0.01,  # batch normalisation and biases of squeeze-and-excitation
    "fsrcnn": 0.0,
    "googlenet": 0.0024,  # batch normalisation and biases
    "gpt2": 0.0013,  # biases, shifts of normalisation
    "gpt3_6_7b_decode": 0.0075,  # rounded to 6.7 G, biases
    "gpt3_6_7b_prefill": 0.0075,
    "inception_v3": 0.0015,
    "llama3_8b_decode": 0.0,
    "llama3_8b_prefill": 0.0,
    "mc_cnn": 0.0,
    "mcunet": 0.026,  # rounded to 0.74 M, batch normalisation and biases
    "mixtral_8x7b_decode": 0.004,  # rounded to 12.9 G
    "mixtral_8x7b_prefill": 0.0,
    "mobilenet_v1": 0.0055,
    "mobilenet_v2": 0.0105,  # batch normalisation and biases are 1 % of a network this small
    "mobilenet_v3_large": 0.006,
    "resnet101": 0.0025,
    "resnet152": 0.0026,
    "resnet18": 0.001,  # batch normalisation and biases
    "resnet50": 0.0025,
    "squeezenet": 0.0035,  # biases
    "srgan": 0.005,  # batch normalisation and biases
    "unet": 0.0003,  # biases
    "vgg16": 0.0001,  # biases
    "vgg19": 0.0002,
    "vit_b_16": 0.003,  # biases, shifts of normalisation, position embeddings
    "yolo_v3_tiny": 0.0015,  # batch normalisation and biases
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


BIASED = {
    "efficientnet_b0": "fc|.*_(reduce|restore)",
    "googlenet": "fc",
    "inception_v3": "fc",
    "mobilenet_v1": "fc",
    "mobilenet_v2": "fc",
    "mobilenet_v3_large": "fc.|.*_(reduce|restore)",
    "resnet101": "fc",
    "resnet152": "fc",
    "resnet18": "fc",
    "resnet50": "fc",
    "squeezenet": ".*",
    "unet": ".*",
    "vgg16": ".*",
    "vgg19": ".*",
}
"""The layers with a bias per output channel; those behind which a batch normalisation stands are all others."""


@pytest.mark.parametrize(("name", "biased"), BIASED.items())
def test_the_parameters_that_are_ignored_add_up(name: str, biased: str) -> None:
    """One bias per channel, or the scale and the shift of a batch normalisation, exactly."""
    figures = published(name)
    assert figures is not None
    workload = load_workload(name, **figures.at)
    ignored = sum(
        (1 if re.fullmatch(biased, e.name) else 2) * workload.tensors[e.output.tensor].shape[0]
        for e in workload.einsums
        if e.operation == "mac"
    )
    assert weights(workload) + ignored == figures.parameters


def test_densenet_normalises_what_a_convolution_reads() -> None:
    """Scale and shift per input channel; the first convolution and the last block are normalised where they end."""
    workload, figures = load_workload("densenet121"), published("densenet121")
    read = [e.ranks["c"] for e in workload.einsums if e.operation == "mac" and e.name not in ("conv", "fc")]
    ends = [workload.tensors[name].shape[0] for name in ("conv", "block4_16_concat")]
    assert figures is not None
    assert weights(workload) + 2 * sum(read + ends) + 1000 == figures.parameters


def test_googlenet_has_the_parameters_of_caffe() -> None:
    """6,998,552 with the 5x5 convolutions of the paper and a bias per channel, which BVLC GoogLeNet has."""
    workload = load_workload("googlenet")
    convolutions = [e for e in workload.einsums if e.operation == "mac"]
    biases = sum(workload.tensors[e.output.tensor].shape[0] for e in convolutions)
    assert (weights(workload), biases) == (6_990_272, 6_998_552 - 6_990_272)


def test_darknet_stores_four_numbers_per_normalised_channel() -> None:
    """Bias, scale, mean and variance; a bias per channel of the two outputs."""
    workload, figures = load_workload("yolo_v3_tiny"), published("yolo_v3_tiny")
    channels = {e.name: e.ranks["m"] for e in workload.einsums if e.operation == "mac"}
    stored = weights(workload) + 4 * sum(channels.values()) - 3 * (channels["coarse"] + channels["fine"])
    assert figures is not None
    assert stored == figures.parameters == (35_434_956 - 20) // 4


def test_srgan_adds_up() -> None:
    """A bias per channel, normalisation behind every convolution of a block, 19 slopes; operations pixel by pixel."""
    workload, figures = load_workload("srgan"), published("srgan")
    assert figures is not None
    channels = {e.name: e.ranks["m"] for e in workload.einsums if e.operation == "mac"}
    normalised = [m for name, m in channels.items() if name.startswith("block") or name == "conv2"]
    slopes = 1 + 16 + 2
    assert weights(workload) + sum(channels.values()) + 2 * sum(normalised) + slopes == figures.parameters
    first, middle, wide = 3 * 64 * 81, 64 * 64 * 9, 64 * 256 * 9
    per_pixel = first + 33 * middle + wide + 4 * wide + 16 * first
    assert multiply_accumulates(workload) == 180 * 320 * per_pixel


def test_unet_has_the_maps_of_its_figure() -> None:
    """Figure 1 of the paper; same-padded it keeps the resolution and cuts nothing."""
    workload = load_workload("unet")
    sides = {e.name: workload.tensors[e.output.tensor].shape[1] for e in workload.einsums}
    down = [sides[f"{name}_conv2"] for name in ("down1", "down2", "down3", "down4", "bottom")]
    up = [sides[f"up{i}_{part}"] for i in (4, 3, 2, 1) for part in ("concat", "convs_conv2")]
    assert down == [568, 280, 136, 64, 28]
    assert [*up, sides["segment"]] == [56, 52, 104, 100, 200, 196, 392, 388, 388]
    assert workload.einsum("up1_concat").expression == "up1_concat[m,p,q] = down1_conv2[m,p+88,q+88] * up1_up[m-64,p,q]"
    padded = load_workload("unet", resolution=256, padding=1)
    assert padded.tensors["segment"].shape == (2, 256, 256)
    assert padded.einsum("up1_concat").expression == "up1_concat[m,p,q] = down1_conv2[m,p,q] * up1_up[m-64,p,q]"


@pytest.mark.parametrize(("name", "operations"), [("resnet50", 3.86), ("resnet101", 7.57), ("resnet152", 11.28)])
def test_resnet_strides_as_in_the_paper(name: str, operations: float) -> None:
    """Striding in the 1x1 convolutions gives the 3.8, 7.6 and 11.3 x 10^9 of table 1 (every layer counted)."""
    paper = multiply_accumulates(load_workload(name, stride_1x1=2, stride_3x3=1))
    assert round(paper / 1e9, 2) == operations


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


def test_transformers_ignore_biases_and_embeddings_only() -> None:
    """Per layer 9 d of biases and 2 d of shifts; the last norm, the head, the class token and 197 positions of ViT."""
    d = 768
    for name, others in (("gpt2", d), ("vit_b_16", d + 1000 + d + d + 197 * d)):
        figures = published(name)
        assert figures is not None
        assert weights(load_workload(name)) + 12 * 11 * d + others == figures.parameters


def test_grouped_queries_and_two_experts_of_eight() -> None:
    """Per token every weight is used once, less the scales of two norms and the experts that it does not take."""
    n, d = 64, 4096
    dense, active = 218_112_000 - 2 * d, 394_305_536 - 2 * d
    for name, per_token in (("llama3_8b", dense), ("mixtral_8x7b", active)):
        prefill, decode = load_workload(f"{name}_prefill", sequence=n), load_workload(f"{name}_decode", context=n)
        assert multiply_accumulates(prefill) == n * (per_token + 2 * n * d)
        assert multiply_accumulates(decode) == per_token + 2 * n * d
        assert prefill.tensors["key"].shape == (8, n, 128)
    assert weights(load_workload("mixtral_8x7b_decode")) == active + 2 * d


def test_every_token_is_read_by_two_experts() -> None:
    workload = load_workload("mixtral_8x7b_prefill", sequence=64)
    rows = [workload.einsum(f"expert{i}_tokens").inputs[0].projection[0] for i in range(8)]
    assert [str(row) for row in rows] == 2 * ["p", "p+16", "p+32", "p+48"]
    assert {workload.einsum(f"expert{i}_gate").ranks["p"] for i in range(8)} == {16}


def test_a_batch_multiplies_operations_and_leaves_the_weights() -> None:
    for name in NAMES:
        one, four = load_workload(name), load_workload(name, batch=4)
        assert four.operations == 4 * one.operations
        assert weights(four) == weights(one)


def test_networks_are_chains_of_named_layers() -> None:
    assert len(load_workload("resnet50").einsums) == 72
    assert load_workload("fsrcnn").tensors["reconstruct"].shape == (16, 540, 960)
    assert load_workload("vgg16").tensors["W_fc6"].shape == (4096, 512, 7, 7)
    assert load_workload("inception_v3").tensors["mixed7a_concat"].shape == (1280, 8, 8)
    assert load_workload("googlenet").tensors["pool4"].shape == (832, 7, 7)
    assert load_workload("vit_b_16", resolution=384).tensors["tokens"].shape == (577, 768)
    assert load_workload("yolo_v3_tiny").outputs == ("coarse", "fine")
    assert load_workload("srgan").tensors["upscale_2_shuffle"].shape == (64, 720, 1280)
    assert load_workload("mcunet").tensors["block6_project"].shape == (160, 6, 6)
    assert load_workload("squeezenet").tensors["conv10"].shape == (1000, 13, 13)
    assert load_workload("densenet121").tensors["block3_24_concat"].shape == (1024, 14, 14)
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
    assert re.search("biases (are )?ignored|no biases", header) or name == "attention"


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
