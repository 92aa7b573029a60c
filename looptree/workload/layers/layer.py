"""One layer of the shorthand with its inputs resolved, and what it expands to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from looptree.documents import Node
from looptree.errors import InputError
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access, Einsum
from looptree.workload.layers.arithmetic import evaluate
from looptree.workload.layers.feature import Feature

Forms = tuple[Affine, ...]


def form(terms: Mapping[str, int], constant: int = 0) -> Affine:
    """The affine form of these ranks and coefficients.

    >>> str(form({"p": 2, "r": 1}, -1))
    '2*p+r-1'
    """
    return Affine(tuple(terms.items()), constant)


def plain(*ranks: str) -> Forms:
    """One dimension per rank, read as it is."""
    return tuple(form({rank: 1}) for rank in ranks)


@dataclass(frozen=True)
class Layer:
    """A layer as it is written, with what its inputs turned out to be.

    Attributes:
        name: the name of the layer and of the tensor that it produces.
        node: where it stands.
        keys: the keys of its type.
        inputs: the features that it reads.
        parameters: what names in arithmetic mean here.
        batch: samples; tensors have a dimension for them where there are several.
        foldable: everything that reads this layer can take it over.
    """

    name: str
    node: Node
    keys: Mapping[str, Node]
    inputs: tuple[Feature, ...]
    parameters: Mapping[str, int]
    batch: int
    foldable: bool = False

    @property
    def input(self) -> Feature:
        """The first input."""
        return self.inputs[0]

    @property
    def weight(self) -> str:
        """The tensor of its weights."""
        return f"W_{self.name}"

    def error(self, problem: str, hint: str = "", key: str = "") -> InputError:
        """An `InputError` that names file, line and layer."""
        node = self.keys.get(key, self.node)
        return InputError(problem, where=f"{node.file}:{node.line}: layer {self.name!r}", hint=hint)

    def integer(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """A whole number or arithmetic over parameters."""
        if key not in self.keys and default is not None:
            return default
        return self._evaluated(self.keys[key], key, least)

    def pair(self, key: str, default: int | None = None, *, least: int = 1) -> tuple[int, int]:
        """Rows and columns: one number for both, or a list of two."""
        node = self.keys.get(key)
        if node is None or not isinstance(node.value, list):
            both = self.integer(key, default, least=least)
            return both, both
        values = self.integers(key, least=least)
        if len(values) != 2:
            raise self.error(f"expected {key} as one number or [rows, columns], found {values}", key=key)
        return values[0], values[1]

    def integers(self, key: str, *, least: int = 1) -> list[int]:
        """A list of whole numbers."""
        return [self._evaluated(item, key, least) for item in self.keys[key].sequence()]

    def flag(self, key: str, default: bool) -> bool:
        """`true` or `false`."""
        return self.keys[key].boolean() if key in self.keys else default

    def image(self) -> Feature:
        """The first input, which has to be an image."""
        if not self.input.is_image:
            raise self.error(
                f"expected an image [channels, rows, columns] as input, found {self.input}",
                "a reshape with ranks: [m, p, q] makes one",
            )
        return self.input

    def axis(self, key: str = "axis", default: int | None = None) -> int:
        """A dimension of the first input: its number (negative from the end) or its rank."""
        feature = self.input
        node = self.keys.get(key)
        if node is None and default is not None:
            return default % len(feature.shape)
        if node is None:
            raise self.error(f"key {key!r} is missing", f"dimensions of {feature}: {', '.join(feature.ranks)}")
        if isinstance(node.value, str) and node.value in feature.ranks:
            return feature.ranks.index(node.value)
        if type(node.value) is not int or not -len(feature.shape) <= node.value < len(feature.shape):
            raise self.error(
                f"expected a dimension of {feature}, found {node.value!r}",
                f"0 to {len(feature.shape) - 1}, or {', '.join(feature.ranks)}",
                key,
            )
        return node.value % len(feature.shape)

    def einsum(
        self,
        ranks: Mapping[str, int],
        output: tuple[str, Forms],
        inputs: Sequence[tuple[Feature, Forms]],
        operation: str,
        weights: Forms | None = None,
    ) -> Einsum:
        """An Einsum of this layer; activations get the batch rank in front, weights do not."""
        batch = ("n" if any(f.is_image for f, _ in inputs) else "b") if self.batch > 1 else ""
        front = plain(batch) if batch else ()
        reads = [Access(feature.tensor, front + forms) for feature, forms in inputs]
        if weights is not None:
            reads.append(Access(self.weight, weights))
        name, forms = output
        extents = ({batch: self.batch} if batch else {}) | dict(ranks)
        return Einsum(name, extents, tuple(reads), Access(name, front + forms), operation, self.name)

    def _evaluated(self, node: Node, key: str, least: int) -> int:
        try:
            return evaluate(node, self.parameters, key, least=least)
        except InputError as problem:
            where = f"{node.file}:{node.line}: layer {self.name!r}"
            raise InputError(problem.problem, where=where, hint=problem.hint) from None


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a layer becomes.

    Attributes:
        einsums: in order; empty where the layer is folded into its consumers.
        features: what they produce; the last one is what the layer's name stands for.
    """

    einsums: tuple[Einsum, ...]
    features: tuple[Feature, ...]
