"""Networks in MAESTRO's language, as they stand in the file.

    file      := { "Constant" NAME INT | "Network" [NAME] "{" { layer } "}" }
    layer     := "Layer" [NAME] "{" "Type" TYPE ["Stride" sizes] "Dimensions" sizes [dataflow] "}"
    dataflow  := "Dataflow" "{" { directive } "}"
    directive := ("TemporalMap" | "SpatialMap") "(" SIZE "," SIZE ")" DIMENSION | "Cluster" "(" SIZE "," ("P" | "L") ")"
    SIZE      := sums and differences of whole numbers, constants and "Sz(DIMENSION)"

Commas, colons and semicolons separate and may be left out. A layer without a dataflow has that of the layer before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from looptree.errors import InputError, nearest
from looptree.importers.maestro.text import Words

KINDS = ("CONV", "DSCONV", "NGCONV", "TRCONV", "GEMM", "BMM")
CONVOLUTION = ("N", "G", "K", "C", "R", "S", "Y", "X", "Y'", "X'")
PRODUCT = ("B", "M", "N", "K")
MAX_SIZE = 2**31 - 1
MAX_LAYERS = 10_000


@dataclass(frozen=True, slots=True)
class Size:
    """A size as it is written: a number, and how often the extent of each dimension is in it.

    >>> Size(7, {"S": 1}).of({"S": 3})
    10
    """

    number: int
    extents: Mapping[str, int] = field(default_factory=dict)

    def of(self, dimensions: Mapping[str, int]) -> int:
        """The size where dimensions have these extents; unknown ones count as 1."""
        return self.number + sum(times * dimensions.get(name, 1) for name, times in self.extents.items())


@dataclass(frozen=True, slots=True)
class Map:
    """A directive: indices of one dimension, given to all units alike (`temporal`) or to one after the other."""

    dimension: str
    size: Size
    offset: Size
    spatial: bool
    line: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """The directive that groups units: what follows is inside a group of this size."""

    size: Size
    line: int


Directive = Map | Cluster


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        name: as it is written, or its place.
        kind: one of `KINDS`.
        strides: along `Y` and `X`; 1 where nothing is said.
        dimensions: extents; `Y` and `X` are those of the padded input.
        dataflow: its directives, or those of the layer before; empty where neither has any.
        line: where it begins.
        file: for messages.
    """

    name: str
    kind: str
    strides: Mapping[str, int]
    dimensions: Mapping[str, int]
    dataflow: tuple[Directive, ...]
    line: int
    file: str

    def error(self, problem: str, hint: str = "", line: int = 0) -> InputError:
        """An `InputError` that names file, line and layer."""
        return InputError(f"layer {self.name}: {problem}", where=f"{self.file}:{line or self.line}", hint=hint)


@dataclass(frozen=True)
class Network:
    """The layers of a file, in order."""

    name: str
    layers: tuple[Layer, ...]


