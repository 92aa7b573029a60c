"""Every reference value of `validation/` against the model, and every miss against what is said about it."""

from __future__ import annotations

import re

import pytest

from looptree import resources
from looptree.documents import Node, parse_document
from looptree.errors import InputError
from tests.validation.validation_cases import (
    METRICS,
    OF_GROUPS,
    ON_CHIP,
    UNITS,
    Case,
    Measure,
    Miss,
    Reference,
    case_from_node,
    case_names,
    load_case,
    measured,
)

CASES = [load_case(name) for name in case_names()]
REFERENCES = [(case, reference) for case in CASES for reference in case.references]
MISSES = [(case, miss) for case in CASES for miss in case.misses]
MEASURES = [item.measure for _, item in REFERENCES] + [item.measure for _, item in MISSES]
README = (resources.root("validation") / "README.md").read_text(encoding="utf-8")

SMALL = """
name: small
title: A small case
source: nobody
year: 2024
assumes: [nothing]
runs:
  alone: {workload: conv_conv, architecture: small, point: layer_by_layer}
references:
  -
    run: alone
    metric: multiply_accumulates
    value: 3
    unit: operations
    source: table 1
    how_read: printed
    confidence: P
    tolerance: 1
    reason: one unit of the last printed digit
not_reproduced:
  -
    what: reads
    run: alone
    metric: offchip_reads_bytes
    published: 4
    unit: bytes
    source: table 1
    how_read: printed
    confidence: S
    ours: 5
    why: unknown
"""


def small(without: str = "", replace: tuple[str, str] = ("", "")) -> Node:
    """The small case without the lines that begin with a key, or with some text replaced by another."""
    lines = [line for line in SMALL.splitlines() if not without or line.split(":")[0].strip() != without]
    return parse_document("\n".join(lines).replace(*replace) if replace[0] else "\n".join(lines), "case.yaml")


def shown(case: Case, measure: Measure) -> str:
    return "-".join(part for part in (case.name, measure.run, measure.metric, measure.of) if part)


def test_the_cases_are_there() -> None:
    assert case_names() == ["defines", "fused_layer_cnn", "isaac", "mcunetv2"]
    assert all(case.name == name for case, name in zip(CASES, case_names(), strict=True))


@pytest.mark.parametrize(("case", "reference"), REFERENCES, ids=[shown(c, r.measure) for c, r in REFERENCES])
def test_the_model_meets_the_reference(case: Case, reference: Reference) -> None:
    assert abs(measured(case, reference.measure) - reference.value) <= reference.tolerance


@pytest.mark.parametrize(("case", "miss"), MISSES, ids=[shown(c, m.measure) for c, m in MISSES])
def test_a_miss_is_reported_as_it_is(case: Case, miss: Miss) -> None:
    assert measured(case, miss.measure) == miss.ours
    assert abs(miss.ours - miss.published) > miss.published / 200


# -- the readme -------------------------------------------------------------------------------


def number(value: object, unit: str) -> str:
    """A number as the tables of the readme show it."""
    amount = float(str(value)) if not isinstance(value, int) else value
    if amount == int(amount):
        return f"{int(amount):,} {unit}"
    return f"{amount:,.2f} {unit}"


def rows() -> list[tuple[str, str, str, str]]:
    """Case, published, model and confidence of every reference and every miss, as the readme has to show them."""
    found = []
    for case, reference in REFERENCES:
        unit = reference.measure.unit
        ours = number(float(measured(case, reference.measure)), unit)
        found.append((case.name, number(float(reference.value), unit), ours, reference.confidence))
    for case, miss in MISSES:
        unit = miss.measure.unit
        found.append((case.name, number(float(miss.published), unit), number(float(miss.ours), unit), miss.confidence))
    return found


def test_the_tables_of_the_readme_say_what_the_cases_say() -> None:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if "|" in line]
    links = {row[0].split("]")[0].strip("[`"): row for row in cells if row[0].startswith("[`")}
    assert set(links) == set(case_names())
    written = [(row[0], row[2], row[3], row[4].rstrip()) for row in cells if len(row) == 6 and row[0] in case_names()]
    assert sorted(written) == sorted(rows())


def test_every_metric_and_unit_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert {measure.metric for measure in MEASURES} == set(METRICS) <= explained
    assert all(f"`{unit}`" in README for unit in UNITS)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (resources.root("validation") / target).exists(), target


# -- the schema -------------------------------------------------------------------------------


def test_a_small_case_is_read() -> None:
    case = case_from_node(small())
    assert (case.name, len(case.references), len(case.misses)) == ("small", 1, 1)
    assert case.references[0].measure == Measure("alone", "multiply_accumulates", "", "operations")


@pytest.mark.parametrize(
    "key", ["unit", "source", "confidence", "how_read", "metric", "run", "assumes", "why", "year", "what"]
)
def test_a_missing_key_is_refused(key: str) -> None:
    with pytest.raises(InputError, match=f"key '{key}' is missing"):
        case_from_node(small(without=key))


@pytest.mark.parametrize("key", ["value", "tolerance", "published", "ours"])
def test_a_missing_value_is_refused(key: str) -> None:
    with pytest.raises(InputError, match=f"key '{key}' is missing"):
        case_from_node(small(without=key))


def test_a_tolerance_needs_a_reason() -> None:
    with pytest.raises(InputError, match="needs a reason"):
        case_from_node(small(without="reason"))
    with pytest.raises(InputError, match="needs a reason"):
        case_from_node(small(replace=("tolerance: 1", "tolerance: 0")))


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("confidence: P", "confidence: X"),
        ("unit: operations", "unit: furlong"),
        ("metric: multiply_accumulates", "metric: happiness"),
        ("run: alone", "run: together"),
        ("value: 3", "value: many"),
        ("how_read: printed", "how_read: ''"),
    ],
)
def test_what_is_not_known_is_refused(written: str, instead: str) -> None:
    with pytest.raises(InputError, match="expected"):
        case_from_node(small(replace=(written, instead)))


def test_metrics_of_places_say_of_what() -> None:
    for measure in MEASURES:
        assert (measure.metric in (*ON_CHIP, OF_GROUPS[0])) == bool(measure.of), measure
