"""Why a design does not fit a memory level, and what would help, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from looptree.model.result import Evaluation, Occupancy
from looptree.report.text import counted, listed
from looptree.taxonomy.design import Design
from looptree.units import format_size

_LARGEST = 3


def fit_sentences(design: Design, evaluation: Evaluation) -> list[str]:
    """Per memory level, or partition, that does not fit: demand and capacity, the largest contributors, what would
    help."""
    return [
        sentence
        for level, whole in evaluation.occupancy.items()
        for title, occupancy in (_parts(design, level, whole) if whole.partitions else {level: whole}).items()
        if not occupancy.fits
        for sentence in _level(design, level, title, occupancy)
    ]


def _parts(design: Design, level: str, whole: Occupancy) -> dict[str, Occupancy]:
    """The partitions of a level, each as if it were one."""
    known, kind = design.architecture.level(level), design.workload.kind
    homes = {tensor: known.partition(tensor, kind(tensor)) for tensor in whole.per_tensor}
    found = {}
    for name, part in whole.partitions.items():
        inside = {t: whole.per_tensor[t] for t, home in homes.items() if home is not None and home.name == name}
        sizes = part.window_bytes, part.live_bytes, part.capacity_bytes
        found[f"Partition {name} of {level}"] = Occupancy(*sizes, part.fits, inside)
    return found


def _level(design: Design, level: str, title: str, occupancy: Occupancy) -> Iterator[str]:
    live = design.architecture.allocation == "live"
    demand = occupancy.live_bytes if live else occupancy.window_bytes
    capacity = occupancy.capacity_bytes or 0
    yield (
        f"{title} does not fit: it needs {counted(demand, 'byte')} ({'live' if live else 'window'}) and has "
        f"{capacity:,}, {demand - capacity:,} too few."
    )
    sizes = {tensor: pair[live] for tensor, pair in occupancy.per_tensor.items()}
    largest = sorted(sizes, key=lambda tensor: -sizes[tensor])[:_LARGEST]
    shown = [f"{tensor} {counted(sizes[tensor], 'byte')}" for tensor in largest]
    yield f"Largest in {title}: {', '.join(shown)}."
    yield f"What would help: {'; '.join(_help(design, level, occupancy, largest, demand))}."


def _help(design: Design, level: str, occupancy: Occupancy, largest: list[str], demand: int) -> Iterator[str]:
    places = [place for place in design.places if place.level == level]
    stay = [t for t in largest if any(p.tensor == t and p.while_used for p in places)]
    whole = [t for t in largest if t not in stay and any(p.tensor == t and p.depth == 0 for p in places)]
    cut = [t for t in largest if t not in stay and t not in whole]
    if stay:
        verb, what = ("stays", "it") if len(stay) == 1 else ("stay", "them")
        yield f"{listed(stay)} {verb} on chip from first to last use: let groups exchange {what} off chip"
    if whole:
        verb = "is kept whole: store it" if len(whole) == 1 else "are kept whole: store them"
        yield f"{listed(whole)} {verb} below a loop"
    if cut:
        yield f"smaller tiles in the loops above {listed(cut)}, or storing {'it' if len(cut) == 1 else 'them'} deeper"
    capacity = occupancy.capacity_bytes or 0
    if design.architecture.allocation == "window" and occupancy.live_bytes <= capacity:
        yield f"'allocation: live' (circular buffers), with which {counted(occupancy.live_bytes, 'byte')} are enough"
    yield f"a capacity of {counted(demand, 'byte')} ({format_size(demand)})"
