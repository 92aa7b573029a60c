"""The shipped architectures: readable, and every number says where it comes from."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from looptree import resources
from looptree.architecture import read_architecture
from looptree.architecture.load import load_architecture
from looptree.check import check
from looptree.documents import parse_document
from looptree.model import evaluate_design
from looptree.search import Space, compare
from looptree.taxonomy.binding import bind
from looptree.taxonomy.points import apply_point
from looptree.taxonomy.reader import mapping_from_node
from looptree.workload.load import load_workload

_KEYS = r"\w+_bytes|\w*bandwidth_\w+|\w+_pj(_per_\w+)?|pj_per_operation|word_bits|\w+_ports|\w+_mm2|model|keeps"
_VALUE = re.compile(rf"^\s+(- \{{name: \w+, holds|({_KEYS}): )")
_EARLIER = re.compile(r"^  # \w+: ")


@pytest.mark.parametrize("name", resources.names("architectures"))
def test_every_value_has_an_origin(name: str) -> None:
    file = resources.find("architectures", name)
    found = read_architecture(file)
    assert found.name == name
    lines = file.read_text(encoding="utf-8").splitlines()
    values = [line for line in lines if _VALUE.match(line)]
    assert len(values) >= 3
    for line in values:
        assert re.search(r" # \w+(: |$)", line), line
    for index, line in enumerate(lines):
        if line.startswith("  spatial:"):
            assert re.search(r" # \w+: ", line) or any(map(_EARLIER.match, lines[index - 4 : index])), line


@pytest.mark.parametrize("name", resources.names("architectures"))
def test_evaluated_with_a_shipped_network(name: str) -> None:
    architecture, workload = load_architecture(name), load_workload("fc_fc")
    design = bind(workload, architecture, apply_point("layer_by_layer", workload, architecture))
    found = evaluate_design(design)
    assert found.offchip_bytes == sum(
        t.size_bytes * (len(workload.consumers(t.name)) + (workload.producer(t.name) is not None))
        for t in workload.tensors.values()
    )
    assert found.latency.compute > 0
    assert architecture.warnings == ()


@pytest.mark.parametrize("name", resources.names("architectures"))
def test_compared_with_a_shipped_network(name: str) -> None:
    space = Space(loops=1, lone_loops=1, leaf_loops=0, resident=0)
    found = compare(
        load_workload("fc_fc", sequence=64), load_architecture(name), objective="offchip", space=space, workers=1
    )
    assert found.fused.statistics.status == found.layer_by_layer.statistics.status == "optimal"
    assert found.fused.evaluation.offchip_bytes <= found.layer_by_layer.evaluation.offchip_bytes


def test_defaults_have_a_buffer_of_unlimited_bandwidth() -> None:
    for name in ("mobile", "datacentre", "reference_cost"):
        glb = read_architecture(resources.find("architectures", name)).level("GLB")
        assert glb.bandwidth_bytes_per_cycle is None
        assert glb.capacity_bytes is not None


def test_units() -> None:
    reference = read_architecture(resources.find("architectures", "reference_cost"))
    assert [level.read_pj_per_byte for level in reference.levels] == [8 * 100, 8 * 1]
    mobile = read_architecture(resources.find("architectures", "mobile"))
    assert mobile.off_chip.read_pj_per_byte * 64 / 8 == 700
    assert float(mobile.level("GLB").read_pj_per_byte * 128 / 8) == pytest.approx(26.01)
    assert float(mobile.level("GLB").write_pj_per_byte * 128 / 8) == pytest.approx(23.65)


def test_a_mapping_on_three_levels_with_partitions() -> None:
    """Weights and maps in buffers of their own on both levels of the DeFiNES prototype, two layers fused by rows."""
    mapping = """
    mapping:
      - storage: {level: DRAM, tensors: [image, W_conv1, W_conv2, conv2]}
      - storage: {level: GLB, tensors: [W_conv1, W_conv2]}
      - temporal: {rank: p, tile: 2}
      - storage: {level: GLB, tensors: [image, conv1, conv2]}
      - sequential:
        - - storage: {level: LB, tensors: [W_conv1, image, conv1]}
          - compute: {einsum: conv1}
        - - storage: {level: LB, tensors: [W_conv2, conv1, conv2]}
          - compute: {einsum: conv2}
    """
    workload = load_workload("conv_conv", channels=4, resolution=6)
    tree = mapping_from_node(parse_document(mapping))
    design = bind(workload, load_architecture("defines_prototype"), tree)
    found = evaluate_design(design)
    assert check(design) == ()
    assert found.fits
    weights = workload.tensors["W_conv1"].size + workload.tensors["W_conv2"].size
    assert found.occupancy["GLB"].partitions["weights"].window_bytes == weights
    # no loop moves the weights, so they enter the local buffer once; rows of conv1 are computed there
    assert found.transfers["LB"]["W_conv1"].writes_words == workload.tensors["W_conv1"].size
    # the layers take turns: one's weights at a time
    assert found.occupancy["LB"].partitions["weights"].window_bytes == workload.tensors["W_conv1"].size
    reads, _ = found.accesses["LB"]
    assert reads == sum(t.reads_words for t in found.transfers["LB"].values()) / Fraction(64)  # 64 words of 8 bits each
