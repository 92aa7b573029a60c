"""Latency step by step: worked out by hand, against the event simulation, and laws that it keeps."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.architecture import Architecture, Array, Compute, Level
from looptree.model import evaluate_design, pipelined
from looptree.model import stepwise as module
from looptree.model.inference import infer
from looptree.model.stepwise import stepwise
from looptree.taxonomy import Storage
from tests.model.model_cases import chain, keep, layer, loop, matmuls, pipeline, run, sequential
from tests.model.stepwise_cases import compared, random_design
from tests.random_designs import Generator
from tests.some import some

CHUNK = 100


def machine(off_chip: int, buffer: int | None = None, array: Array | None = None, **spatial: int) -> Architecture:
    levels = (
        Level("DRAM", bandwidth_bytes_per_cycle=Fraction(off_chip)),
        Level("GLB", bandwidth_bytes_per_cycle=None if buffer is None else Fraction(buffer)),
    )
    return Architecture("machine", levels, Compute(spatial=spatial, array=array))


COPY = [layer("copy", "Y[p] = X[p]", p=8)]


@pytest.mark.parametrize(
    ("bandwidth", "cycles"),
    [
        # four steps of 2 cycles; 2 bytes in and 2 out per step. Slots: load | compute and load | ... | store.
        (1, 2 + 2 + 4 + 4 + 2 + 2),  # loads and stores of both neighbours take 4 in the middle, 2 at the ends
        (2, 1 + 2 + 2 + 2 + 2 + 1),
        (100, 4 * 2 + 2 * Fraction(2, 100)),
    ],
)
def test_first_load_and_last_store_are_exposed(bandwidth: int, cycles: Fraction) -> None:
    found = run(COPY, loop("p", 2), keep("GLB", "X", "Y"), "copy", on=machine(bandwidth)).latency
    assert found.stepwise is not None
    assert found.stepwise.cycles == cycles
    assert found.overlapped == max(8, Fraction(16, bandwidth))


def test_a_single_step_overlaps_nothing() -> None:
    found = run(COPY, keep("GLB", "X", "Y"), "copy", on=machine(2)).latency.stepwise
    assert found is not None
    assert found.cycles == 4 + 8 + 4
    assert found.spent == {"copy": {"DRAM": 8, "MAC": 8}}
    assert found.bottleneck in ("DRAM", "MAC")


def test_what_compute_accesses_counts_in_its_own_step() -> None:
    # no buffer: each operation reads X and writes Y where they are, 2 bytes per operation over 1 byte per cycle
    found = run(COPY, loop("p", 2), "copy", on=machine(1)).latency.stepwise
    assert found is not None
    assert found.spent == {"copy": {"DRAM": 16}}


def test_weights_come_in_for_the_layer_that_reads_them() -> None:
    # fc1 computes 2 cycles per row and fc2 as well; W1 and W2 of 4 bytes each arrive once.
    two = matmuls(2, 2)
    found = run(two, loop("m", 1), keep("GLB", "T0", "T1", "T2", "W1", "W2"), sequential("fc1", "fc2"), on=machine(1))
    steps = found.latency.stepwise
    assert steps is not None
    # before: T0 row and W1, 6. fc1: 4, W2 in 4. fc2: 4, T0 row in 2. fc1: 4, T2 row out 2. fc2: 4. after: 2
    assert steps.cycles == 6 + 4 + 4 + 4 + 4 + 2
    assert steps.per_layer == {"fc1": 6 + 4 + 4, "fc2": 4 + 4 + 2}


def test_a_reloaded_tensor_comes_again_at_every_turn() -> None:
    two = matmuls(2, 2)
    leaves = [chain(Storage("GLB", (f"W{i}",), "reload"), f"fc{i}") for i in (1, 2)]
    found = run(two, loop("m", 1), keep("GLB", "T0", "T1", "T2"), sequential(*leaves), on=machine(1))
    assert found.transfers["DRAM"]["W1"].reads_words == 2 * 4
    assert found.latency.stepwise is not None
    # fc1: T0 row and W1, 6 before; fc1 4, W2 in 4; fc2 4, T0 row and W1 in 6; fc1 4, W2 in and T2 row out 6; fc2 4; 2
    assert found.latency.stepwise.cycles == 6 + 4 + 6 + 6 + 4 + 2


def test_groups_do_not_overlap() -> None:
    layers = matmuls(2, 2)
    leaves = [chain(keep("GLB", f"T{i - 1}", f"W{i}", f"T{i}"), f"fc{i}") for i in (1, 2)]
    found = run(layers, keep("DRAM", "T0", "T1", "T2", "W1", "W2"), sequential(*leaves), on=machine(1))
    assert [group.stepwise.cycles for group in found.groups if group.stepwise is not None] == [8 + 8 + 4, 8 + 8 + 4]
    assert found.latency.stepwise is not None
    assert found.latency.stepwise.cycles == 40


def test_streamed_weights_load_while_the_step_before_computes() -> None:
    fc = [layer("fc", "Y[m,n] = X[m,k] * W[k,n]", m=4, n=4, k=4)]
    found = run(fc, keep("GLB", "X", "Y"), loop("k", 1), keep("GLB", "W"), "fc", on=machine(2)).latency.stepwise
    assert found is not None
    # X arrives column by column with W: (4 + 4) / 2 cycles per step of 16; then Y leaves, 16 / 2
    assert found.cycles == 4 + 4 * 16 + 8


def test_a_systolic_array_fills_and_drains_at_every_step() -> None:
    fc = [layer("fc", "Y[m,n] = X[m,k] * W[k,n]", m=8, n=4, k=4)]
    grid = Array({"x": 4, "y": 4}, systolic=True)
    for tile, steps in ((8, 1), (3, 3)):
        tree = (keep("GLB", "X", "W", "Y"), loop("m", tile), "fc")
        found = run(fc, *tree, on=machine(10**6, array=grid, n=4, k=4)).latency
        assert found.compute == 8 + steps * (3 + 3)
        assert found.stepwise is not None
        assert found.stepwise.per_component["MAC"] == found.compute


def test_repeated_steps_take_no_more_visits() -> None:
    """A million steps as fast as a few: equal to what the pattern of a few extends to."""
    cycles = []
    for extent in (40, 400, 1_000_000):
        copy = [layer("copy", "Y[p] = X[p+r] * W[r]", p=extent, r=3)]
        found = run(copy, keep("GLB", "W"), loop("p", 1), keep("GLB", "X", "Y"), "copy", on=machine(1, 8)).latency
        assert found.stepwise is not None
        cycles.append(found.stepwise.cycles)
    assert (cycles[1] - cycles[0]) * (1_000_000 - 400) == (cycles[2] - cycles[1]) * 360


def test_stages_of_a_pipeline_share_the_memory() -> None:
    two = matmuls(2, 2)
    tree = (keep("GLB", "W1", "W2"), loop("m", 1), keep("GLB", "T0", "T1", "T2"), pipeline("fc1", "fc2"))
    found = run(two, *tree, on=machine(1)).latency
    # before: T0 row and W1, 6. fc1 alone, 4: T0 row and W2 in, 6. both 4: nothing in, nothing out yet. fc2 alone 4:
    # the first T2 row out, 2. after: 2
    assert found.compute == 4 + 4 + 4
    assert found.stepwise is not None
    assert found.stepwise.cycles == 6 + 6 + 4 + 4 + 2


def test_too_long_a_pipeline_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelined, "MAX_ITERATIONS", 1)
    tree = (loop("m", 1), keep("GLB", "T0", "T1", "T2", "W1", "W2"), pipeline("fc1", "fc2"))
    found = run(matmuls(2, 2), *tree, on=machine(1)).latency
    assert found.refused.startswith("a pipeline of 2 iterations is not timed step by step; at most 1")


def test_a_pipeline_that_takes_turns_drains_at_each_turn() -> None:
    inner = chain(loop("m", 1), pipeline("fc1", "fc2"))
    tree = (loop("m", 2), keep("GLB", "T1", "T2"), sequential(inner, "fc3"))
    found = run(matmuls(3, 4), *tree).latency
    # twice: rows of 16 cycles, two of them through two stages; then fc3 with both rows
    assert found.compute == 2 * ((2 + 1) * 16 + 32)
    assert found.stepwise is not None
    assert found.stepwise.cycles == found.compute  # nothing else takes time
    assert found.stepwise.per_layer == {"fc1": 2 * 2 * 16, "fc2": 2 * 16, "fc3": 2 * 32}


def test_too_many_different_steps_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VISITS", 2)
    found = run(COPY, loop("p", 3), keep("GLB", "X", "Y"), "copy", on=machine(1)).latency
    assert found.stepwise is None
    assert found.refused == "more than 2 different steps to time one by one (use larger or even tiles)"


# -- against the simulation ---------------------------------------------------------------------


@pytest.mark.parametrize("chunk", range(2))
def test_random_designs_equal_the_event_simulation(chunk: int) -> None:
    outcomes = Counter(
        compared(random_design(Generator(random.Random(seed).randrange)))
        for seed in range(chunk * CHUNK, chunk * CHUNK + CHUNK)
    )
    assert outcomes["timed"] > 0.6 * CHUNK


def test_an_intermediate_that_also_leaves_a_pipeline_is_stored_by_its_stage() -> None:
    """Its places stand around the pipeline; its words leave after the stage that computes them."""
    assert compared(random_design(Generator(random.Random(20899).randrange))) == "timed"


@pytest.mark.slow
@pytest.mark.parametrize("chunk", some(range(2, 18), 6))
def test_many_random_designs_equal_the_event_simulation(chunk: int) -> None:
    test_random_designs_equal_the_event_simulation(chunk)


@given(st.data())
def test_designs_that_hypothesis_draws(data: st.DataObject) -> None:
    compared(random_design(Generator(lambda n: data.draw(st.integers(0, n - 1)))))


def test_stepwise_is_only_found_when_asked_for() -> None:
    from tests.model.model_cases import design

    drawn = design(COPY, loop("p", 2), keep("GLB", "X", "Y"), "copy", on=machine(1))
    assert evaluate_design(drawn, stepwise=False).latency.stepwise is None
    (steps,) = stepwise(drawn, infer(drawn))
    assert steps == evaluate_design(drawn).groups[0].stepwise
