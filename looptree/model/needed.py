"""What is needed of tensors by several readers, and where that has to be all of it."""

from __future__ import annotations

from looptree.errors import UnsupportedError
from looptree.model.box import Box
from looptree.model.hull import combined, contains
from looptree.model.inferred import Axes
from looptree.model.sweep import fresh_box
from looptree.model.window import largest, windows
from looptree.taxonomy.design import BoundChain
from looptree.workload import Einsum, Workload

Needs = dict[str, list[Box]]
"""By tensor, what each of its readers or writers asks for."""


def required(listed: list[Box]) -> Box | None:
    """What several accesses ask for together, clipped to the tensor; `None` if nothing ever."""
    inside = [box for box in (box.clipped() for box in listed) if box is not None]
    return combined(inside) if inside else None


def check_covered(outside: Needs, below: Needs) -> None:
    """What is needed of a tensor outside of its branch is asked for by tiles inside, where there are consumers."""
    for tensor, listed in outside.items():
        if not _covers(below.get(tensor, []), listed):
            raise UnsupportedError(
                f"tensor {tensor!r} leaves its branch, but the consumers inside do not ask for all of it",
                hint="put the einsum that reads it outside into the same branch, or the producer into its own",
            )


def check_whole(workload: Workload, einsum: Einsum, need: Box | None, axes: Axes) -> None:
    """An intermediate that also leaves the workload has to be asked for completely, inside a group."""
    tensor = einsum.output.tensor
    if tensor not in workload.outputs:
        return
    if need is None:
        raise UnsupportedError(
            f"tensor {tensor!r} leaves the workload, but its consumers ask for nothing of it",
            hint="remove the layers that read nothing but padding of it",
        )
    hull = windows(need, axes, 0)
    spans = {key: (int(low[0]), int(high[0])) for t in hull.tracks.values() for key, (low, high) in t.spans.items()}
    for dimension, (form, extent) in enumerate(
        zip(einsum.output.projection, workload.tensors[tensor].shape, strict=True)
    ):
        written = form.hull(einsum.box).clip(extent)
        start, stop = spans.get(dimension) or hull.fixed[dimension]
        if start > written.start or stop < written.stop:
            raise UnsupportedError(
                f"tensor {tensor!r} leaves the workload, but its consumers ask only for coordinates {start} to "
                f"{stop - 1} of dimension {dimension}",
                hint="compute it in a group of its own",
            )


def check_without_gaps(workload: Workload, einsum: Einsum, chain: BoundChain, need: Box, axes: Axes) -> None:
    """What others need of an intermediate as well is computed at some step: between tiles no point is left out."""
    tensor = einsum.output.tensor
    leaves = tensor in workload.outputs or any(
        reader.name not in chain.einsums for reader in workload.consumers(tensor)
    )
    if leaves and axes and fresh_box(need, axes, 0).total(axes) < largest(windows(need, axes, 0)):
        raise UnsupportedError(
            f"tensor {tensor!r} is needed outside of its group, but the tiles inside leave out points of it",
            hint="use larger tiles, or compute it in a group of its own",
        )


def _covers(inner: list[Box], outer: list[Box]) -> bool:
    asked = required(outer)
    if asked is None:
        return True
    given = required(inner)
    return given is not None and contains(given, asked)
