"""From a PyTorch module to a `Program`: exported by `torch.export`, without running it on numbers.

PyTorch is imported where it is used: this module can be imported without it.

Operators that looptree knows stay whole (a linear layer, an attention); all others are decomposed to the core ATen
operators, as PyTorch defines them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from looptree.errors import InputError
from looptree.importers.aten.operators.registry import OPAQUE, OPERATORS
from looptree.importers.aten.program import Argument, Call, Constant, Program, Value
from looptree.importers.elements import ELEMENTS, Element
from looptree.importers.graph import Array, Type
from looptree.importers.known import MAX_VALUES

_ELEMENTS = {element.name: element for element in ELEMENTS.values()}
_SPELLED = {
    "float8_e4m3fn": "float8e4m3fn", "float8_e4m3fnuz": "float8e4m3fnuz", "float8_e5m2": "float8e5m2",
    "float8_e5m2fnuz": "float8e5m2fnuz", "float8_e8m0fnu": "float8e8m0",
}  # fmt: skip


def program_of(module: Any, arguments: Sequence[Any], keywords: Mapping[str, Any] | None = None) -> Program:
    """The program of a module on example inputs, or of what `torch.export.export` made of it.

    Args:
        module: a `torch.nn.Module` or a `torch.export.ExportedProgram`. The module is exported as for inference
            (`eval()`), and left as it was.
        arguments: example inputs; only their shapes and element types matter.
        keywords: example inputs by name.

    Raises:
        InputError: it is neither, or PyTorch cannot export it, for the reason that PyTorch gives.
    """
    import torch

    if isinstance(module, torch.export.ExportedProgram):
        return _Writer(_decomposed(module), "model").program()
    if not isinstance(module, torch.nn.Module):
        raise InputError(f"expected a torch.nn.Module or an exported program, found {type(module).__name__}")
    name = type(module).__name__
    with _for_inference(module):
        try:
            exported = torch.export.export(module, tuple(arguments), dict(keywords or {}))
        except Exception as problem:  # the package raises dozens of kinds
            raise InputError(
                f"PyTorch cannot export the module: {_reason(problem)}",
                where=name,
                hint="torch.export.export(module, example_inputs) says more",
            ) from problem
        return _Writer(_decomposed(exported), name).program()


@contextmanager
def _for_inference(module: Any) -> Iterator[None]:
    training = {part: part.training for part in module.modules()}
    try:
        module.eval()
        yield
    finally:
        for part, was in training.items():
            part.training = was


def _decomposed(exported: Any) -> Any:
    """The program with only known operators and core ATen operators in it."""
    import torch

    table = torch.export.default_decompositions()
    for overload in list(table):
        if _operator(overload) in OPERATORS or _operator(overload) in OPAQUE:
            del table[overload]
    return exported.run_decompositions(table)


def _operator(overload: Any) -> str:
    return str(overload).rpartition(".")[0].removeprefix("aten.")


class _Writer:
    """Writes an exported program down."""

    def __init__(self, exported: Any, name: str) -> None:
        self.exported = exported
        self.name = name
        self.types: dict[str, Type] = {}
        self.names: dict[Any, str] = {}
        self.calls: list[Call] = []

    def program(self) -> Program:
        """The whole program."""
        import torch

        inputs, constants = self._given()
        outputs: list[str] = []
        for node in self.exported.graph.nodes:
            if node.op == "call_function":
                self._call(node)
            elif node.op == "output":
                kept = {spec.arg.name for spec in self.exported.graph_signature.output_specs if _leaves(spec)}
                outputs += [self.names[a] for a in node.args[0] if isinstance(a, torch.fx.Node) and a.name in kept]
        return Program(
            self.name, tuple(self.calls), tuple(inputs), constants, tuple(dict.fromkeys(outputs)), self.types
        )

    def _given(self) -> tuple[list[str], dict[str, Constant]]:
        import torch

        specs = {spec.arg.name: spec for spec in self.exported.graph_signature.input_specs}
        kinds = torch.export.graph_signature.InputKind
        tensors = {**self.exported.constants, **self.exported.state_dict}
        inputs: list[str] = []
        constants: dict[str, Constant] = {}
        for node in self.exported.graph.nodes:
            if node.op != "placeholder" or not isinstance(node.meta.get("val"), torch.Tensor):
                continue
            spec = specs[node.name]
            if spec.kind == kinds.USER_INPUT:
                inputs.append(self._value(node, node.name, node.meta["val"]))
            else:
                trained = spec.kind == kinds.PARAMETER
                array = None if trained else _array(tensors.get(spec.target))
                constants[self._value(node, str(spec.target), node.meta["val"])] = Constant(trained, array)
        return inputs, constants

    def _call(self, node: Any) -> None:
        import torch

        if node.target is operator.getitem and isinstance(node.args[0], torch.fx.Node):
            source = f"{self.names[node.args[0]]}:{node.args[1]}"
            self.names[node] = source
            return
        values = node.meta.get("val")
        if isinstance(values, (tuple, list)):
            self.names[node] = node.name
            outputs = tuple(
                self._value(None, f"{node.name}:{i}", value) if isinstance(value, torch.Tensor) else ""
                for i, value in enumerate(values)
            )
        elif isinstance(values, torch.Tensor):
            outputs = (self._value(node, node.name, values),)
        else:
            return  # an assertion about shapes
        stack = list((node.meta.get("nn_module_stack") or {}).values())
        module = str(stack[-1][0]) if stack else ""
        self.calls.append(Call(str(node.target), node.name, module, self._arguments(node), outputs))

    def _value(self, node: Any, name: str, tensor: Any) -> str:
        if node is not None:
            self.names[node] = name
        if not all(isinstance(extent, int) for extent in tensor.shape):
            raise InputError(
                f"the shape of {name!r} depends on data or is dynamic: {list(tensor.shape)}",
                where=self.name,
                hint="export with static shapes, and cut the module in front of what depends on data",
            )
        self.types[name] = Type(_element(tensor.dtype, self.name), tuple(tensor.shape))
        return name

    def _arguments(self, node: Any) -> dict[str, Argument]:
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            return {f"input{i}": self._argument(value) for i, value in enumerate(node.args)}
        found: dict[str, Argument] = {}
        for position, formal in enumerate(schema.arguments):
            if position < len(node.args):
                value = node.args[position]
            else:
                value = node.kwargs.get(formal.name, formal.default_value)
            found[formal.name] = self._argument(value)
        return found

    def _argument(self, value: Any) -> Argument:
        import torch

        if isinstance(value, torch.fx.Node):
            return Value(self.names[value]) if value in self.names else None
        if isinstance(value, (list, tuple)):
            return tuple(self._argument(item) for item in value)
        if isinstance(value, torch.dtype):
            return _element(value, self.name).name
        return value if isinstance(value, (int, float, str)) else None


def _leaves(spec: Any) -> bool:
    import torch

    return bool(spec.kind == torch.export.graph_signature.OutputKind.USER_OUTPUT and hasattr(spec.arg, "name"))


def _element(dtype: Any, where: str) -> Element:
    name = str(dtype).removeprefix("torch.")
    element = _ELEMENTS.get(_SPELLED.get(name, name))
    if element is None:
        raise InputError(f"unknown element type {name}", where=where)
    return element


def _array(tensor: Any) -> Array | None:
    """The elements of a small tensor of whole numbers: positions, masks, sizes."""
    import torch

    if not isinstance(tensor, torch.Tensor) or tensor.is_floating_point() or tensor.numel() > MAX_VALUES:
        return None
    if tensor.is_complex() or tensor.device.type == "meta":
        return None
    return np.asarray(tensor.detach().cpu().tolist(), dtype=str(tensor.dtype).removeprefix("torch."))


def _reason(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(problem).__name__
