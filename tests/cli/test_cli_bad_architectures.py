"""Mistakes in an architecture file: one message, exit code 2, nothing on stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import ARCHITECTURE, complaint, looptree, replaced, write


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("read_pj_per_byte: 100", "read_pj_per_byte: -100", "levels[0].read_pj_per_byte: expected an energy in pJ"),
        ("read_pj_per_byte: 100", "read_pj_per_byte: .nan", "(a finite number), found nan"),
        ("read_pj_per_byte: 100", "read_pj_per_byte: .inf", "(a finite number), found inf"),
        ("read_pj_per_byte: 100", "read_pj_per_byte: 1.0e-300", "(a number from 1e-30 to 1e30), found 1e-300"),
        ("read_pj_per_byte: 100", "read_pj_per_byte: lots", "(a number), found 'lots'"),
        (
            "per_cycle: 8",
            "per_cycle: 0",
            "levels[0].bandwidth_bytes_per_cycle: expected a bandwidth in bytes per cycle above",
        ),
        ("per_cycle: 8", "per_cycle: -8", "above zero, found -8"),
        ("65536", "0", "levels[1].capacity_bytes: expected a capacity in bytes from 1 to"),
        ("65536", "-1", "found -1"),
        ("65536", "1.5", "(a whole number), found 1.5"),
        ("65536", "64KiB", "(a whole number), found '64KiB'"),
        ("65536", "9" * 40, "from 1 to 1152921504606846976"),
        ("m: 8", "m: 0", "compute.spatial.m: expected a spatial extent from 1 to"),
        ("pj_per_operation: 0.5", "pj_per_operation: -1", "of at least zero, found -1"),
        ("pj_per_operation: 0.5", "pj_of: {mac: -1}", "compute.pj_of.mac: "),
        ("pj_per_operation", "pj_per_op", "unknown key 'pj_per_op' (did you mean 'pj_per_operation'?)"),
        ("capacity_bytes", "capacity_byte", "unknown key 'capacity_byte' (did you mean 'capacity_bytes'?)"),
        ("name: GLB", "name: DRAM", "two memory levels are called 'DRAM'"),
        ("name: MAC", "name: GLB", "the compute units and a memory level are both called 'GLB'"),
        ("name: small", "allocation: lve", "expected one of window, live, found 'lve' (did you mean 'live'?)"),
    ],
)
def test_mistakes(tmp_path: Path, before: str, after: str, expected: str) -> None:
    files = write(tmp_path, architecture=replaced(ARCHITECTURE, before, after))
    message = complaint(looptree("evaluate", *files))
    assert "architecture.yaml" in message
    assert expected in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("levels: []", "an architecture needs at least one memory level"),
        ("levels:", "levels: expected a list, found nothing"),
        ("name: nothing", "key 'levels' is missing (found: name)"),
        ("lvels: []", "unknown key 'lvels' (did you mean 'levels'?)"),
    ],
)
def test_not_an_architecture(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in complaint(looptree("evaluate", *write(tmp_path, architecture=text)))
