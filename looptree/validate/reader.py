"""Reading the cases of `validation/`; a value without unit, source or confidence is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

from looptree import resources
from looptree.documents import Node, read_document
from looptree.errors import InputError
from looptree.validate.case import (
    CONFIDENCE,
    KINDS,
    UNITS,
    Case,
    Convention,
    Known,
    Measure,
    Miss,
    Option,
    Other,
    Parameter,
    Recipe,
    Reference,
    Searched,
    Values,
)
from looptree.validate.metrics import METRICS
from looptree.validate.settings import checked_values

_CASE_KEYS = (
    "name", "title", "source", "year", "assumes", "parameters", "recipe", "references", "not_reproduced", "conventions",
    "gaps", "searched",
)  # fmt: skip
_REQUIRED = _CASE_KEYS[:8]
_RECIPE_TEXTS = ("workload", "architecture", "point", "mapping", "blocks")
_RECIPE_AMOUNTS = ("settings", "arguments", "spatial")
_RECIPE_KEYS = (*_RECIPE_TEXTS, *_RECIPE_AMOUNTS)
_PARAMETER_KEYS = ("is", "default", "meaning", "names", "choices")
_MEASURE_KEYS = ("metric", "of", "unit")
_KNOWN_KEYS = ("source", "how_read", "confidence")
_REFERENCE_KEYS = (
    *_MEASURE_KEYS, *_KNOWN_KEYS, "at", "value", "values", "checked_at", "tolerance", "tolerance_percent", "reason",
)  # fmt: skip
_MISS_KEYS = (*_MEASURE_KEYS, *_KNOWN_KEYS, "what", "at", "published", "ours", "why")

Parameters = Mapping[str, Parameter]


def case_names() -> list[str]:
    """The folders of `validation/` that hold a case, sorted."""
    return [name.removesuffix("/case") for name in resources.names("validation") if name.endswith("/case")]


@cache
def load_case(name: str) -> Case:
    """The case of that folder.

    Raises:
        InputError: there is no such case (the known ones are listed), or a mistake in its file.
    """
    known = case_names()
    if name not in known:
        raise InputError(f"there is no case {name!r}", hint=f"known: {', '.join(known)}")
    return case_from_node(read_document(resources.find("validation", f"{name}/case")))


def case_from_node(node: Node) -> Case:
    """A case from a parsed document.

    Raises:
        InputError: what is missing or unknown, with its line.
    """
    fields = node.mapping(known=_CASE_KEYS, required=_REQUIRED)
    fields["year"].integer("a year", least=1900, most=2100)
    parameters = {name: _parameter(name, item) for name, item in fields["parameters"].mapping().items()}
    return Case(
        name=fields["name"].text(),
        folder=Path(node.file).parent,
        title=fields["title"].text(),
        source=fields["source"].prose(),
        assumes=tuple(item.prose() for item in fields["assumes"].sequence()),
        parameters=parameters,
        recipe=_recipe(fields["recipe"].mapping(known=_RECIPE_KEYS)),
        references=tuple(
            reference for item in fields["references"].sequence() for reference in _references(item, parameters)
        ),
        misses=tuple(_miss(item, parameters) for item in _items(fields, "not_reproduced")),
        conventions=tuple(_convention(item, parameters) for item in _items(fields, "conventions")),
        gaps=tuple(item.prose() for item in _items(fields, "gaps")),
        searched=tuple(_searched(item, parameters) for item in _items(fields, "searched")),
    )


def _items(fields: Mapping[str, Node], key: str) -> Sequence[Node]:
    return fields[key].sequence() if key in fields else []


def _recipe(fields: Mapping[str, Node]) -> Recipe:
    def text(key: str) -> str:
        return fields[key].text() if key in fields else ""

    def amounts(key: str) -> dict[str, Node]:
        return fields[key].mapping() if key in fields else {}

    workload, architecture, point, mapping, blocks = map(text, _RECIPE_TEXTS)
    settings, arguments, spatial = map(amounts, _RECIPE_AMOUNTS)
    return Recipe(workload, architecture, point, mapping, blocks, settings, arguments, spatial)


def _parameter(name: str, node: Node) -> Parameter:
    fields = node.mapping(known=_PARAMETER_KEYS, required=("default", "meaning"))
    kind = "choice" if "choices" in fields else fields["is"].choice(KINDS) if "is" in fields else "number"
    if (kind == "sizes") != ("names" in fields):
        raise node.error("'names' goes with 'is: sizes'")
    options = {key: _option(item) for key, item in fields["choices"].mapping().items()} if kind == "choice" else {}
    names = tuple(fields["names"].texts()) if "names" in fields else (name,) if kind == "number" else ()
    return Parameter(name, kind, _written(fields["default"]), fields["meaning"].prose(), names, options)


def _option(node: Node) -> Option:
    fields = node.mapping(known=(*_RECIPE_KEYS, "defaults"))
    defaults = fields["defaults"].mapping() if "defaults" in fields else {}
    return Option(_recipe(fields), {name: _written(item) for name, item in defaults.items()})


def _written(node: Node) -> str:
    """A value as one would write it on the command line."""
    return str(node.value) if isinstance(node.value, int) and not isinstance(node.value, bool) else node.text()


def _at(node: Node | None, parameters: Parameters) -> Values:
    given = {name: _written(item) for name, item in node.mapping().items()} if node is not None else {}
    try:
        checked_values(parameters, given)
    except InputError as problem:
        assert node is not None
        raise node.error(problem.problem, problem.hint) from None
    return given


def _measure(node: Node, fields: Mapping[str, Node]) -> tuple[Measure, Known]:
    node.mapping(required=("metric", "unit", *_KNOWN_KEYS))
    of = fields["of"].text() if "of" in fields else ""
    measure = Measure(fields["metric"].choice(tuple(METRICS)), of, fields["unit"].choice(tuple(UNITS)))
    source, how_read = (fields[key].prose() for key in _KNOWN_KEYS[:2])
    return measure, Known(source, how_read, fields["confidence"].choice(CONFIDENCE))


def _references(node: Node, parameters: Parameters) -> Iterator[Reference]:
    """One value, or several that differ only in where they were read."""
    fields = node.mapping(known=_REFERENCE_KEYS)
    measure, known = _measure(node, fields)
    if ("tolerance" in fields) == ("tolerance_percent" in fields):
        raise node.error("expected either tolerance or tolerance_percent")
    relative = "tolerance_percent" in fields
    tolerance = fields["tolerance_percent" if relative else "tolerance"].number("a tolerance")
    if (tolerance > 0) != ("reason" in fields):
        raise node.error("a tolerance needs a reason, an exact comparison has none")
    if ("value" in fields) == ("values" in fields):
        raise node.error("expected either value or values")
    reason = fields["reason"].prose() if "reason" in fields else ""
    common = _at(fields.get("at"), parameters)
    checked = tuple(_at(item, parameters) for item in _items(fields, "checked_at"))
    for item in fields["values"].sequence() if "values" in fields else [node]:
        own = item.mapping(known=("at", "value"), required=("value",)) if item is not node else fields
        at = {**common, **_at(own.get("at"), parameters)}
        value: Fraction | Node = own["value"] if isinstance(own["value"].value, str) else own["value"].number("a value")
        percent = 100 if relative else 1
        yield Reference(measure, known, at, value, tolerance / percent, relative, reason, checked)


def _miss(node: Node, parameters: Parameters) -> Miss:
    fields = node.mapping(known=_MISS_KEYS, required=("what", "published", "ours", "why"))
    measure, known = _measure(node, fields)
    published, ours = (fields[key].number("a value") for key in ("published", "ours"))
    at = _at(fields.get("at"), parameters)
    return Miss(fields["what"].text(), measure, known, at, published, ours, fields["why"].prose())


def _searched(node: Node, parameters: Parameters) -> Searched:
    fields = node.mapping(known=("at", "architecture"), required=("architecture",))
    return Searched(_at(fields.get("at"), parameters), fields["architecture"].text())


def _convention(node: Node, parameters: Parameters) -> Convention:
    fields = node.mapping(known=("what", "taken", "others"), required=("what", "taken", "others"))
    others = tuple(_other(item, parameters) for item in fields["others"].sequence())
    return Convention(fields["what"].prose(), fields["taken"].prose(), others)


def _other(node: Node, parameters: Parameters) -> Other:
    fields = node.mapping(known=("rule", "gives", "at", *_MEASURE_KEYS), required=("rule", "gives"))
    rule = fields["rule"].prose()
    if "metric" not in fields:
        return Other(rule, fields["gives"].prose())
    node.mapping(required=("unit",))
    of = fields["of"].text() if "of" in fields else ""
    measure = Measure(fields["metric"].choice(tuple(METRICS)), of, fields["unit"].choice(tuple(UNITS)))
    value = fields["gives"].number("a value")
    return Other(rule, "", _at(fields.get("at"), parameters), measure, value)
