"""Passes that load before they compute, counted by hand on a layer of a few words."""

from __future__ import annotations

from fractions import Fraction

import pytest

from looptree.errors import InputError
from looptree.validate import load_case
from looptree.validate.metrics import evaluation_of
from looptree.validate.ramp import ramped_cycles
from looptree.validate.settings import checked_values, designed

SMALL = {
    "batch": "2", "channels": "3", "kernels": "4", "size": "6", "kernel": "3", "stride": "1",
    "rows": "2", "inputs": "1", "outputs": "1", "images": "1", "filters": "2", "depth": "2",
}  # fmt: skip


def test_a_layer_by_hand() -> None:
    """Two images of 3 x 6 x 6, four outputs of 4 x 4; passes of 1 image, 2 outputs, 2 rows, and 2 or 1 channels.

    Passes: 2 images x 2 strips x 2 groups of channels x 2 of outputs. Half of them have 2 channels, half have one.
    """
    passes = 2 * 2 * 2 * 2
    compute = passes // 2 * (4 * 2 * 2 * 3 + 4 * 2 * 1 * 3)  # columns x outputs x channels x kernel columns
    filters = passes // 2 * (2 * 2 * 9 + 2 * 1 * 9)  # words, 4 in a cycle
    inputs = passes // 2 * (2 * 4 * 6 + 1 * 4 * 6)  # words, 1 in a cycle
    sums = passes * 2 * 2 * 4  # words, 4 in a cycle
    assert compute >= max(inputs, sums // 4)
    case = load_case("eyeriss")
    evaluation = evaluation_of(designed(case, checked_values(case.parameters, SMALL)))
    assert evaluation.latency.overlapped == compute
    assert evaluation.latency.memory["FILTERS"] == Fraction(filters, 4)
    assert ramped_cycles(evaluation, ["FILTERS"]) == compute + Fraction(filters, 4)
    whole = -(-filters // (2 * 2 * 9))  # as many whole loads
    assert ramped_cycles(evaluation, ["FILTERS", "IFMAPS"]) == compute + Fraction(filters, 4) + whole * 2 * 4 * 3
    with pytest.raises(InputError, match=r"nothing is loaded into level 'PSUM'.*on chip: FILTERS, IFMAPS, PSUMS"):
        ramped_cycles(evaluation, ["PSUM"])
