"""The hardware: memory levels from the outside in, then compute."""

from looptree.architecture.architecture import Architecture, Compute, check_named
from looptree.architecture.array import Array
from looptree.architecture.level import Level, Limit, Partition, Ports
from looptree.architecture.reader import architecture_from_node, read_architecture

__all__ = [
    "Architecture",
    "Array",
    "Compute",
    "Level",
    "Limit",
    "Partition",
    "Ports",
    "architecture_from_node",
    "check_named",
    "read_architecture",
]
