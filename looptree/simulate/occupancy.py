"""Words that places hold, and the bytes that a memory level needs for all of them.

Assumption: tensors above a branch count through all its chains; chains of a sequential branch share
the space, chains of a pipeline do not. Every place is rounded up to whole bytes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from looptree.simulate.inference import Run
from looptree.simulate.sweeps import Required, most_live, sweep_depth, windows
from looptree.taxonomy.binding import BoundChain, Design, Place


def window_words(run: Run, place: Place, required: Required) -> int:
    """Words of the largest window of a place.

    Args:
        run: the design with all its operations.
        place: the place.
        required: what is required of it at each iteration of its chain.
    """
    points = run.tables.points[place.tensor]
    return max((points.inside(box).size for box in windows(required, place.depth).values()), default=0)


def live_words(run: Run, place: Place, required: Required) -> int:
    """The most words that an ideal allocator has to keep in a place at once."""
    return most_live(required, sweep_depth(required, place), run.tables.points[place.tensor], run.tables)


def demand_bytes(design: Design, words: Mapping[int, int], level: str, tensor: str | None = None) -> int:
    """Bytes that a memory level needs.

    Args:
        design: the design.
        words: words per place id.
        level: the memory level.
        tensor: count this tensor alone.
    """

    def below(chain: BoundChain) -> int:
        own = sum(
            design.workload.tensors[place.tensor].bytes(words[place.id])
            for place in (design.places[p] for p in chain.places)
            if place.level == level and tensor in (None, place.tensor)
        )
        inner = [below(design.chains[c]) for c in chain.children]
        return own + (sum(inner) if chain.kind == "pipeline" else max(inner, default=0))

    return below(design.root)
