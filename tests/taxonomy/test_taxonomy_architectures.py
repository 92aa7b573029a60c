"""The shipped architectures: readable, and every number says where it comes from."""

from __future__ import annotations

import re

import pytest

from looptree import resources
from looptree.architecture import read_architecture

_VALUE = re.compile(r"^\s+(capacity_bytes|bandwidth_bytes_per_cycle|\w+_pj_per_byte|pj_per_operation): ")


@pytest.mark.parametrize("name", resources.names("architectures"))
def test_every_value_has_an_origin(name: str) -> None:
    file = resources.find("architectures", name)
    found = read_architecture(file)
    assert found.name == name
    for line in file.read_text(encoding="utf-8").splitlines():
        if _VALUE.match(line):
            assert re.search(r" # \w+(: |$)", line), line


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
