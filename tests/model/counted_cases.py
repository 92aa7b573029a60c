"""Every count of the model against the simulator's."""

from __future__ import annotations

import pytest

from looptree.errors import UnsupportedError
from looptree.model import evaluate_design
from looptree.model.inference import infer
from looptree.simulate import Counts, simulate
from looptree.taxonomy.design import Design


def modelled(design: Design) -> dict[str, object]:
    """Every count of the model, under the names that the simulator gives them."""
    evaluation = evaluate_design(design, stepwise=False)
    places = infer(design).places
    return {
        "operations": {name: (c.total, c.recomputed) for name, c in evaluation.operations.items()},
        "transfers": {
            (level, tensor): (t.reads_words, t.writes_words)
            for level, per_tensor in evaluation.transfers.items()
            for tensor, t in per_tensor.items()
            if t.reads_words or t.writes_words
        },
        "window_words": {identity: counts.window for identity, counts in places.items()},
        "live_words": {identity: counts.live for identity, counts in places.items()},
        "demand_window_bytes": {name: o.window_bytes for name, o in evaluation.occupancy.items()},
        "demand_live_bytes": {name: o.live_bytes for name, o in evaluation.occupancy.items()},
        "per_tensor_window_bytes": {
            (name, t): window for name, o in evaluation.occupancy.items() for t, (window, _) in o.per_tensor.items()
        },
        "per_tensor_live_bytes": {
            (name, t): live for name, o in evaluation.occupancy.items() for t, (_, live) in o.per_tensor.items()
        },
        "total_compute_cycles": evaluation.latency.compute,
    }


def counted(counts: Counts) -> dict[str, object]:
    """The same from the simulator."""
    return {
        "operations": dict(counts.operations),
        "transfers": {key: moved for key, moved in counts.transfers.items() if moved != (0, 0)},
        "window_words": dict(counts.window_words),
        "live_words": dict(counts.live_words),
        "demand_window_bytes": dict(counts.demand_window_bytes),
        "demand_live_bytes": dict(counts.demand_live_bytes),
        "per_tensor_window_bytes": dict(counts.per_tensor_window_bytes),
        "per_tensor_live_bytes": dict(counts.per_tensor_live_bytes),
        "total_compute_cycles": counts.total_compute_cycles,
    }


def compare(design: Design) -> str:
    """Assert equality; says how it went: `equal`, or who declined."""
    try:
        expected = counted(simulate(design))
    except UnsupportedError:
        with pytest.raises(UnsupportedError):
            evaluate_design(design)
        return "both decline"
    try:
        found = modelled(design)
    except UnsupportedError:
        return "model declines"
    for name, value in expected.items():
        assert found[name] == value, name
    return "equal"
