"""Anything at any place of a file of the original LoopTree: read, or refused with the file and line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from looptree.architecture import architecture_from_node
from looptree.documents import Node, parse_document
from looptree.importers.looptree_yaml import architecture_document, mapping_document, workload_document
from looptree.taxonomy.reader import mapping_from_node
from looptree.workload.reader import workload_from_node
from tests.importers.looptree_files import ARCHITECTURE, FUSED, NESTED, WORKLOAD
from tests.mutations import refused


@pytest.mark.parametrize(
    "text, key, read",
    [
        (WORKLOAD, "problem", lambda node: workload_from_node(workload_document(node))),
        (ARCHITECTURE, "architecture", lambda node: architecture_from_node(architecture_document(node))),
        (NESTED, "architecture", lambda node: architecture_from_node(architecture_document(node))),
        (FUSED, "mapping", lambda node: mapping_from_node(mapping_document(node, ["OffChip", "Shared", "Multiplier"]))),
    ],
    ids=["workload", "architecture", "nested architecture", "mapping"],
)
def test_files(text: str, key: str, read: Callable[[Node], object]) -> None:
    assert refused(parse_document(text, "file.yaml"), key, read) > 100
