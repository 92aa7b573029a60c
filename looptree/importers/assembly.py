"""The last step: layers put together as a workload, with the report of what became of the nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from looptree.errors import InputError
from looptree.importers.elements import Element
from looptree.importers.graph import Graph
from looptree.importers.imported import Imported, OperatorCount
from looptree.importers.lowering import lowered
from looptree.importers.made import Draft, Made
from looptree.importers.patterns import with_norms
from looptree.importers.regions import roles_of
from looptree.importers.scaling import with_scales
from looptree.importers.splitting import Shapes, split
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access, Einsum
from looptree.workload.workload import Workload


def assembled(graph: Graph, *, bits: int | None = None, fold: bool = True, strict: bool = False) -> Imported:
    """The workload of a graph.

    Args:
        graph: nodes, types and constants.
        bits: word width of every floating-point tensor.
        fold: fold elementwise nodes into the layer in front of them.
        strict: an operator that is not known is an error.
    """
    simple = with_scales(with_norms(graph)) if fold else graph
    builder = lowered(simple, roles_of(simple, fold=fold), strict=strict)
    made = builder.made
    drafts, shapes = split(made.drafts, made.shapes, made.cut)
    workload = _workload(graph, made, drafts, shapes, bits)
    weights = [tensor for tensor in workload.inputs if tensor.startswith("W_") and tensor in made.origins]
    return Imported(
        workload,
        _operators(simple, drafts),
        _folded(graph, {draft.layer for draft in drafts}, builder.layers),
        tuple(draft.name for draft in drafts if draft.operation == "copy"),
        tuple(made.opaque),
        sum(made.tables.get(tensor, workload.tensors[tensor].size) for tensor in weights),
        {tensor: origin for tensor, origin in made.origins.items() if tensor in workload.tensors},
        made.leaving,
        graph.parameters,
    )


def _workload(graph: Graph, made: Made, drafts: Sequence[Draft], shapes: Shapes, bits: int | None) -> Workload:
    """The layers with every shape and width written out; a tensor without dimensions gets one of extent 1."""
    full = {tensor: (*shape, *(1 for _ in made.units.get(tensor, ()))) or (1,) for tensor, shape in shapes.items()}
    einsums = [_einsum(draft, full, graph.file) for draft in drafts]
    read = {tensor for einsum in einsums for tensor in einsum.reads}
    touched = read | {einsum.output.tensor for einsum in einsums}
    used = [tensor for tensor in full if tensor in touched]
    try:
        return Workload(
            graph.name,
            einsums,
            shapes={tensor: full[tensor] for tensor in used},
            bits={tensor: _width(made.elements[tensor], bits, tensor) for tensor in used},
            outputs=[tensor for tensor in made.outputs if tensor in read],
        )
    except InputError as problem:
        raise problem.at(graph.file) from None


def _einsum(draft: Draft, shapes: Shapes, file: str) -> Einsum:
    def access(given: Access) -> Access:
        missing = len(shapes[given.tensor]) - len(given.projection)
        return Access(given.tensor, (*given.projection, *(Affine((), 0),) * missing))

    try:
        reads = tuple(access(read) for read in draft.reads)
        return Einsum(draft.name, draft.ranks, reads, access(draft.output), draft.operation, draft.layer)
    except InputError as problem:
        raise problem.at(file) from None


def _width(element: Element, bits: int | None, tensor: str) -> int:
    if not element.bits:
        raise InputError(f"tensor {tensor!r} holds text, which has no word width")
    return bits if bits is not None and element.floating else element.bits


def _operators(graph: Graph, drafts: Sequence[Draft]) -> tuple[OperatorCount, ...]:
    nodes = Counter(node.title for node in graph.nodes)
    layers = Counter(draft.kind for draft in drafts)
    operations: Counter[str] = Counter()
    for draft in drafts:
        size = 1
        for extent in draft.ranks.values():
            size *= extent
        operations[draft.kind] += size
    found = [OperatorCount(kind, nodes[kind], layers[kind], operations[kind]) for kind in layers]
    return tuple(sorted(found, key=lambda count: (-count.operations, count.operator)))


def _folded(graph: Graph, made: Collection[str], layers: Mapping[str, str]) -> dict[str, int]:
    """Nodes that have no layer of their own, by operator."""
    return dict(sorted(Counter(node.title for node in graph.nodes if layers.get(node.name) not in made).items()))
