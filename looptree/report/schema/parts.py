"""What schemas are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 1}
NAMES: Schema = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
ARITHMETIC: Schema = {"type": ["integer", "string"]}
_NUMBER = r"\d+(\.\d*)?([eE][+-]?\d+)?"

ABOUT: Mapping[str, Schema] = {
    "name": {**TEXT, "description": "what it is called"},
    "description": {**TEXT, "description": "in a sentence"},
    "source": {"description": "where it comes from: a publication or a file"},
    "year": {"type": "integer", "description": "of the source"},
}
"""What most files say of themselves."""


def closed(keys: Iterable[str], required: Iterable[str] = (), **own: Schema) -> Schema:
    """An object with these keys and no others; `own` says what is in them."""
    return {
        "type": "object",
        "properties": {key: own.get(key, ABOUT.get(key, {})) for key in keys},
        "required": list(required),
        "additionalProperties": False,
    }


def many(item: Schema, *, least: int = 0) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": item} | ({"minItems": least} if least else {})


def named(item: Schema) -> Schema:
    """Such items by names that are free to choose."""
    return {"type": "object", "additionalProperties": item}


def one_or_many(item: Schema) -> Schema:
    """Such an item, or a list of them."""
    return {"anyOf": [item, many(item)]}


def said(schema: Schema, description: str) -> Schema:
    """The same with what it means."""
    return {**schema, "description": description}


def quantity(units: Iterable[str], description: str, *, null: bool = False) -> Schema:
    """A number, or text with one of these units."""
    choices = "|".join(unit.replace("^", r"\^") for unit in sorted(units, key=len, reverse=True) if unit)
    text = {"type": "string", "pattern": rf"^\s*{_NUMBER} ?({choices})\s*$"}
    plain = {"type": "string", "pattern": rf"^{_NUMBER}$"}
    none = [{"type": "null"}] if null else []
    return {"anyOf": [{"type": "number", "minimum": 0}, text, plain, *none], "description": description}
