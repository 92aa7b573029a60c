"""A network file: parameters, inputs and layers, expanded to a workload of Einsums.

Assumptions made here:

* Tensors are `[channels, rows, columns]` for images and `[rows, features]` for sequences; where the
  parameter `batch` is above 1, every activation has it as a first dimension (rank `n` for images,
  `b` otherwise). Weights are named `W_<layer>`.
* The parameter `bits` is the word width of every tensor that `tensors:` says nothing of.
* Every shape is declared, so that reads beyond a tensor are padding.
* `activation:` on a layer is folded into it and has no Einsum of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from looptree.documents import Node
from looptree.errors import InputError, guided, nearest
from looptree.workload.einsum import Einsum
from looptree.workload.layers.feature import Feature
from looptree.workload.layers.header import read_bits, read_inputs, read_outputs, read_parameters
from looptree.workload.layers.layer import Expansion, Layer
from looptree.workload.layers.ordering import ordered
from looptree.workload.layers.published import read_published
from looptree.workload.layers.registry import LAYER_TYPES
from looptree.workload.layers.spec import Spec, naming
from looptree.workload.layers.template import Writer, read_templates
from looptree.workload.reader import MAX_BITS
from looptree.workload.workload import DEFAULT_BITS, Workload

KEYS = (
    "name", "description", "source", "year", "default_bits", "parameters", "inputs", "outputs",
    "templates", "layers", "tensors", "published",
)  # fmt: skip


@guided("workloads/README.md")
def network_from_node(node: Node, overrides: Mapping[str, object] | None = None) -> Workload:
    """The workload of a parsed network file.

    Args:
        node: the document.
        overrides: parameters that replace those of the file.

    Raises:
        InputError: naming file, line and layer.

    >>> from looptree.documents import parse_document
    >>> text = '''
    ... inputs: {image: [3, side, side]}
    ... parameters: {side: 8}
    ... layers: [{name: conv, type: conv, out_channels: 4, kernel: 3, padding: 1, activation: relu}]
    ... '''
    >>> network_from_node(parse_document(text)).einsum("conv").expression
    'conv[m,p,q] = image[c,p+r-1,q+s-1] * W_conv[m,c,r,s]'
    """
    fields = node.mapping(known=KEYS, required=("inputs", "layers"))
    name, default_bits = _description(node, fields)
    parameters = read_parameters(node, fields.get("parameters"), overrides or {}, default_bits)
    batch = parameters["batch"]
    inputs = read_inputs(fields["inputs"], parameters)
    writer = Writer(read_templates(fields["templates"]) if "templates" in fields else {})
    writer.write(fields["layers"], list(inputs), parameters)
    specs = ordered(writer.specs, writer.source)
    outputs = read_outputs(fields.get("outputs"), writer.source, specs)
    expansions = _expand(specs, inputs, batch, outputs)
    einsums = [e for expansion in expansions.values() for e in expansion.einsums]
    if not einsums:
        raise fields["layers"].error("expected a layer that computes something, found none")
    shapes = _activation_shapes(inputs, expansions, batch)
    _check_tensors(specs, writer.aliases, inputs, einsums, shapes)
    _check_inputs_are_read(fields["inputs"], einsums)
    shapes |= _weight_shapes(einsums, shapes)
    bits = read_bits(fields.get("tensors"), shapes)
    try:
        return Workload(name, einsums, shapes=shapes, bits=bits, default_bits=parameters["bits"], outputs=outputs)
    except InputError as problem:
        raise problem.at(node.file) from None


def _description(node: Node, fields: Mapping[str, Node]) -> tuple[str, int]:
    """Name and default word width; what else describes the network is checked."""
    for key in ("description", "source"):
        if key in fields:
            fields[key].text()
    if "year" in fields:
        fields["year"].integer("a year", most=9999)
    if "published" in fields:
        read_published(fields["published"])
    bits = fields.get("default_bits")
    return (
        fields["name"].text() if "name" in fields else Path(node.file).stem,
        DEFAULT_BITS if bits is None else bits.integer("a word width in bits", most=MAX_BITS),
    )


def _expand(
    specs: Mapping[str, Spec], inputs: Mapping[str, Feature], batch: int, outputs: list[str]
) -> dict[str, Expansion]:
    """Every layer expanded, in order; a layer that only linear layers read may fold into them."""
    features = dict(inputs)
    readers: dict[str, set[str]] = {}
    for spec in specs.values():
        for source in spec.inputs:
            readers.setdefault(source, set()).add(spec.type)
    expansions = {}
    for name, spec in specs.items():
        foldable = readers.get(name) == {"linear"} and name not in outputs
        sources = tuple(features[source] for source in spec.inputs)
        layer = Layer(name, spec.node, spec.keys, sources, spec.parameters, batch, foldable)
        with naming(name, spec.node):
            expansions[name] = LAYER_TYPES[spec.type].expand(layer)
        features[name] = expansions[name].features[-1]
    return expansions


def _activation_shapes(
    inputs: Mapping[str, Feature], expansions: Mapping[str, Expansion], batch: int
) -> dict[str, tuple[int, ...]]:
    front = (batch,) if batch > 1 else ()
    produced = (f for expansion in expansions.values() if expansion.einsums for f in expansion.features)
    return {feature.tensor: front + feature.shape for feature in (*inputs.values(), *produced)}


def _weight_shapes(einsums: list[Einsum], activations: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
    """The shapes of weights, as their ranks span them."""
    return {
        access.tensor: tuple(form.hull(einsum.box).stop for form in access.projection)
        for einsum in einsums
        for access in einsum.inputs
        if access.tensor not in activations
    }


def _check_tensors(
    specs: Mapping[str, Spec],
    aliases: Mapping[str, str],
    inputs: Mapping[str, Feature],
    einsums: list[Einsum],
    activations: Mapping[str, object],
) -> None:
    """No tensor has the name of another, of a layer that is not its own, of a group or of an input."""
    owners = dict.fromkeys(inputs, "an input of the network") | dict.fromkeys(aliases, "a group of layers")
    for einsum in einsums:
        weights = [a.tensor for a in einsum.inputs if a.tensor not in activations or a.tensor == f"W_{einsum.layer}"]
        for tensor in (einsum.output.tensor, *weights):
            if tensor in owners:
                raise specs[einsum.layer].error(
                    f"expected names of its own, found {tensor!r}, which is {owners[tensor]} as well",
                    "rename one of them",
                )
            owners[tensor] = f"a tensor of layer {einsum.layer!r}"


def _check_inputs_are_read(node: Node, einsums: list[Einsum]) -> None:
    read = {tensor for einsum in einsums for tensor in einsum.reads}
    for name, entry in node.mapping().items():
        if name not in read:
            raise entry.error(f"no layer reads input {name!r}", nearest(name, sorted(read)))
