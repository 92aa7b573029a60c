"""Where two workloads differ first, in words."""

from __future__ import annotations

from looptree.workload.einsum import Einsum
from looptree.workload.workload import Workload


def first_difference(expected: Workload, found: Workload) -> str | None:
    """The first difference in what is computed; `None` if there is none.

    Names of workloads, labels of layers and the order in which layers are listed do not count. Layers are compared
    first, in the order of `expected`, then tensors.

    >>> from looptree.workload.expression import parse_expression
    >>> out, ins, op = parse_expression("C[m,n] = A[m,k] * B[k,n]")
    >>> four, five = (Workload("w", [Einsum("fc", {"m": m, "n": 3, "k": 2}, ins, out, op)]) for m in (4, 5))
    >>> first_difference(four, five)
    "layer 'fc', extent of rank 'm': expected 4, found 5"
    >>> first_difference(four, four) is None
    True
    """
    others = {einsum.name: einsum for einsum in found.einsums}
    known = {einsum.name for einsum in expected.einsums}
    for einsum in expected.einsums:
        if einsum.name not in others:
            return f"layer {einsum.name!r}: expected one of this name, found {_names(set(others) - known)}"
        different = _layer(einsum, others[einsum.name])
        if different:
            return f"layer {einsum.name!r}, {different}"
    more = set(others) - known
    return f"layers: expected no further ones, found {_names(more)}" if more else _tensors(expected, found)


def _layer(expected: Einsum, found: Einsum) -> str | None:
    for rank, extent in expected.ranks.items():
        if rank not in found.ranks:
            return f"rank {rank!r}: expected extent {extent}, found no such rank"
        if found.ranks[rank] != extent:
            return f"extent of rank {rank!r}: expected {extent}, found {found.ranks[rank]}"
    for rank in found.ranks:
        if rank not in expected.ranks:
            return f"rank {rank!r}: expected no such rank, found extent {found.ranks[rank]}"
    if (expected.output, expected.inputs) != (found.output, found.inputs):
        return f"expression: expected {expected.expression}, found {found.expression}"
    if expected.operation != found.operation:
        return f"operation: expected {expected.operation}, found {found.operation}"
    return None


def _tensors(expected: Workload, found: Workload) -> str | None:
    """Tensors of equal layers: their names are the same."""
    for name, tensor in expected.tensors.items():
        other = found.tensors[name]
        if tensor.shape != other.shape:
            return f"tensor {name!r}, shape: expected {list(tensor.shape)}, found {list(other.shape)}"
        if tensor.bits != other.bits:
            return f"tensor {name!r}, bits per word: expected {tensor.bits}, found {other.bits}"
    if set(expected.outputs) != set(found.outputs):
        return f"outputs: expected {', '.join(sorted(expected.outputs))}, found {', '.join(sorted(found.outputs))}"
    return None


def _names(names: set[str], most: int = 3) -> str:
    shown = ", ".join(map(repr, sorted(names)[:most])) + (", ..." if len(names) > most else "")
    return shown or "none"
