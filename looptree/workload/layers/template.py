"""Templates and repetition: a short file becomes a flat list of layers.

A template is a type of its own: `{name: block1, type: bottleneck, channels: 64}` puts the layers of
`bottleneck` here, their names prefixed with `block1_`, and `block1` then names the last of them.
`layers:` inside a layer is a template without a name. `repeat: 3` writes a layer three times in a row,
`block1_0` to `block1_2`, each on the output of the one before; `repeat: [1, 2]` numbers them from 1 to 2.
Inside a template only its own layers, its `inputs` (default: `input`) and the parameters are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from looptree.documents import Node
from looptree.errors import nearest
from looptree.workload.layers.arithmetic import evaluate
from looptree.workload.layers.elementwise import ACTIVATIONS
from looptree.workload.layers.registry import LAYER_TYPES
from looptree.workload.layers.spec import COMMON_KEYS, Spec, layer_error, naming, read_spec

MAX_LAYERS = 20_000
TEMPLATE_KEYS = ("description", "inputs", "parameters", "layers")
GROUP_KEYS = ("name", "input", "inputs", "repeat", "layers")


@dataclass(frozen=True, slots=True)
class Template:
    """A type of layer defined by a network file.

    Attributes:
        layers: its layers.
        inputs: what they call its inputs.
        parameters: its parameters and their defaults; one without a default has to be given.
    """

    layers: tuple[Node, ...]
    inputs: tuple[str, ...] = ("input",)
    parameters: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is known at one place of the file."""

    prefix: str
    names: Mapping[str, str]
    parameters: Mapping[str, int]
    previous: str | None
    open: tuple[str, ...] = ()


def read_templates(node: Node) -> dict[str, Template]:
    """The `templates:` of a network file."""
    templates = {}
    for name, entry in node.mapping().items():
        if name in LAYER_TYPES or name in ACTIVATIONS:
            raise entry.error(f"template {name!r} has the name of a type of layer", "choose another name")
        fields = entry.mapping(known=TEMPLATE_KEYS, required=("layers",))
        parameters = fields["parameters"].mapping() if "parameters" in fields else {}
        for key in parameters:
            if key in COMMON_KEYS:
                raise parameters[key].error(f"a parameter may not be called {key!r}")
        inputs = tuple(fields["inputs"].texts()) if "inputs" in fields else ("input",)
        if not inputs or len(set(inputs)) != len(inputs):
            raise fields["inputs"].error("expected at least one input, each with a name of its own")
        templates[name] = Template(_items(fields["layers"]), inputs, parameters)
    return templates


class Writer:
    """Writes templates and repetition out.

    Attributes:
        specs: every layer so far.
        aliases: names of groups to the layer (or group) that produces their output.
    """

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self.templates = templates
        self.specs: list[Spec] = []
        self.aliases: dict[str, str] = {}

    def write(self, layers: Node, inputs: list[str], parameters: Mapping[str, int]) -> None:
        """Write out the `layers:` of a network with these inputs."""
        previous = inputs[0] if len(inputs) == 1 else None
        self._layers(_items(layers), _Scope("", {name: name for name in inputs}, parameters, previous))

    def source(self, name: str) -> str:
        """The layer or input that a name stands for."""
        while name in self.aliases:
            name = self.aliases[name]
        return name

    def _layers(self, items: tuple[Node, ...], scope: _Scope) -> str:
        """Write a list of layers; the name of the last one."""
        names = dict(scope.names)
        for item in items:
            name = _name(item)
            if name in names:
                raise layer_error(
                    item,
                    scope.prefix + name,
                    "expected a name of its own, found one that another layer or input has",
                    "rename one of them",
                )
            names[name] = scope.prefix + name
        scope = replace(scope, names=names)
        last = ""
        for item in items:
            last = self._item(item, scope)
            scope = replace(scope, previous=last)
        return last

    def _item(self, item: Node, scope: _Scope) -> str:
        fields = item.mapping()
        name = scope.prefix + _name(item)
        with naming(name, item):
            inputs = _inputs(item, name, scope)
            if "repeat" not in fields:
                self._one(item, name, inputs, scope)
                return name
            last = name
            for i in _numbers(fields["repeat"], scope.parameters):
                last = f"{name}_{i}"
                self._one(item, last, inputs, scope)
                inputs = (last, *inputs[1:])
            self.aliases[name] = last
        return name

    def _one(self, item: Node, name: str, inputs: tuple[str, ...], scope: _Scope) -> None:
        if len(self.specs) >= MAX_LAYERS:
            raise layer_error(item, name, f"expands to more than {MAX_LAYERS} layers")
        kind = self._type(item, name)
        if kind and kind not in self.templates:
            self.specs.append(read_spec(item, name, inputs, scope.parameters))
            return
        if kind in scope.open:
            raise layer_error(
                item, name, f"template {kind!r} uses itself", "a template is written out where it is used"
            )
        if kind:
            body = self.templates[kind]
            arguments = _arguments(item, name, body, scope.parameters)
        else:
            fields = item.mapping(known=GROUP_KEYS)
            body, arguments = Template(_items(fields["layers"])), dict(scope.parameters)
        if len(inputs) != len(body.inputs):
            raise layer_error(
                item, name, f"expected {len(body.inputs)} inputs ({', '.join(body.inputs)}), found {len(inputs)}"
            )
        names = dict(zip(body.inputs, inputs, strict=True))
        inside = _Scope(f"{name}_", names, arguments, inputs[0], (*scope.open, kind) if kind else scope.open)
        self.aliases[name] = self._layers(body.layers, inside)

    def _type(self, item: Node, name: str) -> str:
        """The type of a layer; nothing for a group that lists its `layers:`."""
        fields = item.mapping()
        if "layers" in fields:
            return ""
        if "type" not in fields:
            raise layer_error(item, name, "key 'type' is missing", f"found: {', '.join(fields)}")
        kind = fields["type"].text()
        if kind not in LAYER_TYPES and kind not in ACTIVATIONS and kind not in self.templates:
            known = (*self.templates, *LAYER_TYPES, *ACTIVATIONS)
            raise layer_error(fields["type"], name, f"unknown type of layer {kind!r}", nearest(kind, known))
        return kind


