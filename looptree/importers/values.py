"""Values of the model and the tensors that hold them: inputs, weights, results, each seen through a view."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from looptree.importers.elements import Element
from looptree.importers.graph import Graph, Node, Type
from looptree.importers.made import Made
from looptree.importers.names import default_ranks, layer_name, tensor_name, unique
from looptree.importers.regions import Roles
from looptree.importers.view import View, plain


class Values(ABC):
    """The values of a graph, and everything that has been made so far."""

    def __init__(self, graph: Graph, roles: Roles) -> None:
        self.graph = graph
        self.roles = roles
        self.made = Made()
        self.layers: dict[str, str] = {}
        self._views: dict[str, View] = {}
        self._shown: dict[View, Node] = {}
        self._copies: dict[View, View] = {}
        self._taken: set[str] = set()
        self._read = {value for node in graph.nodes for value in node.reads}
        self._again: dict[str, str] = {}
        for value, type_ in graph.inputs.items():
            self._from_outside(value, unique(tensor_name(value), self._taken), type_)

    # -- values ---------------------------------------------------------------------------

    def type(self, value: str) -> Type:
        """Element type and shape of a value."""
        return self.graph.types[value]

    def is_constant(self, value: str) -> bool:
        """Whether a value is known before anything runs."""
        return value in self.graph.constants

    def is_scalar(self, value: str) -> bool:
        """A constant of one element, which no layer reads: it is part of what the layer computes."""
        return self.is_constant(value) and self.type(value).size == 1

    def view(self, value: str, node: Node) -> View:
        """How a value is stored; `node` is the first that reads it, which a constant is named after."""
        if value not in self._views and self.is_constant(value):
            alias = self.graph.aliases.get(value)
            if alias is not None:
                self._views[value] = self._laid_out(alias, self.view(alias.given(0), node))
            else:
                wanted = (
                    f"W_{self.layer(node)}" if f"W_{self.layer(node)}" not in self._taken else f"W_{tensor_name(value)}"
                )
                self._from_outside(value, unique(wanted, self._taken), self.type(value))
        return self._views[value]

    def show(self, value: str, view: View, node: Node) -> None:
        """A value is what an earlier one was, seen through another view."""
        if view.extents != self.type(value).shape:
            found, wanted = list(view.extents), list(self.type(value).shape)
            raise node.error(f"makes {value!r} of shape {found}, expected {wanted}", "the attributes do not agree")
        self._views[value] = view
        self._shown.setdefault(view, node)

    def element(self, value: str) -> Element:
        """What is stored for a value."""
        return self.roles.elements.get(value, self.type(value).element)

    def layer(self, node: Node) -> str:
        """The name of the layer that a node becomes."""
        if node.name not in self.layers:
            name = unique(layer_name(node.name, node.kind), self._taken)
            self._taken.add(name)
            self.layers[node.name] = name
        return self.layers[node.name]

    def outside(self, name: str, shape: Sequence[int], element: Element, origin: str) -> View:
        """A new tensor from outside."""
        name = unique(name, self._taken)
        self._taken.add(name)
        view = plain(name, shape, default_ranks(tuple(shape)))
        self.made.shapes[name] = view.shape
        self.made.elements[name] = element
        self.made.origins[name] = origin
        return view

    def again(self, tensor: str) -> str:
        """A tensor that was written off chip, as one from outside: who reads it begins anew."""
        if tensor not in self._again:
            view = self.outside(f"{tensor}_stored", self.made.shapes[tensor], self.made.elements[tensor], tensor)
            self._again[tensor] = view.tensor
        return self._again[tensor]

    def is_read(self, value: str) -> bool:
        """Whether any node reads a value."""
        return value in self._read

    def _from_outside(self, value: str, name: str, type_: Type) -> None:
        self._views[value] = self.outside(name, type_.shape, self.element(value), value)

    def unit(self, view: View, axis: int) -> View:
        """A dimension of extent 1 that is stored, so that reading beside it reads nothing."""
        if view.dimensions[axis]:
            return view
        known = self.made.units.setdefault(view.tensor, [])
        key = (len(view.dimensions), axis)
        if key not in known:
            known.append(key)
        return view.with_unit(axis, len(self.made.shapes[view.tensor]) + known.index(key))

    def name(self, node: Node, part: str) -> str:
        """The name of a layer of a node; further ones are named after the `part` that they are."""
        if not part:
            return self.layer(node)
        name = unique(f"{self.layer(node)}_{part}", self._taken)
        self._taken.add(name)
        return name

    @abstractmethod
    def _laid_out(self, node: Node, view: View) -> View:
        """What the first input of a node that only lays out elements differently is, seen as its output."""
