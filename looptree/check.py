"""The closed form held against the simulator, count by count.

The model computes totals from formulas, the simulator runs the loop nest and counts; the two share nothing but the
description of the design. A count that differs is a defect of one of them, never of the design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from looptree.model.evaluate import evaluate_design
from looptree.model.inference import infer
from looptree.model.inside import with_nests
from looptree.model.result import Evaluation
from looptree.simulate import Counts, simulate
from looptree.taxonomy.design import Design

LIMIT = 20_000_000
"""Points that the simulator may visit; some tens of seconds of work."""


@dataclass(frozen=True, slots=True)
class CheckedCount:
    """One count, found twice.

    Attributes:
        what: what is counted, with its unit, layer or tensor and memory level.
        model: according to the closed form.
        simulator: according to the step by step run.
    """

    what: str
    model: int | Fraction
    simulator: int | Fraction

    @property
    def agrees(self) -> bool:
        """Both found the same."""
        return self.model == self.simulator


def check(design: Design, evaluation: Evaluation | None = None, *, limit: int = LIMIT) -> tuple[CheckedCount, ...]:
    """The counts in which model and simulator differ; none where all is well.

    Args:
        design: what is evaluated.
        evaluation: its evaluation, if it is known already.
        limit: how many points the simulator may visit.

    Raises:
        UnsupportedError: the design is too large to be simulated within the limit.
    """
    return tuple(count for count in checked_counts(design, evaluation, limit=limit) if not count.agrees)


def checked_counts(
    design: Design, evaluation: Evaluation | None = None, *, limit: int = LIMIT
) -> tuple[CheckedCount, ...]:
    """Every count that both the model and the simulator make; see `check`."""
    design = with_nests(design)
    counts = simulate(design, limit=limit)
    found = evaluate_design(design) if evaluation is None else evaluation
    return (
        *_operations(found, counts),
        *_transfers(found, counts),
        *_places(design, counts),
        *_occupancy(found, counts),
        CheckedCount("compute cycles", found.latency.compute, counts.total_compute_cycles),
        *_stepwise(found, counts),
        *_instances(found, counts),
    )


def _stepwise(evaluation: Evaluation, counts: Counts) -> Iterator[CheckedCount]:
    for group, simulated in zip(evaluation.groups, counts.stepwise_cycles, strict=True):
        if group.stepwise is not None:
            what = f"cycles step by step of {', '.join(group.einsums)}"
            yield CheckedCount(what, group.stepwise.cycles, simulated)


def _instances(evaluation: Evaluation, counts: Counts) -> Iterator[CheckedCount]:
    for (level, tensor), (reads, writes) in counts.busy_words.items():
        traffic = evaluation.transfers[level].get(tensor)
        busy = (0, 0) if traffic is None else traffic.per_instance
        yield CheckedCount(f"words of {tensor} read at the busiest instance of {level}", busy[0], reads)
        yield CheckedCount(f"words of {tensor} written at the busiest instance of {level}", busy[1], writes)


def _operations(evaluation: Evaluation, counts: Counts) -> Iterator[CheckedCount]:
    for einsum, (total, recomputed) in counts.operations.items():
        model = evaluation.operations[einsum]
        yield CheckedCount(f"operations of {einsum}", model.total, total)
        yield CheckedCount(f"recomputed operations of {einsum}", model.recomputed, recomputed)


def _transfers(evaluation: Evaluation, counts: Counts) -> Iterator[CheckedCount]:
    model = {
        (level, tensor): (traffic.reads_words, traffic.writes_words)
        for level, per_tensor in evaluation.transfers.items()
        for tensor, traffic in per_tensor.items()
    }
    for level, tensor in dict.fromkeys((*model, *counts.transfers)):
        reads, writes = model.get((level, tensor), (0, 0))
        simulated_reads, simulated_writes = counts.transfers.get((level, tensor), (0, 0))
        yield CheckedCount(f"words of {tensor} read at {level}", reads, simulated_reads)
        yield CheckedCount(f"words of {tensor} written at {level}", writes, simulated_writes)


def _places(design: Design, counts: Counts) -> Iterator[CheckedCount]:
    places = infer(design).places
    for place in design.places:
        where = f"of {place.tensor} at {place.level} (storage node {place.id})"
        yield CheckedCount(f"window words {where}", places[place.id].window, counts.window_words[place.id])
        yield CheckedCount(f"live words {where}", places[place.id].live, counts.live_words[place.id])


def _occupancy(evaluation: Evaluation, counts: Counts) -> Iterator[CheckedCount]:
    for level, model in evaluation.occupancy.items():
        yield CheckedCount(f"window bytes at {level}", model.window_bytes, counts.demand_window_bytes.get(level, 0))
        yield CheckedCount(f"live bytes at {level}", model.live_bytes, counts.demand_live_bytes.get(level, 0))
        for tensor, (window, live) in model.per_tensor.items():
            key = (level, tensor)
            simulated = counts.per_tensor_window_bytes.get(key, 0), counts.per_tensor_live_bytes.get(key, 0)
            yield CheckedCount(f"window bytes of {tensor} at {level}", window, simulated[0])
            yield CheckedCount(f"live bytes of {tensor} at {level}", live, simulated[1])
        for name, part in model.partitions.items():
            window, live = counts.partition_window_bytes[level, name], counts.partition_live_bytes[level, name]
            yield CheckedCount(f"window bytes of partition {name} at {level}", part.window_bytes, window)
            yield CheckedCount(f"live bytes of partition {name} at {level}", part.live_bytes, live)
