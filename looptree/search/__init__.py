"""Search: fusion, tiling and retention for whole networks, every plan evaluated by the model."""

from looptree.search.exhaustive import exhaustive
from looptree.search.plan import compare, fuse
from looptree.search.result import Comparison, InfeasibleError, Plan, Statistics

__all__ = ["Comparison", "InfeasibleError", "Plan", "Statistics", "compare", "exhaustive", "fuse"]