def parse_network(text: str, file: str) -> Network:
    """The network in a text.

    Raises:
        InputError: the text is no network of MAESTRO's language, naming file and line.
    """
    return _Parser(text, file).network()


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self.words = Words(text, file)
        self.constants: dict[str, int] = {}
        self.layers: list[Layer] = []
        self.names: list[str] = []

    def network(self) -> Network:
        while self.words.peek():
            if self.words.skip("Constant"):
                name = self.words.take("the name of a constant")
                self.constants[name] = self._integer(f"constant {name}")
            elif self.words.skip("Network"):
                self.names.append(self.words.until("{", "'Network' and its name"))
                while not self.words.skip("}"):
                    self._layer()
            elif self.words.skip("Accelerator"):
                self._skipped()
            else:
                raise self.words.error(
                    f"expected 'Network' or 'Constant', found {self.words.found}",
                    "MAESTRO's hardware files come second, after the network",
                )
        if not self.layers:
            raise self.words.error("expected a network with layers, found none")
        return Network(next(filter(None, self.names), "network"), tuple(self.layers))

    def _skipped(self) -> None:
        """An accelerator beside the network: the hardware has a file of its own."""
        self.words.until("{", "'Accelerator'")
        depth = 1
        while depth:
            word = self.words.take("'}'")
            depth += (word == "{") - (word == "}")

    def _layer(self) -> None:
        line = self.words.line
        self.words.expect("Layer", "'{' or '}'")
        name = self.words.until("{", "'Layer' and its name") or f"layer{len(self.layers) + 1}"
        kind, strides, dimensions = "", {"Y": 1, "X": 1}, dict[str, int]()
        dataflow = self.layers[-1].dataflow if self.layers else ()
        while not self.words.skip("}"):
            place = self.words.line
            item = self.words.take("'Type', 'Stride', 'Dimensions', 'Dataflow' or '}'")[:40]
            if item == "Type":
                kind = self._kind()
            elif item == "Stride":
                strides |= self._sizes("Stride", ("Y", "X"))
            elif item == "Dimensions":
                dimensions |= self._sizes("Dimensions", PRODUCT if kind in ("GEMM", "BMM") else CONVOLUTION)
            elif item == "Dataflow":
                dataflow = self._dataflow(kind) or dataflow
            else:
                known = ("Type", "Stride", "Dimensions", "Dataflow")
                raise self.words.error(f"layer {name}: unknown item {item!r}", nearest(item, known), place)
        made = Layer(name, kind, strides, dimensions, dataflow, line, self.words.file)
        _check(made)
        self.layers.append(made)
        if len(self.layers) > MAX_LAYERS:
            raise self.words.error(f"expected at most {MAX_LAYERS} layers, found more")

    def _kind(self) -> str:
        line = self.words.line
        kind = self.words.take("the type of the layer")[:40]
        if kind not in KINDS:
            expected = f"expected a type out of {', '.join(KINDS)}, found {kind!r}"
            raise self.words.error(expected, nearest(kind, KINDS), line)
        return kind

    def _sizes(self, what: str, known: tuple[str, ...]) -> dict[str, int]:
        self.words.expect("{", f"{what!r}")
        found: dict[str, int] = {}
        while not self.words.skip("}"):
            line = self.words.line
            name = self.words.take("a dimension or '}'")[:40]
            if name not in known:
                raise self.words.error(f"{what}: unknown dimension {name!r}", f"known: {', '.join(known)}", line)
            size = self._integer(f"{what} {name}")
            if found.setdefault(name, size) != size:
                raise self.words.error(f"{what}: {name!r} stands twice, as {found[name]} and {size}", line=line)
        return found

    def _integer(self, what: str) -> int:
        line = self.words.line
        word = self.words.take(f"a whole number for {what}")
        size = self.constants.get(word, int(word) if word.isdecimal() and len(word) < 12 else -1)
        if not 1 <= size <= MAX_SIZE:
            hint = nearest(word, self.constants) if self.constants and not word[:1].isdigit() else ""
            raise self.words.error(f"expected {what} as a whole number from 1 on, found {word[:40]!r}", hint, line)
        return size

    def _dataflow(self, kind: str) -> tuple[Directive, ...]:
        self.words.expect("{", "'Dataflow'")
        found: list[Directive] = []
        while not self.words.skip("}"):
            line = self.words.line
            item = self.words.take("a directive or '}'")[:40]
            if item == "Cluster":
                self.words.expect("(", "'Cluster'")
                found.append(Cluster(self._size(), line))
                if self.words.take("'P' or 'L'") not in ("P", "L"):
                    raise self.words.error("expected Cluster(SIZE, P) or Cluster(SIZE, L)", line=line)
                self.words.expect(")", "the size of a cluster")
            elif item in ("TemporalMap", "SpatialMap"):
                found.append(self._map(item, line, kind))
            else:
                known = ("TemporalMap", "SpatialMap", "Cluster")
                raise self.words.error(f"unknown directive {item!r}", nearest(item, known), line)
        return tuple(found)

    def _map(self, item: str, line: int, kind: str) -> Map:
        self.words.expect("(", f"{item!r}")
        size, offset = self._size(), self._size()
        self.words.expect(")", "size and offset")
        dimension = self.words.take("a dimension")[:40]
        known = PRODUCT if kind in ("GEMM", "BMM") else CONVOLUTION
        if dimension not in known:
            raise self.words.error(f"unknown dimension {dimension!r}", f"known: {', '.join(known)}", line)
        return Map(dimension, size, offset, item == "SpatialMap", line)

    def _size(self) -> Size:
        """A sum; after a word that is none of its signs, it ends."""
        number, extents, sign = 0, dict[str, int](), 1
        while True:
            if self.words.skip("Sz"):
                self.words.expect("(", "'Sz'")
                name = self.words.take("a dimension")
                extents[name] = extents.get(name, 0) + sign
                self.words.expect(")", "the dimension")
            else:
                number += sign * self._integer("a size")
            if self.words.skip("+"):
                sign = 1
            elif self.words.skip("-"):
                sign = -1
            else:
                return Size(number, extents)


def _check(layer: Layer) -> None:
    if not layer.kind:
        raise layer.error("its type is missing", f"Type: {KINDS[0]}, for instance")
    wanted = ("M", "N", "K") if layer.kind in ("GEMM", "BMM") else ("C", "R", "S")
    missing = [name for name in wanted if name not in layer.dimensions]
    if layer.kind not in ("GEMM", "BMM"):
        missing += [a for a in ("Y", "X") if a not in layer.dimensions and f"{a}'" not in layer.dimensions]
    if missing:
        raise layer.error(f"dimensions without an extent: {', '.join(missing)}")
    for outer, inner in (("Y", "R"), ("X", "S")):
        if layer.dimensions.get(outer, MAX_SIZE) < layer.dimensions.get(inner, 0) and layer.kind != "TRCONV":
            found = f"{outer} of {layer.dimensions[outer]} and {inner} of {layer.dimensions[inner]}"
            raise layer.error(f"the kernel is larger than the input: {found}", "Y and X are those of the padded input")
