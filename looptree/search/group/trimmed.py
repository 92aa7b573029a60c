"""A workload without what nothing reads.

A layer computes what its readers ask for: where a slice or a stride leaves out the ends of a tensor, the model does not
count the operations that would make them. So before a search, the extents of such layers and tensors are cut to what is
asked for, and those of tensors from off chip. Loops tile what is left, from its lower end, as they do in the model;
names stay, and so do all counts.

What is asked for, and what layers do for that, is what tile inference says without loops. Where a layer joins ranks in
a dimension of its output, as rows and taps of a transposed convolution, that need not be a box: it is cut to the hull.
What the hull has too much writes outside of the tensor, and is counted neither by the model nor by searches of groups.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from looptree.errors import InputError, UnsupportedError
from looptree.model.box import Box
from looptree.model.needed import Needs, required
from looptree.model.operations import Operations
from looptree.model.production import writing
from looptree.workload import Access, Affine, Einsum, Interval, Workload

Cuts = Mapping[str, Interval]
"""What is left of each rank of a layer that is cut."""


def trimmed(workload: Workload, idle: Collection[str] = ()) -> Workload:
    """The same workload without idle layers, each other one cut to what is read of its output.

    Raises:
        InputError: a layer writes nothing of what is read of its output, so that no plan computes what is read.

    >>> from looptree.workload.expression import parse_expression
    >>> def layer(name, text, **ranks):
    ...     out, ins, operation = parse_expression(text)
    ...     return Einsum(name, ranks, ins, out, operation)
    >>> cut = trimmed(Workload("two", [layer("a", "T[p] = X[p]", p=9), layer("b", "Y[p] = T[2*p+1]", p=3)]))
    >>> [f"{e.expression} {dict(e.ranks)}" for e in cut.einsums], cut.tensors["T"].shape
    (["T[p] = X[p] {'p': 5}", "Y[p] = T[2*p] {'p': 3}"], (5,))
    """
    asked = _Asked(workload)
    for einsum in reversed(workload.einsums):
        if einsum.name not in idle:
            asked.visit(einsum)
    cuts = {name: left for name, done in asked.done.items() if (left := _cuts(done))}
    moved = {tensor: shorter for tensor in workload.tensors if (shorter := asked.shorter(tensor))}
    if not cuts and not moved and not idle:
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


def idle_layers(workload: Workload, but: Collection[str] = (), *, joining: bool = True) -> tuple[str, ...]:
    """Layers that compute nothing in any plan, because all that is read of their outputs lies outside of these.

    Only those that have no say in what stays on chip for how long. Call *shared* what it reads of what layers that
    are not idle make or read. Either all layers that read nothing of it read all shared tensors as well: then it can
    run right before the first of them, or in its group, where all of them are or have been on chip. Or there is one
    shared tensor, from off chip, and one of the layers that read it is, or comes before, each of those.

    Args:
        but: layers that are not looked at. joining: whether it may be in a group with a layer that makes what it reads.
    """
    asked, unasked = _Asked(workload), set[str]()
    for einsum in reversed(workload.einsums):
        tensor = einsum.output.tensor
        if tensor not in workload.outputs and einsum.name not in but and asked.of(tensor) is None:
            unasked.add(einsum.name)
        else:
            asked.visit(einsum)
    idle: list[str] = []
    for einsum in workload.einsums:
        makers = {e.name for e in map(workload.producer, einsum.reads) if e is not None}
        if einsum.name in unasked and makers & unasked <= set(idle) and (joining or makers <= unasked):
            shared = [tensor for tensor in einsum.reads if not _users(workload, tensor) <= unasked]
            one = len(shared) == 1 and makers <= unasked
            asked_too = (_made_of(workload, tensor, unasked) if one else {tensor} for tensor in shared)
            if all(_readers_read(workload, einsum, some, unasked) for some in asked_too):
                idle.append(einsum.name)
    return tuple(idle)


def _users(workload: Workload, tensor: str) -> set[str]:
    """Layers that make or read a tensor."""
    maker = workload.producer(tensor)
    return {e.name for e in (*workload.consumers(tensor), *([] if maker is None else [maker]))}


def _made_of(workload: Workload, tensor: str, unasked: Collection[str]) -> set[str]:
    """A tensor and what is made of it, by layers with readers."""
    made = {tensor}
    for einsum in workload.einsums:
        if einsum.name not in unasked and not made.isdisjoint(einsum.reads):
            made.add(einsum.output.tensor)
    return made


def _readers_read(workload: Workload, layer: Einsum, some: Collection[str], unasked: Collection[str]) -> bool:
    """Whether all that read what a layer makes, or what other layers without readers make of it, read some tensors."""
    readers = workload.consumers(layer.output.tensor)
    return all(
        _readers_read(workload, e, some, unasked) if e.name in unasked else not set(some).isdisjoint(e.reads)
        for e in readers
    )


class _Asked:
    """What is asked of tensors, and what layers do for that, without loops.

    Args:
        workload: its layers are visited from the last one to the first.

    Attributes:
        done: of the layers that were visited; of one that does nothing all it can.
    """

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.done: dict[str, Operations] = {}
        self._listed: Needs = {}

    def of(self, tensor: str) -> Box | None:
        """The hull of what the layers that were visited ask of a tensor; `None` if they only read what lies outside."""
        return required(self._listed.get(tensor, []))

    def visit(self, einsum: Einsum) -> None:
        """One more layer, whose readers have been visited."""
        done = self.done[einsum.name] = self._done(einsum)
        for access in einsum.inputs:
            self._ask(done, access)

    def shorter(self, tensor: str) -> Mapping[int, Interval]:
        """What is asked of the dimensions of a tensor that stays inside, where it is not everything."""
        need = None if tensor in self.workload.outputs else self.of(tensor)
        ends = {} if need is None else {d: Interval(*need.fixed[d]) for d in range(len(need.fixed))}
        return {d: end for d, end in ends.items() if end.size < self.workload.tensors[tensor].shape[d]}

    def _done(self, einsum: Einsum) -> Operations:
        full, tensor = Operations.full(einsum), einsum.output.tensor
        if tensor in self.workload.outputs:
            if not self.workload.consumers(tensor):
                return full
            self._ask(full, einsum.output)
        need = self.of(tensor)
        if need is None or all(
            start <= written.start and written.stop <= stop
            for d, form in enumerate(einsum.output.projection)
            for (start, stop), written in [(need.fixed[d], form.hull(einsum.box))]
        ):
            return full
        try:
            written = writing(einsum, need, self.workload.tensors[tensor].shape)
        except UnsupportedError:
            return full
        if written is None:
            raise InputError(
                f"layer {einsum.name!r} writes nothing of what is asked for of tensor {tensor!r}, whose shape is "
                f"{list(self.workload.tensors[tensor].shape)}",
                where=f"workload {self.workload.name!r}",
                hint=f"check the shape of {tensor!r} and {einsum.output}; to search, leave out what is not computed",
            )
        return written[0]

    def _ask(self, done: Operations, access: Access) -> None:
        touched = done.touched(access, self.workload.tensors[access.tensor].shape)
        self._listed.setdefault(access.tensor, []).append(touched)


def _cuts(done: Operations) -> Cuts:
    """What a layer does of its ranks, where it is not everything."""
    left = {rank: Interval(*done.box.fixed[rank]) for rank in done.einsum.ranks}
    return {rank: span for rank, span in left.items() if span.size < done.einsum.ranks[rank]}


def _cut(einsum: Einsum, left: Cuts, moved: Mapping[str, Mapping[int, Interval]]) -> Einsum:
    """A layer with ranks that begin at 0 again, reading and writing tensors that do, too."""
    if not left and not any(a.tensor in moved for a in (*einsum.inputs, einsum.output)):
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
