"""`LSTM`, `GRU` and `RNN`: a product with all inputs, and the recurrence behind it.

`G[p,b,d,f] = X[p,b,c] * W[d,f,c]` can be fused with what is in front. The recurrence behind it,
`Y[p,d,b,e] = G[p,b,d,f] * R[d,f,e]`, cannot: a step needs all of the step before, so that it stands alone like an
opaque layer, with the operations and the traffic that it has. `f` counts the gates (4, 3 or 1) times the hidden size,
`d` the directions. Steps that are shorter than the longest one count in full, and peepholes are left out like biases.
"""

from __future__ import annotations

from looptree.importers.builder import Builder
from looptree.importers.graph import Node
from looptree.importers.nest import Read
from looptree.importers.operators.unknown import off_chip
from looptree.importers.view import View
from looptree.workload.affine import Affine

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_STATE = 5


def recurrent(builder: Builder, node: Node) -> bool:
    """The two layers of a recurrent one; `False` where the batch comes first."""
    inputs, weights, inner = (builder.view(node.given(i), node) for i in range(3))
    gates = _GATES[node.kind]
    if node.integer("layout", 0):
        return False
    if [len(view.extents) for view in (inputs, weights, inner)] != [3, 3, 3]:
        raise node.error("expected inputs and weights of three dimensions")
    steps, batch, width = inputs.extents
    ways, rows, size = inner.extents
    if rows != gates * size or weights.extents != (ways, rows, width):
        found = f"{list(weights.extents)} and {list(inner.extents)}"
        raise node.error(f"expected weights of {gates} gates for inputs of {width}, found {found}")
    element = builder.element(node.given(0))
    loops = {"p": steps, "b": batch, "d": ways, "f": rows}
    reads = [Read(inputs, (("p",), ("b",), ("c",))), Read(weights, (("d",), ("f",), ("c",)))]
    index = [("p",), ("b",), ("d",), ("f",)]
    projected = builder.part(node, "gates", loops | {"c": width}, reads, index, "mac", element=element, summed=["c"])
    projected = off_chip(builder, projected, (steps, batch, ways, rows))
    reads = [Read(projected, tuple(index)), Read(inner, (("d",), ("f",), ("e",)))]
    if node.given(_STATE) and not builder.is_constant(node.given(_STATE)):
        state = off_chip(builder, builder.view(node.given(_STATE), node), builder.type(node.given(_STATE)).shape)
        reads.append(Read(state, (("d",), ("b",), ("e",))))
    builder.made.opaque.append((node.name, node.title))
    _outputs(builder, node, loops | {"e": size}, reads)
    return True


def _outputs(builder: Builder, node: Node, loops: dict[str, int], reads: list[Read]) -> None:
    """What all steps make, or only the last; further states are read from it."""
    last = [("d",), ("b",), ("e",)]
    whole = bool(node.made(0)) or not any(node.outputs)
    first = next(place for place, value in enumerate(node.outputs) if value)
    index, summed = ([("p",), *last], ["f"]) if whole else (last, ["p", "f"])
    shape = tuple(loops[entry[0]] for entry in index)
    kind, element = node.kind.lower(), builder.element(node.given(0))
    made = builder.einsum(node, "", shape, loops, reads, index, kind, element, summed)
    made = _shown(builder, node, first, made)
    read = Read(made, (Affine((), loops["p"] - 1), *last) if whole else tuple(last))
    own = {name: loops[name] for name in "dbe"}
    for place, part in ((1, "state"), (2, "cell")):
        if node.made(place) and place != first:
            view = builder.part(node, part, own, [read], last, "copy", element=element)
            _shown(builder, node, place, view)


def _shown(builder: Builder, node: Node, place: int, view: View) -> View:
    """An output that is off chip for whoever reads it."""
    value = node.made(place)
    stored = off_chip(builder, view, builder.type(value).shape)
    builder.show(value, stored if builder.is_read(value) else view, node)
    return stored
