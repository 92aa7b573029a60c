"""The scripts of a report look steps up; the simulator walks through them. Both see the same, word by word."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np
import pytest

from looptree.errors import UnsupportedError
from looptree.model.inference import infer
from looptree.report.html.steps import GroupSteps
from looptree.simulate.budget import Budget
from looptree.simulate.inference import Run
from looptree.simulate.inference import infer as run_of
from looptree.simulate.points import PointTable, union
from looptree.simulate.run import required_of
from looptree.simulate.sweeps import fresh, sweep_depth, windows
from looptree.simulate.tables import Tables
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design, Place
from looptree.workload import Interval
from tests.random_designs import Generator
from tests.report.browser import Browser, Tab, find_chromium

PROGRAM = find_chromium()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium (apt-get install chromium)"),
]

EVERY_STEP = """
(view) => {
  const lookup = looptree.lookup;
  const found = [];
  for (let step = 0; step < lookup.steps(view); step += 1) {
    const at = lookup.locate(view, step);
    found.push({
      values: at.values,
      work: Object.fromEntries(lookup.work(view, at)),
      places: view.places.map((place) => ({
        needed: lookup.box(place.needed, at.own),
        window: lookup.box(place.window, at.own),
        arriving: lookup.words(place.arriving, at.own),
        first: lookup.words(place.first, at.own),
        live: lookup.live(place, at),
        before: lookup.before(place, at, place.life),
      })),
    });
  }
  return found;
}
"""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A page with nothing but the script that looks up."""
    assert PROGRAM is not None
    script = resources.files("looptree.report.html").joinpath("assets", "lookup.js").read_text(encoding="utf-8")
    file = tmp_path_factory.mktemp("page") / "lookup.html"
    ready = "document.documentElement.dataset.ready = 'yes'"
    file.write_text(f"<!doctype html><meta charset=utf-8><script>const looptree = {{}};\n{script}\n{ready}</script>")
    with Browser(PROGRAM, tmp_path_factory.mktemp("profile")) as browser:
        yield browser.open(file)


def interval_box(found: Json | None) -> tuple[Interval, ...] | None:
    return None if found is None else tuple(Interval(*found[str(d)]) for d in range(len(found)))


def kept_points(points: PointTable, place: Json) -> set[int]:
    """What is needed and was needed before in the same life."""
    need = set(points.inside(interval_box(place["needed"])).tolist())
    return need & set(union([points.inside(interval_box(box)) for box in place["before"]]).tolist())


def check_place(run: Run, place: Place, found: list[tuple[tuple[int, ...], Json]], live: int) -> None:
    required = required_of(run, place)
    points = run.tables.points[place.tensor]
    depth = sweep_depth(required, place)
    arriving, first = (fresh(required, d, points, run.tables) for d in (depth, 0))
    held = windows(required, place.depth)
    assert set(required) <= {index for index, _ in found}
    for index, here in found:
        if index not in required:
            assert here["needed"] is None
            continue
        assert interval_box(here["needed"]) == required[index]
        assert interval_box(here["window"]) == held[index[: place.depth]]
        assert here["first"] == first[index].size
        if place.consumed:
            assert here["arriving"] == arriving[index].size
            needed = points.inside(required[index])
            assert kept_points(points, here) == set(np.setdiff1d(needed, arriving[index]).tolist())
    assert max(here["live"] for _, here in found) == live


def check(tab: Tab, design: Design) -> int:
    run = run_of(design, Tables(design.workload, Budget(400_000)))
    steps = GroupSteps(design)
    if steps.problem:
        raise UnsupportedError(steps.problem)
    counts = infer(design).places
    checked = 0
    for view in steps.of(design.root)["views"]:
        chain = next(c for c in design.chains if list(c.einsums) == view["layers"] and on_chip(design, c.places))
        found = tab.run(f"({EVERY_STEP})({json.dumps(view)})")
        listed = [(tuple(step["values"]), step) for step in found]
        assert [index for index, _ in listed] == sorted(index for index, _ in listed)
        for name in chain.einsums:
            done = run.operations(chain, name)
            for index, step in listed:
                assert step["work"].get(name, 0) == (done[index].size if index in done else 0)
        asked = [place for place in on_chip(design, chain.places) if place.id in steps.chains[chain.id].places]
        for number, place in enumerate(asked):
            here = [(index, step["places"][number]) for index, step in listed]
            check_place(run, place, here, counts[place.id].live)
            checked += 1
    return checked


def on_chip(design: Design, places: tuple[int, ...]) -> list[Place]:
    return [design.places[p] for p in places if design.places[p].level != design.architecture.off_chip.name]


@pytest.mark.parametrize("seed", range(3))
def test_random_designs(tab: Tab, seed: int) -> None:
    below = random.Random(f"lookup {seed}").randrange
    checked = 0
    for _ in range(40):
        generator = Generator(below)
        workload = generator.workload()
        try:
            checked += check(tab, bind(workload, generator.architecture(), generator.mapping(workload)))
        except UnsupportedError:
            continue
    assert checked > 60
