"""Words that places hold, and the bytes that a memory level needs for all of them.

Assumption: tensors above a branch count through all its chains, those that stay while they are used only
from the first chain that uses them to the last; chains of a sequential branch share the space, chains of
a pipeline do not. Every place is rounded up to whole bytes by itself, and then, at a double-buffered level, doubled
if its words come from, or go to, a place further out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from looptree.simulate.inference import Run
from looptree.simulate.sweeps import Required, most_live, sweep_depth, windows
from looptree.taxonomy.design import BoundChain, Design, Place


def window_words(run: Run, place: Place, required: Required) -> int:
    """Words of the largest window of a place.

    Args:
        run: the design with all its operations.
        place: the place.
        required: what is required of it at each iteration of its chain.
    """
    points = run.tables.points[place.tensor]
    return max((points.inside(box).size for box in windows(required, place.depth).values()), default=0)


def live_words(run: Run, place: Place, required: Required, instances: int = 0) -> int:
    """The most words that an ideal allocator has to keep in a place at once (`instances` as for `sweep_depth`)."""
    return most_live(required, sweep_depth(required, place, instances), run.tables.points[place.tensor], run.tables)


def demand_bytes(design: Design, words: Mapping[int, int], level: str, tensors: Collection[str] | None = None) -> int:
    """Bytes that a memory level needs.

    Args:
        design: the design.
        words: words per place id.
        level: the memory level.
        tensors: count these alone.
    """

    doubled = design.architecture.level(level).double_buffered

    def size(places: Iterable[Place]) -> int:
        return sum(
            design.workload.tensors[place.tensor].bytes(words[place.id]) * (2 if doubled and _exchanges(place) else 1)
            for place in places
        )

    def below(chain: BoundChain) -> int:
        places = [place for place in (design.places[p] for p in chain.places) if place.level == level]
        counted = [place for place in places if tensors is None or place.tensor in tensors]
        own = size(place for place in counted if not place.while_used)
        inner = [
            below(design.chains[child]) + size(place for place in counted if _passes(design, place, position))
            for position, child in enumerate(chain.children)
        ]
        return own + (sum(inner) if chain.kind == "pipeline" else max(inner, default=0))

    return below(design.root)


def _exchanges(place: Place) -> bool:
    """Whether the words of a place come from, or go to, another place of the tensor further out."""
    return place.parent is not None


def _passes(design: Design, place: Place, position: int) -> bool:
    """Whether a place that stays while it is used is needed during a branch: used up to then, and from then on."""

    def used(branches: tuple[int, ...]) -> bool:
        einsums = [design.workload.einsum(name) for branch in branches for name in design.chains[branch].einsums]
        return any(place.tensor in (*einsum.reads, einsum.output.tensor) for einsum in einsums)

    branches = design.chains[place.chain].children
    return place.while_used and used(branches[: position + 1]) and used(branches[position:])
