"""Whole sweeps: the same for any number of workers, and equal to searches and surveys one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from looptree.errors import InputError
from looptree.search import InfeasibleError, search, space_named
from looptree.search.survey import Hardware
from looptree.search.survey import units as units_of
from looptree.search.survey.survey import task_of
from looptree.search.survey.units import Piece
from looptree.sweep import State, Store, run, study_of
from looptree.sweep.answers import (
    best_for_all,
    best_per_network,
    between_spaces,
    front,
    rows_of,
    survey_rows,
)
from looptree.sweep.crew import Alone
from looptree.sweep.reader import load_choice
from looptree.sweep.run import finish, point_task
from looptree.sweep.sensitivity import profiles, sensitivity
from looptree.sweep.surveyed import merged, surveying, surveying_of
from tests.sweep.sweep_cases import SEARCHED, SURVEYED, results, study


def test_searches_one_by_one(tmp_path: Path) -> None:
    known = study(SEARCHED)
    found = results(known, tmp_path / "study.db")
    assert [result.item for result in found] == list(range(known.points))
    for result in found[::5]:
        hardware, network, _, space, objective = known.chosen(result.item)
        try:
            plan = search(load_choice(network), known.architecture(hardware), objective=objective, space=space)
        except InfeasibleError:
            assert result.status == "infeasible"
            continue
        assert result.data["energy"] == float(plan.evaluation.energy.total)
        assert result.status == plan.statistics.status


def test_workers_change_nothing(tmp_path: Path) -> None:
    known = study(SEARCHED)
    assert results(known, tmp_path / "one.db") == results(known, tmp_path / "two.db", workers=2)


def test_progress(tmp_path: Path) -> None:
    known, seen = study(SEARCHED), list[State]()
    with Store(tmp_path / "study.db", known) as store:
        last = run(known, store, Alone(), seen.append)
    assert (last.done, last.total, last.finished) == (28, 28, 28)
    assert [state.done for state in seen] == sorted(state.done for state in seen)
    assert seen[0].left is None or seen[0].left > 0


def test_answers(tmp_path: Path) -> None:
    known = study(SEARCHED + "constraints: [area >= 6, latency <= 10400]\n")
    results(known, tmp_path / "study.db")
    with Store(tmp_path / "study.db", known) as store:
        rows, changes = rows_of(known, store), profiles(known, store)
    assert all(row["area"] >= 6 for row in rows)
    assert len(rows) == 24
    inside = [row for row in rows if row["holds"]]
    assert 0 < len(inside) < len(rows)
    assert all(row["latency"] <= 10400 and row["edp"] == row["energy"] * row["latency"] for row in inside)
    best = best_per_network(rows)
    for row in best:
        assert row["energy"] == min(r["energy"] for r in inside if r["network"] == row["network"])
    for row in front(rows, ["area", "energy"]):
        alike = [r for r in inside if r["network"] == row["network"]]
        assert not any(r["area"] <= row["area"] and r["energy"] < row["energy"] for r in alike)
    ranked = best_for_all(known, rows)
    assert [row["distance"] for row in ranked] == sorted(row["distance"] for row in ranked)
    energy = {(r["hardware"], r["network"]): r["energy"] for r in inside}
    least = {row["network"]: row["energy"] for row in best}
    for row in ranked:
        ratios = [energy[row["hardware"], network] / least[network] for network in least]
        assert row["distance"] == pytest.approx((ratios[0] * ratios[1]) ** 0.5)
        assert row["worst"] == max(ratios) >= 1
    lines = [line for line in changes if line["parameter"] == "buffer" and line["network"] == best[0]["network"]]
    assert {line["value"]: line["energy"] for line in lines} == {
        row["buffer"]: row["energy"]
        for row in inside
        if row["network"] == best[0]["network"] and row["bandwidth"] == best[0]["bandwidth"]
    }
    summary = sensitivity(changes)
    assert summary[0]["parameter"] == "buffer"
    assert summary[0]["ratio"] == max(line["energy"] for line in lines) / best[0]["energy"] > 1
    assert summary[0]["best at"] == best[0]["buffer"]


def test_spaces_side_by_side(tmp_path: Path) -> None:
    text = SEARCHED.replace("resolution: [8, 12]", "resolution: 8")
    known = study(text.replace("spaces: [quick]", "spaces: [layer-by-layer, quick]"))
    found = results(known, tmp_path / "study.db")
    with Store(tmp_path / "study.db", known) as store:
        rows = between_spaces(known, rows_of(known, store))
    assert len(rows) == len(found) / 2
    for row, apart, fused in zip(rows[:2], found[0::2], found[1::2], strict=False):
        assert row["gain"] == apart.data["energy"] / fused.data["energy"] >= 1


def test_a_survey_over_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of it against one survey per point of the hardware."""
    monkeypatch.setattr(units_of, "PIECE", 3000)
    monkeypatch.setattr(units_of, "HARDWARE", 4)
    surveying.cache_clear()
    known = study(SURVEYED)
    found = results(known, tmp_path / "study.db")
    survey = surveying_of(known)
    assert len(found) == len(survey.task.pieces) > 3
    total = merged(known, found)
    assert total.evaluated == survey.task.designs
    assert survey.skipped == sum(known.known(i)["area"] > 20 for i in range(known.hardware)) > 0
    network = load_choice(known.group.network) if known.group else None
    assert network is not None
    alone = survey.task.keeper()
    for number in survey.numbers:
        values = known.known(number)
        point = Hardware(known.architecture(number), float(values["area"]), float(values["standby"]))
        task = task_of(network, [point], order=["p", "q"], front=known.front, limits={"power": 60.0})
        for piece in task.pieces:
            kept = task.run(piece)
            alone.merge(kept.evaluated, kept.fits, kept.best, kept.front)
    assert (alone.evaluated, alone.fits) == (total.evaluated, total.fits)
    assert alone.best.rows.diagonal().tolist() == total.best.rows.diagonal().tolist()
    columns = alone.columns
    assert sorted(alone.front.rows[:, columns].tolist()) == sorted(total.front.rows[:, columns].tolist())
    with Store(tmp_path / "study.db", known) as store:
        assert profiles(known, store) == []
        finish(known, store)
        lines = profiles(known, store)
    rows = survey_rows(known, found)
    (best,) = (row for row in rows if row["role"] == "least energy")
    along = {}
    for at, number in enumerate(survey.numbers):
        place = known.place(number)
        if all(place[name] == best[name] for name in ("side", "bandwidth")):
            here = [survey.task.run(Piece(piece.units, at, at + 1)) for piece in survey.task.pieces if not piece.start]
            if any(kept.fits for kept in here):
                along[place["buffer"]] = min(kept.best.rows[5, 5] for kept in here if kept.fits)
    wanted = [line for line in lines if (line["objective"], line["parameter"]) == ("energy", "buffer")]
    assert {line["value"]: line["energy"] for line in wanted} == along
    assert len(along) > 1
    assert [line["value"] for line in wanted if line["chosen"]] == [best["buffer"]]
    assert all(row["area"] <= 20 and row["power"] <= 60 for row in rows)
    surveying.cache_clear()