def _arguments(item: Node, name: str, body: Template, outer: Mapping[str, int]) -> dict[str, int]:
    """The parameters of a template: given here, or by its default; the network's stay known."""
    given = {key: node for key, node in item.mapping().items() if key not in COMMON_KEYS}
    for key, node in given.items():
        if key not in body.parameters:
            hint = nearest(key, (*body.parameters, *COMMON_KEYS))
            raise layer_error(node, name, f"the template has no parameter {key!r}", hint)
    values = {key: evaluate(node, outer, key, least=0) for key, node in given.items()}
    arguments = dict(outer)
    for key, default in body.parameters.items():
        if key in values:
            arguments[key] = values[key]
        elif default.value is None:
            raise layer_error(item, name, f"parameter {key!r} of the template is missing", f"{key}: ...")
        else:
            arguments[key] = evaluate(default, arguments, key, least=0)
    return arguments


def _inputs(item: Node, name: str, scope: _Scope) -> tuple[str, ...]:
    fields = item.mapping()
    if "input" in fields and "inputs" in fields:
        raise layer_error(item, name, "expected input or inputs, found both")
    node = fields.get("inputs", fields.get("input"))
    if node is None:
        if scope.previous is None:
            hint = f"known: {', '.join(scope.names)}"
            raise layer_error(item, name, "key 'input' is missing: the network has several inputs", hint)
        return (scope.previous,)
    found = node.texts()
    for text in found:
        if text not in scope.names:
            problem = f"expected a layer or an input that is known here, found {text!r}"
            raise layer_error(node, name, problem, nearest(text, scope.names))
    if not found:
        raise layer_error(node, name, "expected at least one input, found none")
    return tuple(scope.names[text] for text in found)


def _numbers(node: Node, parameters: Mapping[str, int]) -> range:
    """The numbers of the copies: `repeat: 3` is 0 to 2, `repeat: [1, 5]` is 1 to 5."""
    if not isinstance(node.value, list):
        return range(evaluate(node, parameters, "repeat"))
    bounds = [evaluate(item, parameters, "repeat", least=0) for item in node.value]
    if len(bounds) != 2 or bounds[1] < bounds[0]:
        raise node.error(f"expected repeat as a number or [first, last], found {bounds}")
    return range(bounds[0], bounds[1] + 1)


def _items(node: Node) -> tuple[Node, ...]:
    items = node.sequence()
    if not items:
        raise node.expected("at least one layer")
    return tuple(items)


def _name(item: Node) -> str:
    name = item.mapping(required=("name",))["name"].text()
    if not (name.replace("_", "a").isalnum() and name.isascii()) or name[0].isdigit():
        raise item.error(f"expected a name of letters, digits and underscores, found {name!r}")
    return name
