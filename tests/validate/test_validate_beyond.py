"""The best design in the buffer of a published one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from looptree.report.beyond import renewed_beyond
from looptree.validate import case_names, load_case
from looptree.validate.beyond import OBJECTIVES, Beyond, beyond, beyond_dict

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"


@cache
def beyond_of(name: str) -> list[Beyond]:
    """Searched once for all tests."""
    return beyond(load_case(name))


def test_nothing_beats_everything_moved_once() -> None:
    (result,) = beyond_of("orojenesis")
    assert result.buffer_bytes == 134_242_304
    for plan in result.found.values():
        assert plan.evaluation.offchip_bytes == result.published.offchip_bytes == 402_653_184
        assert plan.statistics.status == "optimal"


def test_plain_data_of_a_better_design() -> None:
    result = beyond_of("flat")[0]
    data = beyond_dict(result)
    assert data["at"] == {"network": "bert"}
    assert result.published.offchip_bytes == 1_308_622_848
    assert result.found["offchip"].evaluation.offchip_bytes == 402_653_184


@pytest.fixture(scope="module")
def results() -> list[Beyond]:
    return [result for name in case_names() for result in beyond_of(name)]


@pytest.mark.slow
def test_what_is_found_is_never_worse_and_fits(results: list[Beyond]) -> None:
    for result in results:
        assert set(result.found) == set(OBJECTIVES)
        assert result.found["offchip"].evaluation.offchip_bytes <= result.published.offchip_bytes
        assert result.found["energy"].evaluation.energy.total <= result.published.energy.total
        assert all(plan.evaluation.fits for plan in result.found.values())


@pytest.mark.slow
def test_the_page_shows_what_is_found(results: list[Beyond]) -> None:
    """`looptree validate --search --write docs/validation.md` renews it."""
    text = PAGE.read_text(encoding="utf-8")
    assert renewed_beyond(text, results) == text
