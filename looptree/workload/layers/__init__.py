"""The layer shorthand: network files of layers, expanded to Einsums with checked shapes."""

from looptree.workload.layers.network import network_from_node
from looptree.workload.layers.published import Published, read_published
from looptree.workload.layers.registry import LAYER_TYPES

__all__ = ["LAYER_TYPES", "Published", "network_from_node", "read_published"]
