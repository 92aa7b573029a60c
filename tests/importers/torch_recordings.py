"""Exported PyTorch programs as plain data, so that the importer is tested where PyTorch is not installed.

`torch_recordings/*.json` hold what `torch.export` made of the modules in `torch_modules.py`, and what PyTorch says
about them: floating-point operations, parameters, and the layers that its ONNX export becomes. With PyTorch and
onnxscript they are recorded anew, from the root of the repository, by

    python -m tests.importers.torch_recordings
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from looptree.importers.aten.program import Argument, Call, Constant, Program, Value
from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Type
from looptree.workload.einsum import Access, Einsum
from looptree.workload.workload import Workload

FOLDER = Path(__file__).with_suffix("")
_ELEMENTS = {element.name: element for element in ELEMENTS.values()}


@dataclass(frozen=True)
class Recording:
    """A program, and what PyTorch says about its module.

    Attributes:
        flops: floating-point operations of products, two for each multiply-accumulate.
        parameters: all of them.
        onnx_layers: what the ONNX model that PyTorch exports is imported as.
    """

    program: Program
    flops: int
    parameters: int
    onnx_layers: list[str]


def recordings() -> list[str]:
    """The names of all recordings."""
    return [path.stem for path in sorted(FOLDER.glob("*.json"))]


def read(name: str) -> Recording:
    data = json.loads((FOLDER / f"{name}.json").read_text())
    return Recording(program_from(data["program"]), data["flops"], data["parameters"], data["onnx_layers"])


def layers(workload: Workload) -> list[str]:
    """The layers without the names that differ: of tensors, of ranks, and in which order weights are stored."""
    names: dict[str, str] = {}
    return [_layer(einsum, workload, names) for einsum in workload.einsums]


def _layer(einsum: Einsum, workload: Workload, names: dict[str, str]) -> str:
    ranks: dict[str, str] = {}
    found = []
    for access in (einsum.output, *einsum.inputs):
        forms = [_form(access, dimension, einsum, ranks) for dimension in range(len(access.projection))]
        weight = access.tensor.startswith("W_")
        name = names.setdefault(access.tensor, f"{'W' if weight else 'T'}{len(names)}")
        found.append(f"{name}[{','.join(sorted(forms) if weight else forms)}]{workload.tensors[access.tensor].bits}")
    return f"{einsum.operation}: {found[0]} = {' '.join(found[1:])}"


def _form(access: Access, dimension: int, einsum: Einsum, ranks: dict[str, str]) -> str:
    form = access.projection[dimension]
    terms = [f"{c}*{ranks.setdefault(r, f'r{len(ranks)}')}<{einsum.ranks[r]}" for r, c in form.terms]
    return "+".join([*terms, str(form.constant)])


# -- programs as data -------------------------------------------------------------------


def data_of(program: Program) -> dict[str, Any]:
    """A program as JSON; arguments that are left out are left out."""
    return {
        "name": program.name,
        "inputs": list(program.inputs),
        "outputs": list(program.outputs),
        "types": {value: [type_.element.name, *type_.shape] for value, type_ in program.types.items()},
        "constants": {
            value: {"parameter": c.parameter}
            | ({} if c.array is None else {"elements": c.array.tolist(), "type": c.array.dtype.name})
            for value, c in program.constants.items()
        },
        "calls": [
            {
                "target": call.target,
                "name": call.name,
                "module": call.module,
                "outputs": list(call.outputs),
                "arguments": {n: _written(a) for n, a in call.arguments.items() if a is not None},
            }
            for call in program.calls
        ],
    }


def program_from(data: dict[str, Any]) -> Program:
    """A program from JSON."""
    return Program(
        data["name"],
        tuple(
            Call(
                call["target"],
                call["name"],
                call["module"],
                {name: _read(argument) for name, argument in call["arguments"].items()},
                tuple(call["outputs"]),
            )
            for call in data["calls"]
        ),
        tuple(data["inputs"]),
        {
            value: Constant(c["parameter"], np.asarray(c["elements"], c["type"]) if "elements" in c else None)
            for value, c in data["constants"].items()
        },
        tuple(data["outputs"]),
        {value: Type(_ELEMENTS[element], tuple(shape)) for value, (element, *shape) in data["types"].items()},
    )


def _written(argument: Argument) -> Any:
    if isinstance(argument, Value):
        return {"value": argument.name}
    return [_written(item) for item in argument] if isinstance(argument, tuple) else argument


def _read(data: Any) -> Argument:
    if isinstance(data, dict):
        return Value(data["value"])
    return tuple(_read(item) for item in data) if isinstance(data, list) else data


# -- recording --------------------------------------------------------------------------


def recorded() -> Iterator[tuple[str, Recording]]:
    """All recordings, made anew."""
    from looptree.importers.aten.capture import program_of
    from tests.importers.torch_modules import cases

    for name, (module, inputs) in cases().items():
        program = program_of(module, inputs)
        parameters = sum(parameter.numel() for parameter in module.parameters())
        yield name, Recording(program, _flops(module, inputs), parameters, _onnx_layers(module, inputs))


def _flops(module: Any, inputs: Any) -> int:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    torch.backends.mha.set_fastpath_enabled(False)  # the counter sees neither this nor fused attention on a CPU
    counter = FlopCounterMode(display=False)
    module.eval()
    with counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        module(*inputs)
    return int(counter.get_total_flops())


def _onnx_layers(module: Any, inputs: Any) -> list[str]:
    import torch

    from looptree.importers.assembly import assembled
    from looptree.importers.inference import graph_of

    exported = torch.onnx.export(module.eval(), inputs, dynamo=True, opset_version=23, verbose=False)
    assert exported is not None
    return layers(assembled(graph_of(exported.model_proto, "model.onnx", {})).workload)


def main() -> None:
    """Record all modules."""
    FOLDER.mkdir(exist_ok=True)
    for name, made in recorded():
        data = {
            "flops": made.flops,
            "parameters": made.parameters,
            "onnx_layers": made.onnx_layers,
            "program": data_of(made.program),
        }
        (FOLDER / f"{name}.json").write_text(_compact(data))
        print(f"{name}: {len(made.program.calls)} calls")


def _compact(data: dict[str, Any]) -> str:
    """JSON with one line per call."""
    calls = data["program"].pop("calls")
    text = json.dumps(data)
    lines = ",\n".join(json.dumps(call) for call in calls)
    return text[:-2] + ', "calls": [\n' + lines + "\n]}}\n"


if __name__ == "__main__":
    main()
