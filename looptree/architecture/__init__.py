"""The hardware: memory levels from the outside in, then compute."""

from looptree.architecture.architecture import Architecture, Compute, Level
from looptree.architecture.array import Array
from looptree.architecture.reader import architecture_from_node, read_architecture

__all__ = ["Architecture", "Array", "Compute", "Level", "architecture_from_node", "read_architecture"]
