"""The hardware that a search asks of an architecture, and what it refuses of it."""

from __future__ import annotations

from collections.abc import Collection

from looptree.architecture import Architecture
from looptree.errors import InputError


def buffer_of(architecture: Architecture) -> str:
    """The level that a search uses: the first one below off chip.

    Raises:
        InputError: there is none, or one of the two has a feature that is not searched.
    """
    where = f"architecture {architecture.name!r}"
    if len(architecture.levels) < 2:
        raise InputError("expected an off-chip level and an on-chip one", where=where)
    off_chip, level = architecture.levels[:2]
    if off_chip.keeps is not None or off_chip.bypasses:
        problem = f"{off_chip.name} may not hold every tensor"
        raise _not_searched(where, problem, "leave out its keeps and bypasses")
    for known in architecture.levels[1:]:
        kinds = {(known.may_hold("", k), known.partition("", k)) for k in ("input", "output", "intermediate")}
        if known.named_tensors or len(kinds) > 1:
            problem = f"{known.name} tells apart tensors other than weights"
            raise _not_searched(where, problem, "let inputs, outputs and intermediates be held alike there")
    if not level.may_hold("", "input"):
        raise _not_searched(where, f"{level.name} holds weights only", "let it hold other tensors, too")
    return level.name


def _not_searched(where: str, problem: str, instead: str) -> InputError:
    """The model prices more hardware than the search does."""
    hint = f"a mapping can be evaluated on it; to search, {instead}"
    return InputError(f"{problem}, which a search does not take into account", where=where, hint=hint)


def check_priced(architecture: Architecture, metrics: Collection[str]) -> None:
    """Metrics of plans in buffers of any size can be compared.

    Raises:
        InputError: the buffer has partitions, or its energy comes from a model of its capacity.
    """
    level = buffer_of(architecture)
    if architecture.level(level).partitions:
        raise InputError(
            f"{level} has partitions, so its size is not one number",
            where=f"architecture {architecture.name!r}",
            hint="ask for another metric, or give it one capacity_bytes",
        )
    priced = sorted({"energy", "edp"} & set(metrics))
    if architecture.level(level).model is not None and priced:
        raise InputError(
            f"{level} is priced by a model of its capacity: sizes cannot be compared by {priced[0]}",
            where=f"architecture {architecture.name!r}",
            hint="compare them by offchip, latency or operations, or search each size by itself",
        )
