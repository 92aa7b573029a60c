"""What is computed: ranks, tensors, projections, Einsums, workloads and their readers."""

from looptree.workload.affine import Affine, Interval
from looptree.workload.einsum import Access, Einsum
from looptree.workload.tensor import TENSOR_KINDS, Tensor
from looptree.workload.workload import Workload

__all__ = ["TENSOR_KINDS", "Access", "Affine", "Einsum", "Interval", "Tensor", "Workload"]
