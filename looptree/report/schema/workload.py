"""The schema of a workload file: Einsums, or a network of layers."""

from __future__ import annotations

from looptree.report.schema.parts import (
    ABOUT,
    ARITHMETIC,
    COUNT,
    NAMES,
    TEXT,
    Schema,
    closed,
    many,
    named,
    one_or_many,
    said,
)
from looptree.workload import reader
from looptree.workload.layers import header, network, published, template
from looptree.workload.layers.registry import LAYER_TYPES
from looptree.workload.layers.spec import COMMON_KEYS

_BITS = said(COUNT, "of one word of every tensor that says nothing else")
_INPUTS = said(NAMES, "what it reads")


def workload_schema() -> Schema:
    """Either kind, told apart by `einsums`."""
    return {
        "if": {"type": "object", "required": ["einsums"]},
        "then": _einsums(),
        "else": _network(),
        "$defs": {"layer": _layer()},
    }


def _einsums() -> Schema:
    einsum = closed(
        reader.EINSUM_KEYS,
        ("name", "expression", "ranks"),
        expression=said(TEXT, "output[ranks] = input[ranks] * weight[ranks]"),
        ranks=said(named(COUNT), "extent of each rank"),
        operation=said(TEXT, "mac, add, mul, max, exp, ...; what one operation is"),
        layer=said(TEXT, "the layer that the Einsum belongs to"),
    )
    shape = said(many(COUNT), "extents; what lies outside is zero")
    tensor = closed(reader.TENSOR_KEYS, (), bits=said(COUNT, "of one word"), shape=shape)
    return closed(
        reader.KEYS,
        ("einsums",),
        einsums=said(many(einsum, least=1), "layers as Einsums, in any order"),
        tensors=said(named(tensor), "bits and shapes that differ from what is implied"),
        default_bits=_BITS,
        outputs=said(many(TEXT), "intermediates that are needed afterwards, too"),
    )


def _network() -> Schema:
    shape = many(ARITHMETIC, least=1)
    feature = {"anyOf": [shape, closed(header.INPUT_KEYS, ("shape",), shape=shape, ranks=NAMES)]}
    layers = many({"$ref": "#/$defs/layer"}, least=1)
    body = closed(template.TEMPLATE_KEYS, ("layers",), layers=layers, inputs=_INPUTS, parameters={"type": "object"})
    figure = closed(
        published.KEYS,
        ("source", "how"),
        operations=COUNT,
        parameters=COUNT,
        source=TEXT,
        how=TEXT,
        at=named(COUNT),
    )
    return closed(
        network.KEYS,
        ("inputs", "layers"),
        default_bits=_BITS,
        inputs=said(named(feature), "extents of what the network reads, without the batch"),
        outputs=said(many(TEXT), "layers whose output is needed afterwards, too"),
        parameters=said(named(ARITHMETIC), "whole numbers that --set replaces"),
        templates=said(named(body), "runs of layers that are used several times"),
        layers=said(layers, "in order; each reads the one before it"),
        tensors=said(named(closed(header.TENSOR_KEYS, ("bits",), bits=COUNT)), "word widths that differ"),
        published=said(figure, "figures to compare with"),
    )


def _layer() -> Schema:
    """A layer, by its type; of a template only the common keys are known, and a group lists its `layers`."""
    own = {
        **ABOUT,
        "type": said(TEXT, f"of the layer: {', '.join(LAYER_TYPES)}, or the name of a template"),
        "input": said(TEXT, "the layer or input that it reads; the layer before it if nothing is said"),
        "inputs": _INPUTS,
        "repeat": said(one_or_many(ARITHMETIC), "how many times, or [first number, last number]"),
    }
    cases = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": closed((*COMMON_KEYS, *known.keys), known.required, **own),
        }
        for name, known in LAYER_TYPES.items()
    ]
    layers = many({"$ref": "#/$defs/layer"}, least=1)
    group = {"if": {"required": ["layers"]}, "then": closed(template.GROUP_KEYS, ("layers",), **own, layers=layers)}
    properties = {key: own[key] for key in COMMON_KEYS}
    return {"type": "object", "properties": properties, "required": ["name"], "allOf": [*cases, group]}
