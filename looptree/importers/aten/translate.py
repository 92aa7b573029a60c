"""From a `Program` to a `Graph`: each ATen call is translated by the function that is registered for its operator."""

from __future__ import annotations

from looptree.importers.aten.operators.registry import OPERATORS
from looptree.importers.aten.program import Call, Program
from looptree.importers.aten.translation import Translation
from looptree.importers.graph import Graph
from looptree.importers.known import without_unused


def graph_of_program(program: Program) -> Graph:
    """The graph of a program, without what its outputs do not depend on.

    Raises:
        InputError: a call that is not what its operator expects.
    """
    translation = Translation(program)
    for call in _needed(program):
        translation.types |= {value: program.types[value] for value in call.outputs if value}
        translate = OPERATORS.get(call.operator)
        if translate is None or translate(translation, call) is False:
            translation.unknown(call)
    known = translation.known
    return Graph(
        program.name,
        without_unused(known.nodes, program.outputs),
        {value: program.types[value] for value in program.inputs},
        program.outputs,
        translation.types,
        translation.constants,
        known.aliases,
        program.name,
        sum(program.types[value].size for value, constant in program.constants.items() if constant.parameter),
    )


def _needed(program: Program) -> list[Call]:
    """The calls that outputs depend on."""
    wanted = set(program.outputs)
    found = []
    for call in reversed(program.calls):
        if wanted.intersection(call.outputs):
            found.append(call)
            wanted.update(call.tensors)
    return found[::-1]
