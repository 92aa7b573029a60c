"""The values of the parameters of a study: lists and ranges."""

from __future__ import annotations

import re
from fractions import Fraction

from looptree.documents import Node
from looptree.errors import InputError
from looptree.search.survey import METRICS as SURVEYED
from looptree.sweep.study import METRICS, Axis
from looptree.units import parse_size

_NAME = re.compile(r"[A-Za-z_]\w{0,63}")
RANGE_KEYS = ("from", "to", "step", "times")
MOST_VALUES = 100_000
RESERVED = (*METRICS, *SURVEYED)


def read_axes(node: Node | None) -> tuple[Axis, ...]:
    """The `parameters` of a study.

    Raises:
        InputError: a name that cannot be one, or values that are none, too many or twice the same.
    """
    found = []
    for name, values in (node.mapping() if node else {}).items():
        check_name(name, values)
        found.append(Axis(name, read_values(name, values)))
    return tuple(found)


def read_values(name: str, node: Node) -> tuple[Fraction, ...]:
    """A list of values, a range, or a single value.

    Raises:
        InputError: there are none, too many, or one stands there twice.
    """
    listed = node.sequence() if isinstance(node.value, list) else None
    numbers = tuple(_number(item) for item in listed) if listed is not None else _range(node)
    if not numbers:
        raise node.error(f"parameter {name!r} has no values")
    if len(set(numbers)) < len(numbers):
        raise node.error(f"parameter {name!r} has a value twice")
    if len(numbers) > MOST_VALUES:
        raise node.error(f"parameter {name!r} has {len(numbers)} values; at most {MOST_VALUES}")
    return numbers


def check_name(name: str, node: Node) -> None:
    """Raise an `InputError` for what cannot be the name of a number."""
    if not _NAME.fullmatch(name):
        raise node.error(f"expected a name of letters, digits and _, found {name!r}")
    if name in RESERVED:
        raise node.error(f"{name!r} is the name of a result", "choose another name for the parameter")


def _number(node: Node) -> Fraction:
    if isinstance(node.value, str) and node.value[:1].isdigit() and node.value.rstrip().endswith("B"):
        try:
            return Fraction(parse_size(node.value))
        except InputError as problem:
            raise problem.at(node.where) from None
    return node.number("a number or a size")


def _range(node: Node) -> tuple[Fraction, ...]:
    """`{from: 1, to: 9, step: 2}` or `{from: 16KiB, to: 1MiB, times: 2}`, both ends included; one number is a list."""
    if not isinstance(node.value, dict):
        return (_number(node),)
    fields = node.mapping(known=RANGE_KEYS, required=("from", "to"))
    if ("step" in fields) == ("times" in fields):
        raise node.error("expected a range with either step or times")
    value, last = _number(fields["from"]), _number(fields["to"])
    step = _number(fields["step"]) if "step" in fields else Fraction(0)
    times = _number(fields["times"]) if "times" in fields else Fraction(1)
    if step <= 0 and times <= 1:
        raise node.error("expected a step above 0, or times above 1")
    if value > last:
        raise node.error(f"expected a range that goes up, found one from {float(value):g} to {float(last):g}")
    if times > 1 and value == 0:
        raise fields["from"].error("a range with times cannot begin at 0")
    if step and (last - value) / step >= MOST_VALUES:
        raise node.error(f"a range of more than {MOST_VALUES} values")
    found = []
    while value <= last:
        found.append(value)
        if len(found) > MOST_VALUES:
            raise node.error(f"a range of more than {MOST_VALUES} values")
        value = value + step if step else value * times
    return tuple(found)
