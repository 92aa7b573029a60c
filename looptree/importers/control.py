"""`If`, `Loop` and `Scan` written out: the branch that is taken, or the body once per iteration.

That needs a condition and a number of iterations that only depend on constants. All others are left as they are: opaque
layers, if the model says what shapes they make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from looptree.importers.elements import ELEMENTS
from looptree.importers.graph import Array, Node, Type
from looptree.importers.known import Known

MAX_INNER_NODES = 20_000
"""Nodes that one `Loop` or `Scan` may be written out as."""

_INT64 = ELEMENTS[7]

Visit = Callable[[onnx.GraphProto, str, Sequence[str]], None]
"""Adds the constants and the nodes of a graph that some values need; the node that it is of names them."""


@dataclass(frozen=True, slots=True)
class Control:
    """What writing out needs of whoever infers types.

    Attributes:
        known: types and constants. inside: adds a graph. add: adds a node of ONNX itself.
    """

    known: Known
    inside: Visit
    add: Callable[[onnx.NodeProto], None]

    def expand(self, node: Node, proto: onnx.NodeProto) -> bool:
        """Write out a node, if it is one of control flow and can be; whether it could."""
        if node.domain or node.kind not in ("If", "Loop", "Scan"):
            return False
        if node.kind == "If":
            return self._branch(node, proto)
        body = next((a.g for a in proto.attribute if a.name == "body"), None)
        if body is None:
            raise node.error("expected a body, found none")
        return self._loop(node, body) if node.kind == "Loop" else self._scan(node, body)

    def _branch(self, node: Node, proto: onnx.NodeProto) -> bool:
        condition = self._truth(node.given(0))
        if condition is None:
            return False
        wanted = "then_branch" if condition else "else_branch"
        branch = next((a.g for a in proto.attribute if a.name == wanted), None)
        if branch is None or len(branch.output) != len(node.outputs):
            raise node.error(f"expected a {wanted} with {len(node.outputs)} outputs, found another")
        made = [value.name for value in branch.output]
        self.inside(branch, node.file, made)
        for source, target in zip(made, node.outputs, strict=True):
            self._pass(source, target)
        return True

    def _loop(self, node: Node, body: onnx.GraphProto) -> bool:
        carried = list(node.inputs[2:])
        if len(body.input) != 2 + len(carried) or len(body.output) < 1 + len(carried):
            raise node.error(f"expected a body of {2 + len(carried)} inputs, found {len(body.input)}")
        if len(node.outputs) > len(body.output) - 1:
            raise node.error(f"expected {len(body.output) - 1} outputs, found {len(node.outputs)}")
        most, going = self._number(node.given(0)), self._truth(node.given(1)) if node.given(1) else True
        if (node.given(0) and most is None) or going is None or not self._decides(node, body, most):
            return False
        collected: list[list[str]] = [[] for _ in body.output[1 + len(carried) :]]
        step = 0
        while going and (most is None or step < most):
            if (step + 1) * len(body.node) > MAX_INNER_NODES:
                raise node.error(f"is more than {MAX_INNER_NODES} nodes when it is written out")
            counter, condition = f"{node.name}/{step}", f"{node.name}/{step}/condition"
            self.known.know(counter, Type(_INT64, ()), np.array(step, np.int64))
            self.known.know(condition, Type(ELEMENTS[9], ()), np.array(True))
            made = self._iteration(node, body, step, [counter, condition, *carried])
            going = self._truth(made[0])
            if going is None:
                raise node.error(f"whether it goes on after step {step} depends on data", "cut the model in front")
            carried = made[1 : 1 + len(carried)]
            for values, value in zip(collected, made[1 + len(carried) :], strict=True):
                values.append(value)
            step += 1
        if not step and collected:
            return False
        self._finish(node, carried, collected, [0] * len(collected))
        return True

    def _decides(self, node: Node, body: onnx.GraphProto, most: int | None) -> bool:
        """Whether the body's condition will be known: it depends on constants, or only on the condition before."""
        held = {body.input[1].name, body.input[0].name}
        held |= {
            formal.name
            for formal, value in zip(body.input[2:], node.inputs[2:], strict=True)
            if self.known.constants.get(value) is not None
        }
        held |= {tensor.name for tensor in body.initializer}
        for inner in body.node:
            if all(not value or value in held or self.known.constants.get(value) is not None for value in inner.input):
                held |= set(inner.output)
        return body.output[0].name in held and (most is not None or bool(node.given(1)))

    def _scan(self, node: Node, body: onnx.GraphProto) -> bool:
        count = node.integer("num_scan_inputs")
        states, scanned = list(node.inputs[: len(node.inputs) - count]), node.inputs[len(node.inputs) - count :]
        made_count = len(body.output) - len(states)
        if node.version < 9 or count < 1 or len(body.input) != len(node.inputs) or made_count < 0:
            return False
        axes = node.integers("scan_input_axes", (0,) * count, count)
        back = node.integers("scan_input_directions", (0,) * count, count)
        shapes = [self.known.types[value].shape for value in scanned]
        if any(not -len(shape) <= axis < len(shape) for axis, shape in zip(axes, shapes, strict=True)):
            raise node.error(f"expected axes of its inputs, found {list(axes)}")
        steps = shapes[0][axes[0]]
        if any(shape[axis] != steps for axis, shape in zip(axes, shapes, strict=True)):
            raise node.error("its inputs are scanned in different numbers of steps")
        if not steps or steps * len(body.node) > MAX_INNER_NODES:
            return False
        collected: list[list[str]] = [[] for _ in range(made_count)]
        for step in range(steps):
            given: list[str] = []
            for value, axis, reverse in zip(scanned, axes, back, strict=True):
                place, picked = f"{node.name}/{step}/place", f"{node.name}/{step}/{len(given)}"
                index = steps - 1 - step if reverse else step
                self.known.know(f"{place}{len(given)}", Type(_INT64, ()), np.array(index, np.int64))
                self.add(helper.make_node("Gather", [value, f"{place}{len(given)}"], [picked], axis=axis))
                given.append(picked)
            made = self._iteration(node, body, step, [*states, *given])
            states = made[: len(states)]
            for values, value in zip(collected, made[len(states) :], strict=True):
                values.append(value)
        ways = node.integers("scan_output_directions", (0,) * made_count, made_count)
        collected = [values[::-1] if way else values for values, way in zip(collected, ways, strict=True)]
        self._finish(node, states, collected, node.integers("scan_output_axes", (0,) * made_count, made_count))
        return True

    # -- parts ----------------------------------------------------------------------------

    def _iteration(self, node: Node, body: onnx.GraphProto, step: int, given: Sequence[str]) -> list[str]:
        """One iteration of a body; the values that it makes."""
        prefix = f"{node.name}/{step}/"
        own = {value.name for value in body.initializer} | {name for inner in body.node for name in inner.output}
        names = {name: prefix + name for name in own if name}
        names |= {formal.name: value for formal, value in zip(body.input, given, strict=True)}
        graph = onnx.GraphProto()
        graph.CopyFrom(body)
        _rename(graph, names)
        for inner in graph.node:
            inner.name = f"{prefix}{inner.name or inner.op_type}"
        made = [names.get(value.name, value.name) for value in body.output]
        self.inside(graph, node.file, made)
        return made

    def _finish(
        self, node: Node, carried: Sequence[str], collected: Sequence[Sequence[str]], axes: Sequence[int]
    ) -> None:
        """What a loop makes: the last values, and those of all steps one behind the other."""
        for source, target in zip(carried, node.outputs, strict=False):
            self._pass(source, target)
        for values, axis, target in zip(collected, axes, node.outputs[len(carried) :], strict=False):
            rows = []
            for step, value in enumerate(values if target else ()):
                places = f"{target}/axes"
                self.known.know(places, Type(_INT64, (1,)), np.array([axis], np.int64))
                rows.append(f"{target}/{step}")
                self.add(helper.make_node("Unsqueeze", [value, places], [rows[-1]]))
            if target:
                self.add(helper.make_node("Concat", rows, [target], axis=axis))

    def _pass(self, source: str, target: str) -> None:
        if target:
            self.add(helper.make_node("Identity", [source], [target]))

    def _value(self, value: str) -> Array | None:
        array = self.known.constants.get(value)
        return array.reshape(-1) if array is not None and array.size == 1 else None

    def _truth(self, value: str) -> bool | None:
        array = self._value(value)
        return None if array is None else bool(array[0])

    def _number(self, value: str) -> int | None:
        array = self._value(value)
        return None if array is None else int(array[0])


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Other names for values, also where inner graphs read them."""
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    for value in (*graph.output, *graph.value_info):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for values in (node.input, node.output):
            values[:] = [names.get(name, name) for name in values]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                own = {value.name for value in (*inner.input, *inner.initializer)}
                own |= {name for made in inner.node for name in made.output}
                _rename(inner, {name: new for name, new in names.items() if name not in own})
