"""The layer graph of a workload: one node per Einsum, one edge per producer-consumer pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looptree.workload.einsum import Einsum
from looptree.workload.workload import Workload

if TYPE_CHECKING:
    import networkx

    from looptree.graph.shown import LayerGraph


def layer_graph(workload: Workload) -> LayerGraph:
    """The workload as a `networkx.DiGraph` that notebooks draw, its nodes in topological order.

    Node attributes: `operations`, `operation` (what one of them is), `ranks` (extent of each), `layer`,
    `output` (tensor), `output_bytes`, `leaves` (the output is one of the workload), `weights` and
    `inputs` (tensors from outside), `weight_bytes` and `input_bytes`. Edge attributes: `tensor` and
    `bytes`. Graph attribute: `name`.

    >>> from looptree.workload import Workload
    >>> from looptree.workload.expression import parse_expression
    >>> def einsum(name, text, **ranks):
    ...     output, inputs, operation = parse_expression(text)
    ...     return Einsum(name, ranks, inputs, output, operation)
    >>> pair = Workload("pair", [einsum("fc1", "T1[m,f] = T0[m,d] * W1[f,d]", m=2, f=3, d=4),
    ...                          einsum("fc2", "T2[m,f] = T1[m,d] * W2[f,d]", m=2, f=5, d=3)])
    >>> graph = layer_graph(pair)
    >>> dict(graph.edges["fc1", "fc2"]), graph.nodes["fc1"]["weight_bytes"]
    ({'tensor': 'T1', 'bytes': 6}, 12)
    """
    from looptree.graph.shown import LayerGraph

    graph = LayerGraph(name=workload.name)
    for einsum in workload.einsums:
        graph.add_node(einsum.name, **_attributes(workload, einsum))
    for einsum in workload.einsums:
        for tensor in einsum.reads:
            producer = workload.producer(tensor)
            if producer is not None:
                graph.add_edge(producer.name, einsum.name, tensor=tensor, bytes=workload.tensors[tensor].size_bytes)
    return graph


def topological_order(graph: networkx.DiGraph) -> list[str]:
    """The Einsums, each after those it reads; where that leaves a choice, in the order of the workload."""
    import networkx

    position = {name: i for i, name in enumerate(graph)}
    return list(networkx.lexicographical_topological_sort(graph, key=position.__getitem__))


def _attributes(workload: Workload, einsum: Einsum) -> dict[str, object]:
    outside = [tensor for tensor in einsum.reads if workload.producer(tensor) is None]
    weights = tuple(tensor for tensor in outside if workload.kind(tensor) == "weight")
    inputs = tuple(tensor for tensor in outside if tensor not in weights)
    return {
        "operations": einsum.operations,
        "operation": einsum.operation,
        "ranks": dict(einsum.ranks),
        "layer": einsum.layer or einsum.name,
        "output": einsum.output.tensor,
        "output_bytes": workload.tensors[einsum.output.tensor].size_bytes,
        "leaves": einsum.output.tensor in workload.outputs,
        "weights": weights,
        "weight_bytes": sum(workload.tensors[t].size_bytes for t in weights),
        "inputs": inputs,
        "input_bytes": sum(workload.tensors[t].size_bytes for t in inputs),
    }
