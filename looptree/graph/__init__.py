"""The layer graph: Einsums and the tensors between them, groups that may be fused, and a drawing."""

from looptree.graph.annotation import annotate
from looptree.graph.drawing import draw
from looptree.graph.export import dot, graphml, plain_graph
from looptree.graph.groups import fusion_candidates, is_convex
from looptree.graph.layer_graph import layer_graph, topological_order
from looptree.graph.picture import svg

__all__ = [
    "annotate",
    "dot",
    "draw",
    "fusion_candidates",
    "graphml",
    "is_convex",
    "layer_graph",
    "plain_graph",
    "svg",
    "topological_order",
]