def test_spaces_are_those_of_the_search() -> None:
    assert study(SEARCHED).spaces == (("quick", space_named("quick")),)


def test_limits_are_those_of_the_search(tmp_path: Path) -> None:
    """The least energy within a limit is found, not only asked of the plan of least energy."""
    text = SEARCHED.replace("[512, 2KiB, 4KiB, 8KiB, 32KiB, 64KiB, 128KiB]", "[512, 2KiB, 32KiB]")
    free = study(text)
    loose = {result.item: result for result in results(free, tmp_path / "free.db")}
    known = study(text + "constraints: [capacity <= 700 * bandwidth, latency <= 10400]\n")
    assert [limit.text for limit in known.limits(0)] == ["capacity<=1400B", "latency<=10400cycles"]
    rescued = 0
    for result in results(known, tmp_path / "limited.db"):
        hardware, network, _, space, _ = known.chosen(result.item)
        limits, within = known.limits(hardware), loose[result.item].data
        assert point_task(known, result.item).limits == limits
        broken = within["latency"] > 10400 or within["capacity"] > limits[0].most
        if result.status == "infeasible":
            assert broken
            continue
        assert result.data["latency"] <= 10400
        assert result.data["capacity"] <= limits[0].most
        alone = search(
            load_choice(network), known.architecture(hardware), limits=limits, space=space, objective="energy"
        )
        assert result.data["energy"] == float(alone.evaluation.energy.total) >= within["energy"]
        rescued += broken
    assert rescued
    with Store(tmp_path / "limited.db", known) as store:
        assert all(row["holds"] == (row["status"] != "infeasible") for row in rows_of(known, store))


