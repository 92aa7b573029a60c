"""What is searched is data that checks itself."""

from __future__ import annotations

import pytest

from looptree.errors import InputError
from looptree.search import SPACES, Space, compare, search, space_named
from tests.search.search_cases import architecture, network


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("group_layers", 0),
        ("loops", 0),
        ("loops", 5),
        ("leaf_loops", 3),
        ("twice", -1),
        ("chain_layers", 65),
        ("joined_pairs", -1),
    ],
)
def test_a_number_out_of_range_is_refused(name: str, value: int) -> None:
    with pytest.raises(InputError, match=f"expected {name} from"):
        Space(**{name: value})  # type: ignore[arg-type]


def test_a_truth_value_is_no_number() -> None:
    with pytest.raises(InputError, match="found True"):
        Space(loops=True)


def test_a_narrower_space_says_what_it_leaves_out() -> None:
    assert Space().leaves_out() == []
    assert SPACES["wide"].leaves_out() == []
    assert Space(loops=2).leaves_out() == ["loops: 2 (default 3)"]
    assert Space(group_layers=2, chain_layers=4).leaves_out() == [
        "group_layers: 2 (default 8)",
        "chain_layers: 4 (default 16)",
    ]
    assert Space(group_layers=16, chain_layers=4).leaves_out() == []
    more = ("default", "wide", "pipelined", "nested", "circular")
    assert all(SPACES[name].leaves_out() for name in SPACES if name not in more)


def test_a_description_names_what_is_there_and_only_that() -> None:
    assert Space().described().startswith("all convex connected groups of up to 8 layers, and chains of up to 16; ")
    assert Space(chain_layers=8).described().startswith("all convex connected groups of up to 8 layers; ")
    assert "spilled" in Space().described()
    assert "spilled" not in Space(spill=False).described()
    assert "recomputed" not in Space(recompute=False).described()
    assert "over different dimensions if more than 3" in Space(joined_loops=3).described()
    assert "over different dimensions;" in Space(joined_loops=0).described()
    assert "over different dimensions" not in Space().described()
    assert "a rank tiled twice by up to 3 loops;" in SPACES["wide"].described()
    assert "a rank tiled twice by up to 3 loops if it has up to 9 pairs of tile shapes;" in Space(twice=9).described()
    assert "twice" not in Space(twice=0).described()
    assert "no two that move one dimension only further up;" in Space(joined_pairs=0).described()
    assert "further up with more than 9 pairs of tile shapes;" in Space(joined_pairs=9).described()
    assert "further up" not in SPACES["wide"].described()
    assert "further up" not in Space(joined_loops=0).described()
    assert "between groups" not in Space(resident=0).described()
    assert "nested" not in Space().described()
    assert "in a nested branch below a loop of their own;" in SPACES["nested"].described()
    assert "in a nested branch below up to 2 loops of their own;" in Space(nested=2).described()


def test_a_space_may_be_meant_by_its_name() -> None:
    assert Space.of("quick") == Space.of(SPACES["quick"]) == SPACES["quick"]
    assert Space.of(None) == Space() == SPACES["default"]
    workload, hardware = network("chain", 1), architecture(40)
    assert search(workload, hardware, space="quick", workers=1).statistics.space == SPACES["quick"]
    with pytest.raises(InputError, match=r"found 'quik' .did you mean 'quick'"):
        compare(workload, hardware, space="quik")


def test_a_space_of_another_name_is_refused() -> None:
    assert space_named("quick") is SPACES["quick"]
    with pytest.raises(InputError, match="did you mean 'quick'"):
        space_named("quik")
