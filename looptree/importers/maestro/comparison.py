"""Statistics beside those of MAESTRO's own output file; one line says where each difference is from."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from looptree.errors import InputError
from looptree.importers.maestro import counting, reported
from looptree.importers.maestro.nest import Nest
from looptree.importers.maestro.statistics import Statistics
from looptree.importers.maestro.text import read_text

_NAMES = {
    "cycles": "Runtime (Cycles)", "input_l2_reads": "input l2 read", "filter_l2_reads": "filter l2 read",
    "output_l2_writes": "output l2 write", "l2_requirement": "L2 SRAM Size Req (Bytes)",
    "l1_requirement": "L1 SRAM Size Req (Bytes)", "utilized_pes": "Avg number of utilized PEs", "macs": "Num MACs",
    "L2 SRAM Size (Bytes)": "L2 SRAM Size Req (Bytes)", "L1 SRAM Size (Bytes)": "L1 SRAM Size Req (Bytes)",
    "weight l2 read": "filter l2 read",
}  # fmt: skip
_COMPARED = (
    "Num MACs", "Avg number of utilized PEs", "input l2 read", "filter l2 read", "output l2 write",
    "L1 SRAM Size Req (Bytes)", "L2 SRAM Size Req (Bytes)", "Runtime (Cycles)", "Num Total Input Pixels",
    "Num Total Weight Pixels", "NumPEs",
)  # fmt: skip
_ROW = ("case", "Layer Number", "Layer", "layer", "Layer Name")
_TOLERANCE = 1e-5
"""MAESTRO prints six digits."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One statistic twice.

    Attributes:
        layer: its name.
        statistic: MAESTRO's name of it.
        found: the exact count.
        theirs: what MAESTRO printed.
        why: where a difference is from; empty where there is none.
    """

    layer: str
    statistic: str
    found: float
    theirs: float
    why: str = ""


def read_measured(path: str | Path) -> list[dict[str, str]]:
    """The rows of an output file of MAESTRO, one per layer.

    Raises:
        InputError: the file cannot be read or has no column that names a layer.
    """
    text = read_text(path)
    try:
        rows = [
            {(key or "").strip(): (value or "").strip() for key, value in row.items() if isinstance(value, str)}
            for row in csv.DictReader(io.StringIO(text))
        ]
    except csv.Error as problem:
        raise InputError(f"expected lines of values with commas, found {problem}", where=str(path)) from None
    if not rows or not any(name in rows[0] for name in _ROW):
        hint = "MAESTRO writes it with --print_res_csv_file=true"
        raise InputError(f"expected a column out of {', '.join(_ROW)}, found none", where=str(path), hint=hint)
    return rows


def compared(statistics: Sequence[Statistics], rows: Sequence[Mapping[str, str]], file: str) -> list[Comparison]:
    """Each statistic that both have, layer by layer.

    Raises:
        InputError: no row is about any of the layers, or a value is no number.
    """
    of_layer = {row[name]: row for row in rows for name in _ROW if name in row}
    found: list[Comparison] = []
    for own in statistics:
        row = of_layer.get(own.layer)
        if row is None:
            continue
        named = {_NAMES.get(key, key): value for key, value in row.items()}
        common = (statistic for statistic in _COMPARED if statistic in named)
        found += [_compared(own, statistic, _number(named[statistic], statistic, file)) for statistic in common]
    if not found:
        layers = ", ".join(own.layer for own in statistics[:5])
        raise InputError(f"expected rows about {layers}, found {', '.join(list(of_layer)[:5])}", where=file)
    return found


def _number(text: str, statistic: str, file: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"expected {statistic} as a number, found {text!r}", where=file)
    return number


def _compared(own: Statistics, statistic: str, theirs: float) -> Comparison:
    found = own.values[statistic]
    assert found is not None
    equal = math.isclose(found, theirs, rel_tol=_TOLERANCE)
    return Comparison(own.layer, statistic, found, theirs, "" if equal else _why(own.nest, statistic, found, theirs))


def _why(nest: Nest, statistic: str, found: float, theirs: float) -> str:
    operands = counting.operands_of(nest)
    match statistic:
        case "input l2 read" | "filter l2 read":
            return _why_reads(nest, statistic.split()[0], round(found), round(theirs))
        case "output l2 write":
            expected = reported.writes(nest, operands["output"])
            times = theirs / found
            text = f"MAESTRO writes partial sums at every step ({times:g} times), though they stay in the PEs"
            return _checked(text, expected, theirs)
        case "L1 SRAM Size Req (Bytes)":
            text = "MAESTRO takes the extents of the input for those of the output tile"
            return _checked(text, reported.l1_requirement(nest, operands), theirs)
        case "L2 SRAM Size Req (Bytes)":
            text = "MAESTRO counts what neighbouring units share of the input once per unit"
            return _checked(text, reported.l2_requirement(nest, operands), theirs)
        case "Runtime (Cycles)" if found > counting.compute_cycles(nest):
            return "here the words between L2 and PEs decide, at the bandwidth of the network"
        case "Runtime (Cycles)":
            steps = math.prod(loop.steps(nest.extents[loop.dimension]) for loop in nest.levels[0].loops)
            each = (theirs - found) / steps
            return (
                f"MAESTRO adds the delay of network and reduction to each of {steps:,} steps ({each:+.3g} cycles a "
                "step); here they overlap with the computation"
            )
        case "Avg number of utilized PEs":
            return "MAESTRO loses (or adds) units where a dimension does not fill the units of its map"
        case "Num MACs":
            return (
                "MAESTRO does not count the outputs of every tile under strides and edges; here they are multiplied out"
            )
        case _:
            return "MAESTRO counts another extent"


def _why_reads(nest: Nest, name: str, found: int, theirs: int) -> str:
    """The parts of a difference in reads, each with its words."""
    operand = counting.operands_of(nest)[name]
    emulated = reported.reads(nest, operand)
    missed = reported.reads(nest, operand, reloads=True) - emulated
    parts = []
    if missed:
        parts.append(f"misses {missed:,} words of reloads when inner loops begin anew")
    rest = emulated + missed - found
    edges = [d for d in reported.temporal_edges(nest) if d in operand.dimensions]
    spatial = nest.levels[0].spatial
    halo = spatial is not None and any(len(a) > 1 and spatial.dimension in dict(a) for a in operand.axes)
    if rest and edges:
        parts.append(f"counts the edge of {', '.join(edges)} as a full tile")
    if rest and halo:
        parts.append("counts what neighbouring units share once per unit")
    if rest and parts and (edges or halo):
        parts[-1] += f" ({rest:+,} words)"
    if not parts:
        parts.append("counts other words")
    return _checked(f"MAESTRO {' and '.join(parts)}", emulated, theirs)


def _checked(text: str, expected: float, theirs: float) -> str:
    """The line, with what it leaves open."""
    left = theirs - expected
    return text if math.isclose(expected, theirs, rel_tol=_TOLERANCE) else f"{text}; {left:+,.6g} remain unexplained"