def test_a_limit_of_capacity_is_no_smaller_memory() -> None:
    text = SEARCHED.replace("architecture: small", "architecture: flat_edge")
    free, limited = (study(text + more) for more in ("", "constraints: [capacity <= 64KiB]\n"))
    last = free.points - 1
    loose, within = (point_task(known, last).run() for known in (free, limited))
    assert loose.data["capacity"] <= 65536 < free.known(free.hardware - 1)["buffer"]
    assert within.data == loose.data


def test_capacity_by_kind(tmp_path: Path) -> None:
    """No kind takes more than all together; all together take no more than all kinds at their own worst moments."""
    text = SEARCHED.replace("quick", "layer-by-layer").replace("resolution: [8, 12]", "resolution: 8")
    known = study(text + "constraints: [capacity_weights <= 400]\n")
    for result in results(known, tmp_path / "study.db"):
        if result.data:
            kinds = [result.data[f"capacity_{kind}s"] for kind in ("input", "weight", "output", "intermediate")]
            assert max(kinds) <= result.data["capacity"] <= sum(kinds)
    with Store(tmp_path / "study.db", known) as store:
        rows = [row for row in rows_of(known, store) if row["status"] != "infeasible"]
    assert {row["holds"] for row in rows} == {row["capacity_weights"] <= 400 for row in rows} == {True, False}


def test_several_architectures(tmp_path: Path) -> None:
    text = SEARCHED.replace("architecture: small", "architecture: [small, mobile]").replace("[8, 12]", "8")
    text = text.replace("[512, 2KiB, 4KiB, 8KiB, 32KiB, 64KiB, 128KiB]", "[2KiB, 32KiB]")
    known = study(text)
    assert (known.hardware, known.points) == (8, 8)
    assert [known.architecture(at).name for at in (0, 3, 4, 7)] == ["small", "small", "mobile", "mobile"]
    assert known.values(1) == known.values(5) == {"buffer": 2048, "bandwidth": 8}
    alone = results(study(text.replace("[small, mobile]", "mobile")), tmp_path / "mobile.db")
    assert [r.data for r in results(known, tmp_path / "both.db")][4:] == [r.data for r in alone]
    with Store(tmp_path / "both.db", known) as store:
        rows, lines = rows_of(known, store), profiles(known, store)
    assert [row["architecture"] for row in rows[3:5]] == ["small", "mobile"]
    (line,) = (row for row in sensitivity(lines) if row["parameter"] == "architecture")
    assert {line["best at"], line["worst at"]} == {"small", "mobile"}
    with Store(tmp_path / "both.db", study_of(tmp_path / "both.db")) as store:
        assert rows_of(known, store) == rows


def test_the_product_of_energy_and_latency(tmp_path: Path) -> None:
    known = study(SEARCHED.replace(", edp: energy * latency", "") + "objectives: [edp]\n")
    results(known, tmp_path / "study.db")
    with Store(tmp_path / "study.db", known) as store:
        (first, _) = best_per_network(rows_of(known, store))
    assert first["edp"] == pytest.approx(first["energy"] * first["latency"])


def test_the_area_of_an_architecture(tmp_path: Path) -> None:
    text = SEARCHED.replace("architecture: small", "architecture: flat_edge").replace(
        "area: buffer / 1KiB + bandwidth, ", ""
    )
    known = study(text + "constraints: [area <= 6]\n")
    areas = [sum(a for a in known.architecture(at).areas_mm2.values() if a) for at in range(known.hardware)]
    assert [known.known(at)["area"] for at in range(known.hardware)] == areas
    with pytest.raises(InputError, match="the area of GLB is not known"):
        study(text.replace("flat_edge", "small"))
