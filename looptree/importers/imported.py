"""What an import gives: the workload, and what became of the nodes of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from looptree.workload.workload import Workload

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class OperatorCount:
    """What the nodes of one operator became.

    Attributes:
        operator: its name, with its domain where that is not ONNX itself.
        nodes: nodes in the model, without those that only compute constants.
        layers: Einsums that they became.
        operations: of these.
    """

    operator: str
    nodes: int
    layers: int
    operations: int


@dataclass(frozen=True, slots=True)
class Imported:
    """A model as a workload.

    Attributes:
        workload: the layers.
        operators: counts by operator, most operations first.
        folded: nodes that are part of another layer, or only lay elements out, by operator.
        moved: layers that only move data, because no affine projection does without them.
        opaque: nodes of which nothing is known but what they read and write, with their operators.
        parameters: elements of all constants that layers read; of a table of embeddings, the whole table.
        model_parameters: elements of all parameters of a PyTorch module, also of those that no layer reads, such as
            biases; `None` for an ONNX model, which does not tell parameters from other constants.
        origins: tensors from outside, with the input or constant of the model that each one is.
        outputs: outputs of the model, with the tensor that each one is.
    """

    workload: Workload
    operators: tuple[OperatorCount, ...]
    folded: Mapping[str, int]
    moved: tuple[str, ...]
    opaque: tuple[tuple[str, str], ...]
    parameters: int
    origins: Mapping[str, str]
    outputs: Mapping[str, str]
    model_parameters: int | None = None

    def _repr_html_(self) -> str:
        """What a notebook shows: the layers."""
        return self.workload._repr_html_()

    def to_pandas(self) -> pandas.DataFrame:
        """One row per layer."""
        return self.workload.to_pandas()

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "network": self.workload.name,
            "layers": len(self.workload.einsums),
            "operations": self.workload.operations,
            "parameters": self.parameters,
            **({} if self.model_parameters is None else {"model_parameters": self.model_parameters}),
            "operators": [
                {"operator": o.operator, "nodes": o.nodes, "layers": o.layers, "operations": o.operations}
                for o in self.operators
            ],
            "folded": dict(self.folded),
            "moved": list(self.moved),
            "opaque": [{"node": node, "operator": operator} for node, operator in self.opaque],
            "inputs": dict(self.origins),
            "outputs": dict(self.outputs),
        }
