"""Why a design does not fit, in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from looptree.architecture import Partition, architecture_from_node
from looptree.documents import parse_document
from looptree.model.evaluate import evaluate_design
from looptree.report.fit import fit_sentences
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.reader import mapping_from_node
from looptree.workload.reader import workload_from_node
from tests.cli.command_line import ARCHITECTURE, MAPPING, WORKLOAD


def design(capacity: int, allocation: str = "window", mapping: str = MAPPING) -> Design:
    architecture = architecture_from_node(parse_document(ARCHITECTURE)).with_capacity("GLB", capacity)
    return bind(
        workload_from_node(parse_document(WORKLOAD)),
        replace(architecture, allocation=allocation),
        mapping_from_node(parse_document(mapping)),
    )


def sentences(found: Design) -> list[str]:
    return fit_sentences(found, evaluate_design(found))


def test_nothing_to_say_where_all_fits() -> None:
    assert sentences(design(3904)) == []


def test_circular_buffers_would_help() -> None:
    # the example needs 3904 bytes as windows; 2512 are live at once
    assert sentences(design(2512)) == [
        "GLB does not fit: it needs 3,904 bytes (window) and has 2,512, 1,392 too few.",
        "Largest in GLB: F2 1,632 bytes, F1 1,152 bytes, W2 576 bytes.",
        "What would help: W2 is kept whole: store it below a loop; smaller tiles in the loops above F2 and F1, or "
        "storing them deeper; 'allocation: live' (circular buffers), with which 2,512 bytes are enough; a capacity of "
        "3,904 bytes (3.812 KiB).",
    ]


@pytest.mark.parametrize("allocation", ["window", "live"])
def test_circular_buffers_are_not_proposed_where_they_do_not_help(allocation: str) -> None:
    first, _, last = sentences(design(2511, allocation))
    assert "allocation: live" not in last
    expected = {"window": "3,904 bytes (window)", "live": "2,512 bytes (live) and has 2,511, 1 too few"}
    assert expected[allocation] in first


def test_all_whole() -> None:
    mapping = """
    mapping:
      - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
      - storage: {level: GLB, tensors: [F1, W1, F2, W2, F3]}
      - sequential: [[{compute: {einsum: conv1}}], [{compute: {einsum: conv2}}]]
    """
    *_, last = sentences(design(1000, mapping=mapping))
    assert last.startswith("What would help: F2, F3 and F1 are kept whole: store them below a loop; a capacity of")


def test_what_stays_between_groups() -> None:
    mapping = """
    mapping:
      - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
      - storage: {level: GLB, tensors: [F2], lifetime: uses}
      - sequential: [[{compute: {einsum: conv1}}], [{compute: {einsum: conv2}}]]
    """
    # 8 * 34 * 34 bytes
    assert sentences(design(9000, mapping=mapping)) == [
        "GLB does not fit: it needs 9,248 bytes (window) and has 9,000, 248 too few.",
        "Largest in GLB: F2 9,248 bytes.",
        "What would help: F2 stays on chip from first to last use: let groups exchange it off chip; a capacity of "
        "9,248 bytes (9.031 KiB).",
    ]


def test_a_partition_that_does_not_fit() -> None:
    whole = design(65536)
    parts = (Partition(("weight",), 800, "weights"), Partition(("input", "output", "intermediate"), 4000))
    glb = replace(whole.architecture.level("GLB"), capacity_bytes=None, partitions=parts)
    levels = (whole.architecture.off_chip, glb)
    parted = bind(whole.workload, replace(whole.architecture, levels=levels), whole.tree)
    assert sentences(parted) == [
        "Partition weights of GLB does not fit: it needs 864 bytes (window) and has 800, 64 too few.",
        "Largest in Partition weights of GLB: W2 576 bytes, W1 288 bytes.",
        "What would help: W2 and W1 are kept whole: store them below a loop; a capacity of 864 bytes (864 B).",
    ]
