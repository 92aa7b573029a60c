"""What the groups of a network have in common: floors of new shapes, as long as there is time."""

from __future__ import annotations

import math
import time

import pytest

from looptree.search.asked.metrics import NOTHING, Totals
from looptree.search.asked.space import Space
from looptree.search.deadline import TimeUpError
from looptree.search.group.group import Group
from looptree.search.network.groups.catalogue import Catalogue
from looptree.search.network.groups.workers import Searches, Workers
from looptree.workload import Workload
from tests.search.search_cases import architecture, einsum

LAYERS = 40


def test_floors_take_no_longer_than_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [einsum(f"l{i}", f"Y{i}[m] = X{i}[m]", {"m": i + 2}) for i in range(LAYERS)]
    for limited in (False, True):
        workers = Workers(Searches(architecture(100), "GLB", Space()), 1)
        catalogue = Catalogue(Workload("apart", layers), workers, time.time() + 1000 if limited else math.inf)
        for layer in layers:
            catalogue.variant(*catalogue.shape((layer.name,)), frozenset())
        asked = 0

        def late(*_: object, known: Catalogue = catalogue) -> Totals:
            nonlocal asked
            asked += 1
            known.until = 0.0 if asked == 3 and math.isfinite(known.until) else known.until
            return NOTHING

        monkeypatch.setattr(Group, "least", late)
        if limited:
            with pytest.raises(TimeUpError):
                catalogue.find_floors()
            assert 3 <= asked <= 6
        else:
            catalogue.find_floors()
            assert asked == LAYERS
