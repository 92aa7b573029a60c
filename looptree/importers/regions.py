"""Which nodes are folded: chains of elementwise nodes become part of the layer in front of them.

A **region** are the elementwise nodes that depend on one value, its root, and on constants: `x * sigmoid(x)`, a batch
normalisation and the activation behind it, a GELU written out. If nothing else reads what is inside, the region is one
function of each element of the root: it is folded into the layer that makes the root, or becomes one layer.

Nodes that only lay out elements differently are transparent: they belong to no region and do not end one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from looptree.importers.elements import Element, narrowest
from looptree.importers.graph import Graph, Node
from looptree.importers.kinds import COMPUTING, POINTWISE, RESHAPING, TRANSPARENT, WEIGHTED

Path = tuple[object, ...]
Factor = tuple[Node, str]
"""A constant that a value is multiplied by, and the node that does."""


@dataclass(frozen=True)
class Roles:
    """What becomes of the elementwise nodes.

    Attributes:
        folded: names of nodes that are folded into the layer that makes the root of their region.
        inner: names of nodes that are folded into the last one of their region.
        whole: the nodes of a region, by the name of its last one.
        ends: what leaves a region that is folded into the layer that makes its root, by the root.
        factors: constants that a value is multiplied by, and that are read with it.
        elements: the element type in which a value is stored: the narrowest one that all its readers go through.
    """

    folded: frozenset[str]
    inner: frozenset[str]
    whole: Mapping[str, tuple[Node, ...]]
    ends: Mapping[str, str]
    factors: Mapping[str, tuple[Factor, ...]]
    elements: Mapping[str, Element]


@dataclass
class _Found:
    folded: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)
    whole: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    factors: dict[str, tuple[Factor, ...]] = field(default_factory=dict)


def roles_of(graph: Graph, *, fold: bool = True) -> Roles:
    """The roles of all elementwise nodes of a graph; nothing is folded without `fold`."""
    regions = _Regions(graph)
    found = _Found()
    if fold:
        while not regions.settle(found):
            found = _Found()
    folded, inner = frozenset(found.folded), frozenset(found.inner)
    return Roles(folded, inner, found.whole, found.ends, found.factors, regions.elements())


class _Regions:
    """Values by what makes and reads them, transparent nodes left out."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.source: dict[str, str] = {}
        self.layout: dict[str, Path] = {}
        self.narrow: dict[str, Element] = {}
        self.maker: dict[str, Node] = {}
        self.readers: dict[str, list[Node]] = {}
        self.uses: dict[str, list[str]] = {}
        self.alone: set[str] = set()
        for value in (*graph.inputs, *graph.constants):
            self._begin(value)
        for node in (*graph.aliases.values(), *graph.nodes):
            self._add(node)
        self.leaving = {self.source[value] for value in graph.outputs}
        for value in graph.outputs:
            self.uses.setdefault(self.source[value], []).append(value)

    def elements(self) -> dict[str, Element]:
        """The element type in which each value is stored; one that is seen through others, that of the narrowest."""
        found = dict(self.narrow)
        for value, used in self.uses.items():
            found[value] = max((self.narrow[alias] for alias in used), key=lambda element: element.bits)
        return found

    def _begin(self, value: str) -> None:
        self.source[value] = value
        self.layout[value] = ()
        self.narrow[value] = self.graph.types[value].element

    def _add(self, node: Node) -> None:
        if node.kind in TRANSPARENT and not node.domain and not node.made(1):
            value, seen = node.made(0), node.given(0)
            type_ = self.graph.types[value]
            self.source[value] = self.source[seen]
            self.narrow[value] = narrowest([self.narrow[seen], type_.element])
            step = (node.kind, type_.shape, node.attributes.get("perm")) if node.kind in RESHAPING else None
            self.layout[value] = (*self.layout[seen], step) if step else self.layout[seen]
            return
        for value in node.reads:
            self.uses.setdefault(self.source[value], []).append(value)
            self.readers.setdefault(self.source[value], []).append(node)
        for value in filter(None, node.outputs):
            if value in self.graph.types:
                self._begin(value)
                self.maker[value] = node

    # -- regions --------------------------------------------------------------------------

    def settle(self, found: _Found) -> bool:
        """Decide about all regions; `False` where one had to be broken up, so that all are looked at again."""
        members = self._members()
        settled = True
        for root, nodes in members.items():
            inside = {node.name for node in nodes}
            ends = [value for value in (root, *(n.made(0) for n in nodes)) if self._is_end(value, inside)]
            factors = self._distinct([(node, value) for node in nodes for value in self._factors(node, root)])
            maker = self.maker.get(root)
            if maker is not None and self._takes_in(maker, root) and len(ends) == 1 and ends[0] != root:
                found.folded |= inside
                found.ends[root] = ends[0]
                found.factors[root] = factors
                continue
            last = next((node for node in reversed(nodes) if node.made(0) in ends), nodes[-1])
            others = [value for value in ends if value != root]
            if len(others) == 1 and not (factors and self.path[last.made(0)]):
                found.inner |= inside - {last.name}
                found.whole[last.name] = tuple(nodes)
                found.factors[last.made(0)] = factors
                continue
            settled = False
            self.alone |= {n.made(0) for n in nodes if all(self.source[v] == root for v in self._given(n))}
        return settled

    def _members(self) -> dict[str, list[Node]]:
        self.root: dict[str, str] = {}
        self.path: dict[str, Path] = {}
        members: dict[str, list[Node]] = {}
        for node in self.graph.nodes:
            root = self._root_of(node)
            if root is not None:
                self.root[node.made(0)] = root
                self.path[node.made(0)] = self._path(self._given(node)[0])
                members.setdefault(root, []).append(node)
        return members

    def _root_of(self, node: Node) -> str | None:
        """The root of the region that a node belongs to; `None` where it begins one."""
        value = node.made(0)
        if node.kind not in POINTWISE or node.domain or any(node.outputs[1:]) or value in self.alone:
            return None
        given = self._given(node)
        roots = {self.root.get(self.source[v], self.source[v]) for v in given}
        if len(roots) != 1 or len({self._path(v) for v in given}) != 1:
            return None
        (root,) = roots
        types = self.graph.types
        if types[root].size != types[value].size or any(types[v].size != types[value].size for v in given):
            return None
        return root if all(self._is_taken_in(node, v, root) for v in self._constants(node)) else None

    def _path(self, value: str) -> Path:
        return (*self.path.get(self.source[value], ()), *self.layout[value])

    def _given(self, node: Node) -> list[str]:
        return [v for v in node.inputs if v and self.source[v] not in self.graph.constants]

    def _constants(self, node: Node) -> list[str]:
        """Constants of more than one element that matter: those of a batch normalisation make one factor."""
        inputs = node.inputs[1:2] if node.kind == "BatchNormalization" else node.inputs
        found = [v for v in inputs if v and self.source[v] in self.graph.constants]
        return [v for v in found if self.graph.types[v].size > 1]

    def _factors(self, node: Node, root: str) -> list[str]:
        """Constants that are read whenever the root is; those of a layer with weights are part of its weights."""
        maker = self.maker.get(root)
        if node.kind not in ("Mul", "Div", "BatchNormalization") or (maker is not None and self._has_weights(maker)):
            return []
        return self._constants(node)

    def _distinct(self, factors: Sequence[Factor]) -> tuple[Factor, ...]:
        """One factor for each dimension: several for one dimension are multiplied beforehand."""
        found: dict[int, Factor] = {}
        for node, value in factors:
            shape = self.graph.types[value].shape
            axis = len(self.graph.types[node.made(0)].shape) - len(shape)
            axis += next(i for i, extent in enumerate(shape) if extent > 1)
            found.setdefault(1 if node.kind == "BatchNormalization" else axis, (node, value))
        return tuple(found.values())

    def _is_taken_in(self, node: Node, constant: str, root: str) -> bool:
        type_ = self.graph.types[constant]
        if sum(extent > 1 for extent in type_.shape) > 1:
            return False
        if node.kind in ("Add", "Sub", "Sum", "PRelu"):
            return True  # a bias, or the slopes of an activation
        if node.kind not in ("Mul", "Div", "BatchNormalization"):
            return False
        maker = self.maker.get(root)
        if maker is not None and self._has_weights(maker):
            return type_.size == self._channels(maker, root)
        return not self._path(self._given(node)[0])

    def _has_weights(self, maker: Node) -> bool:
        return maker.kind in WEIGHTED and any(self.source[v] in self.graph.constants for v in maker.inputs[1:] if v)

    def _channels(self, maker: Node, root: str) -> int:
        shape = self.graph.types[root].shape
        return shape[1] if "Conv" in maker.kind else shape[-1] if shape else 1

    def _takes_in(self, maker: Node, root: str) -> bool:
        return maker.kind in COMPUTING and not maker.domain and root == maker.made(0)

    def _is_end(self, value: str, inside: set[str]) -> bool:
        return value in self.leaving or any(node.name not in inside for node in self.readers.get(value, ()))


def names_of(nodes: Sequence[Node]) -> str:
    """What a region computes, where that has a name."""
    kinds = {node.kind for node in nodes}
    if "Erf" in kinds or {"Tanh", "Pow"} <= kinds:
        return "gelu"
    if "Softplus" in kinds and "Tanh" in kinds:
        return "mish"
    if kinds == {"Sigmoid", "Mul"}:
        return "silu"
    if kinds >= {"Clip", "Mul"} or kinds == {"HardSigmoid", "Mul"}:
        return "hard_swish"
    return ""
