"""What can be chosen: the mapping tree (a LoopTree) as frozen, self-checking values."""

from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree, Node, RankRef, Storage, Temporal

__all__ = ["Branch", "Chain", "Compute", "LoopTree", "Node", "RankRef", "Storage", "Temporal"]
