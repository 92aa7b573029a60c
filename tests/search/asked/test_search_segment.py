"""Shapes of segments."""

from __future__ import annotations

import itertools

import pytest

from looptree.search.asked.segment import segment, shape_in, shape_of
from tests.search.search_cases import KINDS, network


@pytest.mark.parametrize("kind", KINDS)
def test_the_shape_of_layers_in_a_network_is_that_of_their_segment(kind: str) -> None:
    workload = network(kind, 4, layers=5)
    names = [e.name for e in workload.einsums]
    for count in range(1, 5):
        for some in itertools.combinations(names, count):
            for named in ((), ("p", "m")):
                assert shape_in(workload, some, named) == shape_of(segment(workload, some), named)
