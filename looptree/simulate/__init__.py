"""The slow, obvious truth: runs a mapping step by step and counts with sets of points.

>>> from looptree.architecture import Architecture, Level
>>> from looptree.taxonomy import Chain, Compute, LoopTree, RankRef, Storage, Temporal
>>> from looptree.taxonomy.binding import bind
>>> from looptree.workload import Einsum, Workload
>>> from looptree.workload.expression import parse_expression
>>> out, ins, op = parse_expression("Y[p] = X[p+r] * W[r]")
>>> conv = Workload("one", [Einsum("conv", {"p": 4, "r": 3}, ins, out, op)])
>>> nodes = (
...     Storage("DRAM", ("X", "W", "Y")),
...     Temporal((RankRef("p"),), 1),
...     Storage("GLB", ("X",)),
... )
>>> tree = LoopTree(Chain(nodes, Compute("conv")))
>>> counts = simulate(bind(conv, Architecture("a", (Level("DRAM"), Level("GLB"))), tree))
>>> counts.operations, counts.transfers["DRAM", "X"], counts.transfers["GLB", "X"]
({'conv': (12, 0)}, (6, 0), (12, 6))
"""

from looptree.simulate.counts import Counts
from looptree.simulate.run import simulate

__all__ = ["Counts", "simulate"]
