"""Passes that load data before they compute: cycles of arrays whose local memories are too small for a second copy.

The latency `overlapped` hides all transfers. An array that works in passes, and cannot load the data of the next pass
while it works on this one, starts each pass with loads that nothing hides behind: what stays in its local memories for
the whole pass, then the first window of what streams past it. So

    cycles = overlapped + load(stationary) + passes x first window(streaming) / its bandwidth

with `overlapped` the largest of compute and every level, and as many passes as whole loads of what is stationary.

Source: the reasons that Chen et al. (Eyeriss, JSSC 2017, section VI-A) give for a throughput below the peak.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from looptree.errors import InputError
from looptree.model import Evaluation


def ramped_cycles(evaluation: Evaluation, levels: Sequence[str]) -> Fraction:
    """Cycles of all passes.

    Args:
        evaluation: of a design whose `levels` take words from one network each.
        levels: the level that holds what is stationary, then those whose first windows are waited for.

    Raises:
        InputError: a level that is not on chip, or into which nothing is loaded.
    """
    stationary, *streaming = levels
    passes = -(-_loaded(evaluation, stationary) // _window(evaluation, stationary))
    cycles = evaluation.latency.overlapped + evaluation.latency.memory[stationary]
    for level in streaming:
        first = Fraction(passes * _window(evaluation, level), _loaded(evaluation, level))
        cycles += evaluation.latency.memory[level] * first
    return cycles


def _loaded(evaluation: Evaluation, level: str) -> int:
    loaded = sum(traffic.writes_bytes for traffic in evaluation.transfers.get(level, {}).values())
    if level not in evaluation.occupancy or not loaded:
        known = ", ".join(name for name in evaluation.occupancy if name != evaluation.off_chip)
        raise InputError(f"nothing is loaded into level {level!r}", where="ramp of a pass", hint=f"on chip: {known}")
    return loaded


def _window(evaluation: Evaluation, level: str) -> int:
    return evaluation.occupancy[level].window_bytes
