"""A workload: Einsums over tensors, checked as a whole.

Assumptions made here:

* The extent of a tensor that declares no shape is the largest coordinate that its accesses reach,
  plus one. An intermediate may not be read beyond what is written unless its shape is declared:
  what lies outside a declared shape is an implicit zero (padding).
* Weights are the tensors from outside whose name begins with `W`, as the layer shorthand and the examples write them;
  other tensors from outside are inputs (activations, caches).
* A tensor that no Einsum reads is an output; `outputs` may name intermediates that leave as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from looptree.display import Displayed
from looptree.errors import InputError, nearest
from looptree.workload.einsum import Access, Einsum
from looptree.workload.tensor import Tensor

DEFAULT_BITS = 8


class Workload(Displayed):
    """Einsums in topological order and the tensors that they touch (immutable).

    Args:
        name: what it is called.
        einsums: the layers, in any order.
        shapes: declared tensor shapes; they win over inferred ones and clip.
        bits: bits per word of the tensors that differ from `default_bits`.
        outputs: intermediates that are needed after the workload, too.
        read_later: outputs that layers after the workload read: of these only what lies inside the tensor is computed,
            as it is of intermediates.

    Raises:
        InputError: an Einsum or tensor named twice, a tensor produced twice, a cycle, shapes that do
            not meet, a declared tensor that nothing uses.
    """

    def __init__(
        self,
        name: str,
        einsums: Iterable[Einsum],
        *,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
        bits: Mapping[str, int] | None = None,
        default_bits: int = DEFAULT_BITS,
        outputs: Iterable[str] = (),
        read_later: Iterable[str] = (),
    ) -> None:
        self.name = name
        self._by_name: dict[str, Einsum] = {}
        self._producer: dict[str, Einsum] = {}
        self._consumers: dict[str, list[Einsum]] = {}
        listed = list(einsums)
        if not listed:
            raise InputError("a workload needs at least one einsum", where=f"workload {name!r}")
        self._index(listed)
        self.einsums: tuple[Einsum, ...] = tuple(self._sorted(listed))
        self._by_name = {e.name: e for e in self.einsums}
        declared = dict(shapes or {})
        widths = dict(bits or {})
        names = list(dict.fromkeys(a.tensor for e in self.einsums for a in (*e.inputs, e.output)))
        for tensor in [*declared, *widths, *outputs]:
            if tensor not in names:
                raise InputError(
                    f"tensor {tensor!r} is declared but no einsum uses it",
                    where=f"workload {name!r}",
                    hint=nearest(tensor, names),
                )
        for tensor in outputs:
            if tensor not in self._producer:
                raise InputError(
                    f"tensor {tensor!r} is declared as an output but no einsum produces it",
                    where=f"workload {name!r}",
                    hint="an input stays outside as it is",
                )
        self.tensors: Mapping[str, Tensor] = {
            t: Tensor(t, self._shape(t, declared.get(t)), widths.get(t, default_bits)) for t in names
        }
        self.declared_outputs: frozenset[str] = frozenset(outputs)
        self.read_later: frozenset[str] = frozenset(read_later)

    # -- looking things up ----------------------------------------------------------------

    def einsum(self, name: str) -> Einsum:
        """The Einsum of that name."""
        try:
            return self._by_name[name]
        except KeyError:
            raise InputError(
                f"there is no einsum {name!r}", where=f"workload {self.name!r}", hint=nearest(name, self._by_name)
            ) from None

    def producer(self, tensor: str) -> Einsum | None:
        """The Einsum that writes the tensor; `None` for an input of the workload."""
        return self._producer.get(tensor)

    def consumers(self, tensor: str) -> tuple[Einsum, ...]:
        """The Einsums that read the tensor, in topological order."""
        return tuple(self._consumers.get(tensor, ()))

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Tensors that nothing produces (activations and weights)."""
        return tuple(t for t in self.tensors if t not in self._producer)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Tensors that leave: read by nothing, or declared as outputs."""
        return tuple(
            t for t in self.tensors if t in self._producer and (t not in self._consumers or t in self.declared_outputs)
        )

    @cached_property
    def intermediates(self) -> tuple[str, ...]:
        """Tensors that are produced and read."""
        return tuple(t for t in self.tensors if t in self._producer and t in self._consumers)

    @cached_property
    def ragged(self) -> frozenset[str]:
        """Tensors that their layer does not write from end to end: it leaves out ends, or writes beyond them."""
        return frozenset(
            t
            for t, e in self._producer.items()
            if any(f.hull(e.box) != (0, n) for f, n in zip(e.output.projection, self.tensors[t].shape, strict=True))
        )

    def kind(self, tensor: str) -> str:
        """What a tensor is to the workload: one of `TENSOR_KINDS`; an output that is read as well is an output."""
        if tensor not in self._producer:
            return "weight" if tensor.startswith("W") else "input"
        return "output" if tensor in self.outputs else "intermediate"

    @property
    def operations(self) -> int:
        """Operations of all Einsums."""
        return sum(e.operations for e in self.einsums)

    def __repr__(self) -> str:
        return f"Workload({self.name!r}, {len(self.einsums)} einsums, {len(self.tensors)} tensors)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workload) and (
            self.name == other.name
            and {e.name: e for e in self.einsums} == {e.name: e for e in other.einsums}
            and self.tensors == other.tensors
            and self.declared_outputs == other.declared_outputs
            and self.read_later == other.read_later
        )

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(e.name for e in self.einsums))))

    # -- checks ---------------------------------------------------------------------------

    def _index(self, einsums: list[Einsum]) -> None:
        for e in einsums:
            where = f"workload {self.name!r}: einsum {e.name!r}"
            if e.name in self._by_name:
                raise InputError("two einsums have this name", where=where)
            self._by_name[e.name] = e
            other = self._producer.get(e.output.tensor)
            if other is not None:
                raise InputError(
                    f"tensor {e.output.tensor!r} is produced twice, by {other.name!r} as well", where=where
                )
            self._producer[e.output.tensor] = e
        for e in einsums:
            for tensor in e.reads:
                self._consumers.setdefault(tensor, []).append(e)
        self._check_dimensions(einsums)

    def _check_dimensions(self, einsums: list[Einsum]) -> None:
        """A tensor has as many dimensions wherever it stands as where it is written, or else first read."""
        first: dict[str, tuple[Access, str]] = {e.output.tensor: (e.output, e.name) for e in einsums}
        for e in einsums:
            for access in e.inputs:
                known, by = first.setdefault(access.tensor, (access, e.name))
                if len(known.projection) != len(access.projection):
                    raise InputError(
                        f"{access} has {len(access.projection)} dimensions, but {known} of einsum {by!r} has "
                        f"{len(known.projection)}",
                        where=f"workload {self.name!r}: einsum {e.name!r}",
                        hint="give an index for each dimension",
                    )

    def _sorted(self, einsums: list[Einsum]) -> list[Einsum]:
        """Topological order, stable with respect to the order given."""
        done: dict[str, int] = {}
        order: list[Einsum] = []
        for root in einsums:
            stack = [(root, iter(root.reads))]
            while stack:
                e, reads = stack[-1]
                if done.get(e.name) == 2:
                    stack.pop()
                    continue
                done[e.name] = 1
                for tensor in reads:
                    producer = self._producer.get(tensor)
                    if producer is None or done.get(producer.name) == 2:
                        continue
                    if done.get(producer.name) == 1:
                        through = "" if producer is e else f": a cycle through {producer.name!r} and {e.name!r}"
                        raise InputError(
                            f"tensor {tensor!r} depends on itself{through}",
                            where=f"workload {self.name!r}: einsum {e.name!r}",
                            hint="what it writes needs another name than what it reads",
                        )
                    stack.append((producer, iter(producer.reads)))
                    break
                else:
                    done[e.name] = 2
                    order.append(e)
                    stack.pop()
        position = {e.name: i for i, e in enumerate(order)}
        for consumers in self._consumers.values():
            consumers.sort(key=lambda e: position[e.name])
        return order

    def _shape(self, tensor: str, declared: tuple[int, ...] | None) -> tuple[int, ...]:
        where = f"workload {self.name!r}: tensor {tensor!r}"
        producer = self._producer.get(tensor)
        written = _reach(producer, [producer.output]) if producer else ()
        read: tuple[int, ...] = ()
        for consumer in self._consumers.get(tensor, ()):
            reach = _reach(consumer, [a for a in consumer.inputs if a.tensor == tensor])
            if producer and declared is None:
                for dimension, (r, w) in enumerate(zip(reach, written, strict=True)):
                    if r > w:
                        raise InputError(
                            f"shapes do not meet in dimension {dimension}: {producer.name!r} writes coordinates "
                            f"up to {w - 1}, {consumer.name!r} reads up to {r - 1}",
                            where=where,
                            hint="if what lies beyond is padding, declare the shape under tensors",
                        )
            read = tuple(map(max, read, reach)) if read else reach
        dimensions = len(written or read)
        if declared is not None:
            if len(declared) != dimensions:
                raise InputError(
                    f"the declared shape {list(declared)} has {len(declared)} dimensions, "
                    f"its accesses have {dimensions}",
                    where=where,
                )
            return declared
        shape = tuple(map(max, written, read)) if written and read else written or read
        for dimension, extent in enumerate(shape):
            if extent < 1:
                raise InputError(f"dimension {dimension} is reached by no coordinate from 0 on", where=where)
        return shape


def _reach(einsum: Einsum, accesses: list[Access]) -> tuple[int, ...]:
    """The largest coordinate reached, plus one, per dimension."""
    return tuple(
        max(reached)
        for reached in zip(
            *([form.hull(einsum.box).stop for form in access.projection] for access in accesses), strict=True
        )
    )
