"""What is kept of the results: plans go, numbers stay, whatever comes between."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.sweep import State, Store, keeping, run
from looptree.sweep.answers import best_per_network, front, rows_of
from looptree.sweep.crew import Alone
from tests.sweep.sweep_cases import SEARCHED, results, study


@pytest.mark.parametrize("keep", ["front", "best"])
def test_plans_of_what_is_kept(keep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SLACK", 3)
    every = {result.item: result for result in results(study(SEARCHED), tmp_path / "all.db")}
    known = study(f"{SEARCHED}keep: {keep}\n")
    path, most = tmp_path / "some.db", 0

    def watched(state: State) -> None:
        nonlocal most
        most = max(most, len(list(store.results(planned=True))))
        if 5 <= state.done < 14:
            raise KeyboardInterrupt

    with Store(path, known) as store:
        with pytest.raises(KeyboardInterrupt):
            run(known, store, Alone(), watched)
        found = {result.item: result for result in results(known, path)}
        rows = rows_of(known, store)
    assert {item: result.data for item, result in found.items()} == {i: r.data for i, r in every.items()}
    chosen = front(rows, known.front) if keep == "front" else best_per_network(rows)
    assert {row["point"] for row in chosen} <= {row["point"] for row in rows if row["plan"]}
    left = {item for item, result in found.items() if result.plan is not None}
    assert left == {row["point"] if row["source"] is None else row["source"] for row in chosen}
    assert all(found[item].plan == every[item].plan for item in left)
    assert most < sum(result.plan is not None for result in every.values())
