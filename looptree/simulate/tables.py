"""The tables that the whole simulation looks things up in."""

from __future__ import annotations

from looptree.simulate.budget import Budget
from looptree.simulate.operations import OperationTable
from looptree.simulate.points import PointTable
from looptree.workload import Workload


class Tables:
    """Operations by Einsum and points by tensor.

    Args:
        workload: what is computed.
        budget: what the simulation may still look at.
    """

    def __init__(self, workload: Workload, budget: Budget) -> None:
        self.budget = budget
        self.operations = {e.name: OperationTable(e, workload) for e in workload.einsums}
        self.points = {t.name: PointTable(t.shape) for t in workload.tensors.values()}
