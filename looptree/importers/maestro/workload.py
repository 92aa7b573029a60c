"""The layers of a network as one workload: a layer reads what the one before makes, where the shapes meet.

The input of a layer is padded in the file. Where it has as many channels as the layer before makes, and at most as many
rows and columns more as padding of the kernel explains, it is the output of that layer, padded with zeros. Otherwise it
comes from outside: a pooling in between is not in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from looptree.errors import InputError
from looptree.importers.maestro.nest import extents_of_layer
from looptree.importers.maestro.syntax import Layer, Network, parse_network
from looptree.importers.maestro.text import read_text
from looptree.importers.names import layer_name, unique
from looptree.workload.affine import Affine
from looptree.workload.einsum import Access, Einsum
from looptree.workload.reader import check_bits
from looptree.workload.workload import Workload

RANKS = {"N": "n", "G": "g", "K": "m", "C": "c", "R": "r", "S": "s", "P": "p", "Q": "q"}
"""Ranks of a convolution by dimension; those of a product are its dimensions in small letters."""

Shape = tuple[int, ...]


def load_network(path: str | Path, **parameters: int) -> Workload:
    """The workload of a network file; its only parameter is `bits`, the word width of all tensors.

    Raises:
        InputError: the file cannot be read or is no network of MAESTRO, or another parameter is given.
    """
    bits = parameters.pop("bits", 8)
    if parameters:
        hint = "only bits, the word width of all tensors, can be set"
        raise InputError(
            f"a network of MAESTRO has no parameter {next(iter(parameters))!r}", where=str(path), hint=hint
        )
    check_bits(bits)
    return workload_of_network(parse_network(read_text(path), str(path)), bits=bits)


def workload_of_network(network: Network, *, bits: int = 8) -> Workload:
    """The workload of a network.

    Raises:
        InputError: a layer is not what a workload can hold.
    """
    einsums: list[Einsum] = []
    shapes: dict[str, Shape] = {}
    before = ""
    for layer, name in zip(network.layers, layer_names(network), strict=True):
        if layer.kind in ("GEMM", "BMM"):
            einsum, given, made = _product(layer, name)
        else:
            einsum, given, made = _convolution(layer, name)
        own = f"{name}_in"
        paddings = _paddings(layer, shapes[before], given) if before else None
        einsum = _reading(einsum, own, before, paddings) if paddings is not None else einsum
        if paddings is None:
            shapes[own] = given
        shapes[name] = made
        einsums.append(einsum)
        before = name
    used = {access.tensor for einsum in einsums for access in (einsum.output, *einsum.inputs)}
    try:
        return Workload(
            network.name.replace(".", "_"),
            einsums,
            shapes={tensor: shape for tensor, shape in shapes.items() if tensor in used},
            default_bits=bits,
        )
    except InputError as problem:
        raise problem.at(network.layers[0].file) from None


def layer_names(network: Network) -> list[str]:
    """The names of the Einsums: those of the layers, as far as they can be, each once."""
    found: list[str] = []
    for layer in network.layers:
        found.append(unique(layer_name(layer.name, "layer"), found))
    return found


def rank_of(layer: Layer, dimension: str) -> str:
    """The rank that a dimension of the computation is in the Einsum of a layer."""
    return dimension.lower() if layer.kind in ("GEMM", "BMM") else RANKS[dimension]


def _convolution(layer: Layer, name: str) -> tuple[Einsum, Shape, Shape]:
    extents = extents_of_layer(layer)
    ranks = {RANKS[d]: e for d, e in extents.items() if e > 1 or d in "PQ"}
    windows = {axis: (("p", "r") if axis == "Y" else ("q", "s")) for axis in ("Y", "X")}
    transposed = layer.kind == "TRCONV"
    forms, sizes = [], []
    for axis, (position, element) in windows.items():
        stride = max(2, layer.strides[axis]) if transposed else layer.strides[axis]
        if transposed:
            ranks[position] = layer.dimensions.get(axis, extents["P" if axis == "Y" else "Q"])
        terms = [(position, stride)] + ([(element, 1)] if element in ranks else [])
        forms.append(Affine(tuple(terms)))
        sizes.append(stride * (ranks[position] - 1) + ranks.get(element, 1))
    plain = [Affine(((position, 1),)) for position, _ in windows.values()]
    channels = ["n", "g", "m", "c"] if layer.kind == "DSCONV" else ["n", "g", "m"]
    given = [r for r in ("n", "g", "c") if r in ranks]
    made = [r for r in channels if r in ranks]
    weights = [r for r in ("g", "m", "c", "r", "s") if r in ranks]
    outer, inner = (plain, forms) if transposed else (forms, plain)
    reads = (
        Access(f"{name}_in", (*_ones(given), *outer)),
        Access(f"W_{name}", _ones(weights) or (Affine((), 0),)),
    )
    einsum = _einsum(layer, name, ranks, reads, Access(name, (*_ones(made), *inner)))
    extent_of = [ranks["p"], ranks["q"]]
    shape_in = (*(ranks[r] for r in given), *(extent_of if transposed else sizes))
    shape_out = (*(ranks[r] for r in made), *(sizes if transposed else extent_of))
    return einsum, shape_in, shape_out


def _product(layer: Layer, name: str) -> tuple[Einsum, Shape, Shape]:
    ranks = {d.lower(): e for d, e in extents_of_layer(layer).items() if e > 1 or d in "MN"}
    given, weights, made = ([r for r in letters if r in ranks] for letters in ("bmk", "bkn", "bmn"))
    reads = (Access(f"{name}_in", _ones(given)), Access(f"W_{name}", _ones(weights)))
    einsum = _einsum(layer, name, ranks, reads, Access(name, _ones(made)))
    return einsum, tuple(ranks[r] for r in given), tuple(ranks[r] for r in made)


def _einsum(layer: Layer, name: str, ranks: dict[str, int], reads: tuple[Access, Access], made: Access) -> Einsum:
    try:
        return Einsum(name, ranks, reads, made, "mac", layer.name)
    except InputError as problem:
        raise layer.error(str(problem)) from None


def _ones(ranks: Sequence[str]) -> tuple[Affine, ...]:
    return tuple(Affine(((rank, 1),)) for rank in ranks)


def _paddings(layer: Layer, made: Shape, given: Shape) -> tuple[int, ...] | None:
    """Zeros in front of each dimension, if what the layer before makes is the input; `None` if it is not."""
    if len(made) != len(given):
        return None
    wide = [0] * len(given)
    if layer.kind not in ("GEMM", "BMM", "TRCONV"):
        wide[-2:] = [layer.dimensions["R"] - 1, layer.dimensions["S"] - 1]
    more = [own - before for own, before in zip(given, made, strict=True)]
    if any(not 0 <= extra <= most for extra, most in zip(more, wide, strict=True)):
        return None
    return tuple(extra // 2 for extra in more)


def _reading(einsum: Einsum, own: str, before: str, paddings: tuple[int, ...]) -> Einsum:
    """The Einsum with the output of the layer before in the place of its own input."""
    reads = []
    for access in einsum.inputs:
        if access.tensor == own:
            forms = zip(access.projection, paddings, strict=True)
            access = Access(before, tuple(Affine(form.terms, form.constant - pad) for form, pad in forms))
        reads.append(access)
    return Einsum(einsum.name, einsum.ranks, tuple(reads), einsum.output, einsum.operation, einsum.layer)
