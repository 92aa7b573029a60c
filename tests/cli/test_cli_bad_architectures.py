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
        (
            "read_pj_per_byte: 100",
            "read_pj_per_byte: lots",
            "expected a number with a unit, found 'lots' (write it like 1.2pJ/B)",
        ),
        ("read_pj_per_byte: 100", "read_pj_per_byte: null", "levels[0].read_pj_per_byte: expected an energy in pJ per"),
        (
            "per_cycle: 8",
            "per_cycle: 0",
            "levels[0].bandwidth_bytes_per_cycle: expected a bandwidth in bytes per cycle above",
        ),
        ("per_cycle: 8", "per_cycle: -8", "above zero, found -8"),
        (
            "per_cycle: 64",
            "per_cycle: 64, network: {broadcast: true}",
            "levels[1].network.broadcast: unknown key",
        ),
        ("per_cycle: 64", "per_cycle: 64, network: {reduce: 1}", "levels[1].network.reduce: expected true or false"),
        ("65536", "0", "levels[1].capacity_bytes: expected a capacity in bytes from 1 to"),
        ("65536", "-1", "found -1"),
        ("65536", "1.5", "(a whole number), found 1.5"),
        ("65536", "64KB", "levels[1].capacity_bytes: expected a unit of size, found 'KB' in '64KB' (write KiB"),
        ("65536", "9" * 40, "from 1 to 1152921504606846976"),
        ("per_cycle: 64", "per_cycle: 64, read_ports: 1", "levels[1]: no port writes (give it a port of its own or"),
        ("per_cycle: 64", "per_cycle: 64, word_bits: 8, shared_ports: 1", "found bandwidth_bytes_per_cycle as well as"),
        ("per_cycle: 64", "per_cycle: 64, read_ports: -1", "levels[1].read_ports: expected a number of ports from 0"),
        ("per_cycle: 64", "per_cycle: 64, read_ports: 0", "levels[1]: no port reads"),
        ("per_cycle: 64", "per_cycle: 64, word_bits: 0", "levels[1].word_bits: expected a width in bits from 1 to"),
        ("per_cycle: 64", "per_cycle: 64, word_bits: 8, read_pj: 2", "either read_pj or read_pj_per_byte, found both"),
        ("bandwidth_bytes_per_cycle: 64", "shared_ports: 1", "with ports needs word_bits"),
        (
            "bandwidth_bytes_per_cycle: 64",
            "read_bandwidth_bytes_per_cycle: 64",
            "without write_bandwidth_bytes_per_cyc",
        ),
        ("levels:", "dataflow: weigth_stationary\nlevels:", "weigth_stationary' (did you mean 'weight_st"),
        ("levels:", "dataflow: [1]\nlevels:", "dataflow: expected a name (text), found a list"),
        ("levels:", "dataflow: row_stationary\nlevels:", "at a memory level below the buffer, and there is none"),
        ("per_cycle: 64", "per_cycle: 64, double_buffered: twice", "expected true or false, found 'twice'"),
        ("per_cycle: 64", "per_cycle: 64, partitions: [{holds: W1}]", "partitions[0]: key 'capacity_bytes' is missing"),
        (
            "per_cycle: 64",
            "per_cycle: 64, partitions: [{holds: W1, capacity_bytes: 0}]",
            "levels[1].partitions[0].capacity_bytes: expected a capacity in bytes from 1 to",
        ),
        (
            "per_cycle: 64",
            "per_cycle: 64, partitions: [{holds: W1, capacity_bytes: 9}]",
            "levels[1]: level 'GLB': expected either capacity_bytes or partitions, found both",
        ),
        ("name: DRAM", "name: DRAM, bypasses: [weight]", "'DRAM' may hold no weight, but inputs and outputs come from"),
        ("m: 8", "m: 0", "compute.spatial.m: expected a spatial extent from 1 to"),
        ("pj_per_operation: 0.5", "pj_per_operation: -1", "of at least zero, found -1"),
        ("pj_per_operation: 0.5", "pj_of: {mac: -1}", "compute.pj_of.mac: "),
        ("pj_per_operation", "pj_per_op", "unknown key 'pj_per_op' (did you mean 'pj_per_operation'?)"),
        ("capacity_bytes", "capacity_byte", "unknown key 'capacity_byte' (did you mean 'capacity_bytes'?)"),
        ("name: GLB", "name: DRAM", ":5: levels[1]: two memory levels are called 'DRAM'"),
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


def test_a_tensor_where_it_may_not_be_names_the_line_of_the_mapping(tmp_path: Path) -> None:
    hardware = replaced(ARCHITECTURE, "per_cycle: 64", "per_cycle: 64, bypasses: [weight]")
    message = complaint(looptree("evaluate", *write(tmp_path, architecture=hardware)))
    assert "mapping.yaml:4: storage at GLB: GLB of architecture 'small' may not hold 'W1' (kind: weight)" in message
    assert "(levels that may: DRAM)" in message


def test_levels_out_of_order(tmp_path: Path) -> None:
    nodes = "[{storage: {level: GLB, tensors: [F2]}}, {storage: {level: DRAM, tensors: [F1, W1, W2, F3, F2]}}, "
    mapping = f"mapping: {nodes}{{sequential: [[{{compute: {{einsum: conv1}}}}], [{{compute: {{einsum: conv2}}}}]]}}]"
    message = complaint(looptree("evaluate", *write(tmp_path, mapping=mapping)))
    assert "tensor 'F2' is stored at GLB further out: levels out of order (outside in: DRAM, GLB)" in message


def test_a_kind_of_tensor_that_does_not_exist(tmp_path: Path) -> None:
    hardware = replaced(ARCHITECTURE, "per_cycle: 64", "per_cycle: 64, keeps: [weihgt]")
    message = complaint(looptree("evaluate", *write(tmp_path, architecture=hardware)))
    assert "architecture.yaml:5: levels[1]: level 'GLB': 'weihgt' is neither a kind of tensor nor a tensor" in message
    assert "(did you mean 'weight'?)" in message
