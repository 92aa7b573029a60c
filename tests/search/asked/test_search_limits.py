"""Limits as they are written, and as they are refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from looptree.errors import InputError
from looptree.search.asked.limits import Limit, checked_limits, parse_limit


@pytest.mark.parametrize(
    ("text", "metric", "most", "relative"),
    [
        ("offchip<=1MiB", "offchip", 2**20, False),
        (" capacity <= 64 kB ", "capacity", 64_000, False),
        ("latency<=2.5kcycles", "latency", 2500, False),
        ("energy<=0.5pJ", "energy", Fraction(1, 2), False),
        ("operations<=27M", "operations", 27 * 10**6, False),
        ("operations≤27", "operations", 27, False),
        ("offchip<=1.05x", "offchip", Fraction(21, 20), True),
    ],
)
def test_amounts_have_units(text: str, metric: str, most: int | Fraction, relative: bool) -> None:
    limit = parse_limit(text)
    assert (limit.metric, limit.most, limit.relative) == (metric, most, relative)
    assert parse_limit(limit.text) == limit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a limit, found ''"),
        ("offchip", "expected a limit, found 'offchip'"),
        ("offchip<=", "expected a limit"),
        ("offchip>=1MiB", "expected offchip<=1MiB"),
        ("offchip<=1", "expected a unit of size"),
        ("offchip<=1.5B", "expected a whole number of bytes"),
        ("offchip<=0B", "expected a size from 1 byte"),
        ("offchip<=-1B", "expected a size"),
        ("energy<=5", "expected an energy with its unit, found none"),
        ("energy<=5uj", "known: pJ, nJ, uJ, mJ, J"),
        ("latency<=5M", "expected a time with its unit, found 'M'"),
        ("latency<=5s", "expected a time with its unit, found 's'"),
        ("operations<=many", "expected a count"),
        ("edp<=5", "expected a limit of one of capacity, energy, offchip, latency, operations"),
        ("offchp<=1MiB", "did you mean 'offchip'"),
        ("capacity<=1.5x", "a limit of capacity is a number of bytes"),
        ("x" * 500, "found 'xxx"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(InputError) as found:
        parse_limit(text)
    assert said in str(found.value)
    assert len(str(found.value)) < 300


def test_limits_that_no_plan_keeps_or_that_are_two_of_one_metric_are_refused() -> None:
    with pytest.raises(InputError, match=r"latency is limited twice: latency<=2cycles and latency<=1\.5x"):
        checked_limits(["latency<=2cycles", "offchip<=1MiB", "latency<=1.5x"])
    with pytest.raises(InputError, match=r"operations<=0\.99x: no plan takes less than 1x"):
        checked_limits(["operations<=0.99x"])
    assert checked_limits(["operations<=0.99x"], of_another=True)[0].most == Fraction(99, 100)
    assert checked_limits("latency<=2cycles") == checked_limits(["latency<=2cycles"])
    known = checked_limits([Limit("offchip", Fraction(3)), "capacity<=2B"])
    assert [limit.text for limit in known] == ["capacity<=2B", "offchip<=3B"]
