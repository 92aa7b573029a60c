"""Results: totals, units and plain data."""

from __future__ import annotations

import json
from fractions import Fraction

from looptree.architecture import Architecture, Compute, Level
from looptree.model.result import Energy, Evaluation, Traffic, plain
from tests.model.model_cases import drop, keep, layer, loop, run, sequential

LEVELS = (
    Level("DRAM", None, Fraction(3), Fraction(100), Fraction(200)),
    Level("GLB", 8, Fraction(64), Fraction(1), Fraction(2)),
)
SMALL = Architecture("small", LEVELS, Compute("MAC", Fraction(1, 3)))


def recomputing() -> Evaluation:
    """Three steps of p recompute 2 of 4 points of F2; F1 and F2 are windows of 4 and 2 bytes."""
    layers = [
        layer("conv1", "F2[p] = F1[p+r] * W1[r]", p=4, r=3),
        layer("conv2", "F3[p] = F2[p+r] * W2[r]", p=3, r=2),
    ]
    nodes = (keep("GLB", "W1", "W2"), loop("p", 1), keep("GLB", "F1"), drop("GLB", "F2"), sequential("conv1", "conv2"))
    return run(layers, *nodes, on=SMALL)


def test_totals() -> None:
    found = recomputing()
    # conv1: 3 x 2 points x 3; conv2: 3 x 2.
    assert (found.total_operations, found.recomputed_operations) == (18 + 6, 6)
    # F1 6, W1 3, W2 2 read; F3: 6 operations write, 6 - 3 read.
    assert found.offchip_bytes == 6 + 3 + 2 + 6 + 3


def test_what_fits() -> None:
    found = recomputing()
    # W1 and W2, windows of F1 and F2: 3 + 2 + 4 + 2 of 8 bytes.
    assert found.occupancy["GLB"].window_bytes == 11
    assert (found.occupancy["GLB"].capacity_bytes, found.occupancy["GLB"].fits) == (8, False)
    assert (found.occupancy["DRAM"].capacity_bytes, found.occupancy["DRAM"].fits) == (None, True)
    assert not found.fits


def test_traffic_and_energy_add_up() -> None:
    assert Traffic(1, 2, 3, 4) + Traffic(10, 20, 30, 40) == Traffic(11, 22, 33, 44)
    assert Energy({"DRAM": {"read": Fraction(1, 2)}, "MAC": {"operation": Fraction(1, 3)}}).total == Fraction(5, 6)


def test_plain_numbers_are_integers_where_they_can_be() -> None:
    assert (plain(Fraction(6, 3)), plain(Fraction(1, 2))) == (2, 0.5)
    assert isinstance(plain(Fraction(2**80)), int)


def test_plain_data_has_the_documented_keys() -> None:
    found = recomputing().to_dict()
    assert found["operations"] == {"conv1": {"total": 18, "recomputed": 6}, "conv2": {"total": 6, "recomputed": 0}}
    assert (found["offchip"]["reads_bytes"], found["offchip"]["writes_bytes"]) == (6 + 3 + 2 + 3, 6)
    assert found["offchip"]["per_tensor"]["F3"] == {"reads_bytes": 3, "writes_bytes": 6}
    assert found["occupancy"]["GLB"]["per_tensor"]["F1"] == {"window_bytes": 4, "live_bytes": 4}
    assert found["occupancy"]["GLB"]["fits"] is False
    # F2: written and read by conv1 (18 - 6), read by conv2.
    assert found["transfers"]["GLB"]["F2"] == {"reads_words": 18 - 6 + 6, "writes_words": 18}
    assert found["energy_pj"]["per_component"]["DRAM"] == {"read": 14 * 100, "write": 6 * 200}
    assert found["energy_pj"]["per_component"]["MAC"] == {"operation": 8}
    assert found["latency_cycles"]["memory"]["DRAM"] == 20 / 3
    assert found["latency_cycles"]["compute"] == 24
    assert found["latency_cycles"]["bottleneck"] == "MAC"
    assert found["groups"][0]["einsums"] == ["conv1", "conv2"]


def test_plain_data_is_json() -> None:
    found = recomputing().to_dict()
    assert json.loads(json.dumps(found)) == found
