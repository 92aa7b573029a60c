"""A workload without what nothing reads.

A layer computes what its readers ask for: where a slice or a stride leaves out the ends of a tensor, the model does not
count the operations that would make them. So before a search, the extents of such layers and tensors are cut to what is
asked for, and those of tensors from off chip. Loops tile what is left, from its lower end, as they do in the model;
names stay, and so do all counts.

Assumption: of what a layer makes, only dimensions that it writes through one rank, point by point, are cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from looptree.workload import Access, Affine, Einsum, Interval, Workload

Cuts = Mapping[str, Interval]
"""What is left of each rank of a layer that is cut."""


def trimmed(workload: Workload) -> Workload:
    """The same workload, each layer cut to what is read of its output.

    >>> from looptree.workload.expression import parse_expression
    >>> def layer(name, text, **ranks):
    ...     out, ins, operation = parse_expression(text)
    ...     return Einsum(name, ranks, ins, out, operation)
    >>> cut = trimmed(Workload("two", [layer("a", "T[p] = X[p]", p=9), layer("b", "Y[p] = T[2*p+1]", p=3)]))
    >>> [f"{e.expression} {dict(e.ranks)}" for e in cut.einsums], cut.tensors["T"].shape
    (["T[p] = X[p+1] {'p': 5}", "Y[p] = T[2*p] {'p': 3}"], (5,))
    """
    cuts: dict[str, Cuts] = {}
    for einsum in reversed(workload.einsums):
        left = _asked(workload, einsum, cuts)
        if left:
            cuts[einsum.name] = left
    moved = {workload.einsum(name).output.tensor: _kept(workload.einsum(name), left) for name, left in cuts.items()}
    for tensor in workload.inputs:
        needs = enumerate(_needed(workload, tensor, cuts))
        shorter = {d: need for d, need in needs if need and need.size < workload.tensors[tensor].shape[d]}
        if shorter:
            moved[tensor] = shorter
    if not moved:
        return workload
    return Workload(
        workload.name,
        [_cut(einsum, cuts.get(einsum.name, {}), moved) for einsum in workload.einsums],
        shapes={
            name: tuple(moved.get(name, {}).get(d, Interval(0, extent)).size for d, extent in enumerate(tensor.shape))
            for name, tensor in workload.tensors.items()
        },
        bits={name: tensor.bits for name, tensor in workload.tensors.items()},
        outputs=workload.declared_outputs,
    )


def _asked(workload: Workload, einsum: Einsum, cuts: Mapping[str, Cuts]) -> Cuts:
    """What is asked for of the ranks of a layer, where it is not everything."""
    tensor = einsum.output.tensor
    if tensor in workload.outputs:
        return {}
    found = {}
    for form, need in zip(einsum.output.projection, _needed(workload, tensor, cuts), strict=True):
        rank = _written_by(einsum, form)
        if rank is not None:
            wanted = Interval(need.start - form.constant, need.stop - form.constant)
            left = Interval(max(wanted.start, 0), min(wanted.stop, einsum.ranks[rank]))
            if left and left.size < einsum.ranks[rank]:
                found[rank] = left
    return found


def _needed(workload: Workload, tensor: str, cuts: Mapping[str, Cuts]) -> list[Interval]:
    """What the readers of a tensor ask for of each dimension; nothing for one that only reads what lies outside."""
    shape = workload.tensors[tensor].shape
    found = [Interval(0, 0)] * len(shape)
    for reader in workload.consumers(tensor):
        box = {**reader.box, **cuts.get(reader.name, {})}
        for access in reader.inputs:
            if access.tensor == tensor:
                asked = [form.hull(box).clip(extent) for form, extent in zip(access.projection, shape, strict=True)]
                found = [a.hull(b) for a, b in zip(found, asked, strict=True)] if all(asked) else found
    return found


def _written_by(einsum: Einsum, form: Affine) -> str | None:
    """The rank that alone writes a dimension, point by point; `None` if there is none."""
    if len(form.terms) != 1 or form.terms[0][1] != 1:
        return None
    rank = form.ranks[0]
    return rank if sum(rank in other.ranks for other in einsum.output.projection) == 1 else None


def _kept(einsum: Einsum, left: Cuts) -> dict[int, Interval]:
    """What is left of each dimension of the output of a layer that is cut."""
    return {
        dimension: Interval(left[rank].start + form.constant, left[rank].stop + form.constant)
        for dimension, form in enumerate(einsum.output.projection)
        for rank in form.ranks
        if rank in left
    }


def _cut(einsum: Einsum, left: Cuts, moved: Mapping[str, Mapping[int, Interval]]) -> Einsum:
    """A layer with ranks that begin at 0 again, reading and writing tensors that do, too."""
    if not left and not any(a.tensor in moved for a in einsum.inputs):
        return einsum

    def access(known: Access) -> Access:
        origins = moved.get(known.tensor, {})
        forms = []
        for dimension, form in enumerate(known.projection):
            begin = sum(c * left[rank].start for rank, c in form.terms if rank in left)
            origin = origins[dimension].start if dimension in origins else 0
            forms.append(Affine(form.terms, form.constant + begin - origin))
        return Access(known.tensor, tuple(forms))

    ranks = {rank: left[rank].size if rank in left else extent for rank, extent in einsum.ranks.items()}
    inputs = tuple(access(known) for known in einsum.inputs)
    return replace(einsum, ranks=ranks, inputs=inputs, output=access(einsum.output))
