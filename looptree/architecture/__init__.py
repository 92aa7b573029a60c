"""The hardware: memory levels from the outside in, then compute."""

from looptree.architecture.architecture import Architecture, Compute, check_named
from looptree.architecture.array import Array
from looptree.architecture.cores import Cores
from looptree.architecture.level import Level, Partition
from looptree.architecture.network import Network
from looptree.architecture.ports import Limit, Ports
from looptree.architecture.reader import architecture_from_node, read_architecture

__all__ = [
    "Architecture",
    "Array",
    "Compute",
    "Cores",
    "Level",
    "Limit",
    "Network",
    "Partition",
    "Ports",
    "architecture_from_node",
    "check_named",
    "read_architecture",
]
