"""A workload without what nothing reads.

A layer computes what its readers ask for: where a slice or a stride leaves out the ends of a tensor, the model does not
count the operations that would make them. So before a search, the extents of such layers and tensors are cut to what is
asked for, and those of tensors from off chip. Loops tile what is left, from its lower end, as they do in the model;
names stay, and so do all counts.

Assumption: of what a layer makes, only dimensions that it writes through one rank, point by point, are cut.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from looptree.workload import Access, Affine, Einsum, Interval, Workload

Cuts = Mapping[str, Interval]
"""What is left of each rank of a layer that is cut."""


def trimmed(workload: Workload, idle: Collection[str] = ()) -> Workload:
    """The same workload without idle layers, each other one cut to what is read of its output.

    >>> from looptree.workload.expression import parse_expression
    >>> def layer(name, text, **ranks):
    ...     out, ins, operation = parse_expression(text)
    ...     return Einsum(name, ranks, ins, out, operation)
    >>> cut = trimmed(Workload("two", [layer("a", "T[p] = X[p]", p=9), layer("b", "Y[p] = T[2*p+1]", p=3)]))
    >>> [f"{e.expression} {dict(e.ranks)}" for e in cut.einsums], cut.tensors["T"].shape
    (["T[p] = X[p] {'p': 5}", "Y[p] = T[2*p] {'p': 3}"], (5,))
    """
    cuts: dict[str, Cuts] = {}
    for einsum in reversed(workload.einsums):
        left = _asked(workload, einsum, cuts, idle)
        if left:
            cuts[einsum.name] = left
    moved = {workload.einsum(name).output.tensor: _kept(workload.einsum(name), left) for name, left in cuts.items()}
    for tensor in workload.inputs:
        needs = enumerate(_needed(workload, tensor, cuts, idle))
        shorter = {d: need for d, need in needs if need and need.size < workload.tensors[tensor].shape[d]}
        if shorter:
            moved[tensor] = shorter
    if not moved and not idle:
        return workload
    einsums = [_cut(e, cuts.get(e.name, {}), moved) for e in workload.einsums if e.name not in idle]
    used = {access.tensor: workload.tensors[access.tensor] for e in einsums for access in (*e.inputs, e.output)}
    return Workload(
        workload.name,
        einsums,
        shapes={
            name: tuple(moved.get(name, {}).get(d, Interval(0, extent)).size for d, extent in enumerate(tensor.shape))
            for name, tensor in used.items()
        },
        bits={name: tensor.bits for name, tensor in used.items()},
        outputs=workload.declared_outputs,
    )


def idle_layers(workload: Workload, but: Collection[str] = ()) -> tuple[str, ...]:
    """Layers that compute nothing in any plan, because all that is read of their outputs lies outside of these.

    Only those that have no say in what stays on chip for how long: each reads what comes from off chip or what other
    idle layers make, and at most one tensor that layers read which are not idle. One of these has to be, or to come
    before, each of the layers that read nothing of it: then it can run when that tensor is on chip.

    Args:
        but: layers that are not looked at.
    """
    cuts: dict[str, Cuts] = {}
    unasked: set[str] = set()
    for einsum in reversed(workload.einsums):
        readers = {e.name for e in workload.consumers(einsum.output.tensor)} - unasked
        nothing = not readers or not all(_needed(workload, einsum.output.tensor, cuts, unasked))
        if einsum.output.tensor not in workload.outputs and einsum.name not in but and nothing:
            unasked.add(einsum.name)
        else:
            cuts[einsum.name] = _asked(workload, einsum, cuts, unasked)
    idle: list[str] = []
    for einsum in workload.einsums:
        makers = {e.name for e in map(workload.producer, einsum.reads) if e is not None}
        shared = [t for t in einsum.reads if not {e.name for e in workload.consumers(t)} <= unasked]
        few = len(shared) < 2 and all(_after(workload, einsum, tensor, unasked) for tensor in shared)
        if einsum.name in unasked and makers <= set(idle) and few:
            idle.append(einsum.name)
    return tuple(idle)


def _after(workload: Workload, layer: Einsum, tensor: str, unasked: Collection[str]) -> bool:
    """Whether all that read what a layer makes read a tensor as well, or what is made of it, by layers with readers."""
    made = {tensor}
    for einsum in workload.einsums:
        if einsum.name not in unasked and not made.isdisjoint(einsum.reads):
            made.add(einsum.output.tensor)
    readers = workload.consumers(layer.output.tensor)
    return all(
        _after(workload, e, tensor, unasked) if e.name in unasked else not made.isdisjoint(e.reads) for e in readers
    )


def _asked(workload: Workload, einsum: Einsum, cuts: Mapping[str, Cuts], idle: Collection[str]) -> Cuts:
    """What is asked for of the ranks of a layer, where it is not everything."""
    tensor = einsum.output.tensor
    if tensor in workload.outputs:
        return {}
    found = {}
    for form, need in zip(einsum.output.projection, _needed(workload, tensor, cuts, idle), strict=True):
        rank = _written_by(einsum, form)
        if rank is not None:
            wanted = Interval(need.start - form.constant, need.stop - form.constant)
            left = Interval(max(wanted.start, 0), min(wanted.stop, einsum.ranks[rank]))
            if left and left.size < einsum.ranks[rank]:
                found[rank] = left
    return found


def _needed(workload: Workload, tensor: str, cuts: Mapping[str, Cuts], idle: Collection[str]) -> list[Interval]:
    """What the readers of a tensor ask for of each dimension; nothing for one that only reads what lies outside."""
    shape = workload.tensors[tensor].shape
    found = [Interval(0, 0)] * len(shape)
    for reader in workload.consumers(tensor):
        box = {**reader.box, **cuts.get(reader.name, {})}
        for access in reader.inputs:
            if access.tensor == tensor and reader.name not in idle:
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
