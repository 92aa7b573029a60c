"""Search: fusion, tiling and retention for whole networks, every plan evaluated by the model."""

from looptree.search.plan import Comparison, InfeasibleError, Plan, Statistics, compare, fuse

__all__ = ["Comparison", "InfeasibleError", "Plan", "Statistics", "compare", "fuse"]
