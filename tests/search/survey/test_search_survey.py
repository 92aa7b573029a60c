"""Surveys against the model, design by design, and against the exhaustive search."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import pytest

from looptree.architecture import Architecture
from looptree.errors import InputError
from looptree.model import evaluate
from looptree.model.axis import Array
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.survey import METRICS, Hardware, metrics_of, survey
from looptree.search.survey import units as units_of
from looptree.search.survey.block import slabs
from looptree.search.survey.survey import Decoder, choice_of, task_of
from looptree.search.survey.units import Piece, Task
from looptree.taxonomy.group import GroupChoice, plan_tree
from looptree.workload import Workload
from tests.search.search_cases import KINDS, OBJECTIVES, architecture, network

SPACE = Space(loops=2, lone_loops=2, joined_loops=0, leaf_loops=0)


def everything(task: Task) -> Iterator[tuple[GroupChoice, Array]]:
    """Every design of a survey with its metrics."""
    meter = task.meter(0, 1)
    for order, listed in enumerate(task.branches):
        for number, branch in enumerate(listed):
            for tile in range(branch.tiles if branch else 0):
                assert branch is not None
                for slab in slabs(meter, branch, tile, tile + 1):
                    count = slab.combination
                    for _, metrics in slab.blocks():
                        shape = metrics["capacity"].shape
                        columns = [np.broadcast_to(metrics[name], shape).reshape(-1) for name in METRICS]
                        for row in np.stack(columns, axis=1):
                            yield choice_of(task, (order, number, tile, count)), row
                            count += 1


def modelled(workload: Workload, hardware: Architecture, choice: GroupChoice) -> list[float]:
    """The metrics of a design, by the model."""
    tree = plan_tree(workload, hardware, [choice])
    found = metrics_of(evaluate(workload, hardware, tree, stepwise=False), "GLB")
    return [found[name] for name in METRICS]


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_equal_the_model(kind: str) -> None:
    for seed in range(3):
        workload = network(kind, seed, layers=2 + seed % 2)
        hardware = architecture(seed=seed, buffer_bandwidth=3 if seed else None)
        listed = list(everything(task_of(workload, hardware, space=SPACE)))
        for choice, row in random.Random(seed).sample(listed, min(20, len(listed))):
            assert row.tolist() == modelled(workload, hardware, choice), choice


def test_every_design_of_a_small_group_once() -> None:
    workload, hardware = network("chain", 4, layers=2), architecture(seed=3)
    listed = list(everything(task_of(workload, hardware, space=Space(loops=1))))
    choices = [choice for choice, _ in listed]
    assert len(choices) > 50
    assert len(set(choices)) == len(choices)
    assert all(row.tolist() == modelled(workload, hardware, choice) for choice, row in listed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_best_designs_are_those_of_the_exhaustive_search(kind: str) -> None:
    workload = network(kind, 5, layers=2)
    hardware = architecture(seed=5, buffer_bandwidth=3)
    search = Exhaustive(workload, hardware, SPACE)
    designs = search.designs(frozenset(e.name for e in workload.einsums))
    least = designs.rows[:, :2].sum(axis=1).min()
    for capacity in (least, 1.4 * least, math.inf):
        found = survey(workload, hardware, space=SPACE, limits={"capacity": capacity}, workers=1).best
        assert found["capacity"].metrics["capacity"] == least
        for objective in OBJECTIVES:
            expected = designs.least(objective, capacity, search.bandwidths)
            assert found[objective].metrics[objective] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("front", [("capacity", "offchip"), ("capacity", "energy", "latency"), ("operations",)])
def test_the_front_is_that_of_all_designs(front: tuple[str, ...]) -> None:
    workload = network("chain", 7, layers=2)
    hardware = architecture(seed=7)
    rows = np.stack([row for _, row in everything(task_of(workload, hardware, space=SPACE))])
    limit = float(np.median(rows[:, METRICS.index("capacity")]))
    found = survey(workload, hardware, space=SPACE, front=front, limits={"capacity": limit}, workers=1)
    inside = rows[rows[:, METRICS.index("capacity")] <= limit]
    points = np.unique(inside[:, [METRICS.index(name) for name in front]], axis=0)
    alone = [p for p in points.tolist() if not ((points <= p).all(axis=1) & (points < p).any(axis=1)).any()]
    assert (found.evaluated, found.fits) == (len(rows), len(inside))
    assert [[design.metrics[name] for name in front] for design in found.front] == sorted(alone)
    for name, design in found.best.items():
        assert design.metrics[name] == inside[:, METRICS.index(name)].min()


def test_pieces_and_workers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    workload, hardware = network("plane", 1, layers=3), architecture(700, seed=2)
    whole = survey(workload, hardware, space=SPACE, workers=1)
    monkeypatch.setattr(units_of, "PIECE", 500)
    pieces = survey(workload, hardware, space=SPACE, workers=1)
    monkeypatch.setattr(units_of, "WORTH_IT", 0)
    apart = survey(workload, hardware, space=SPACE, workers=2)
    for other in (pieces, apart):
        assert (other.evaluated, other.fits, other.front, other.best) == (
            whole.evaluated,
            whole.fits,
            whole.front,
            whole.best,
        )


def test_hardware_one_by_one_or_together() -> None:
    """All points at once keep what single surveys keep; power is energy over cycles and standby."""
    workload = network("chain", 3, layers=2)
    points = [
        Hardware(architecture(capacity, seed=seed, buffer_bandwidth=rate), float(seed), seed / 2)
        for capacity in (60, 200)
        for seed in (1, 2)
        for rate in (None, 3)
    ]
    limits = {"power": 400.0}
    task = task_of(workload, points, space=SPACE, front=("area", "energy", "latency"), limits=limits)
    together = task.run(Piece(task.pieces[0].units, 0, len(points)))
    alone = task.keeper()
    for index in range(len(points)):
        found = task.run(Piece(task.pieces[0].units, index, index + 1))
        alone.merge(found.evaluated, found.fits, found.best, found.front)
    assert (together.evaluated, together.fits) == (alone.evaluated, alone.fits) == (task.designs, alone.fits)
    assert 0 < alone.fits < alone.evaluated
    columns = task.keeper().columns
    assert np.unique(together.front.rows[:, columns], axis=0).tolist() == (
        np.unique(alone.front.rows[:, columns], axis=0).tolist()
    )
    assert together.best.rows.diagonal().tolist() == alone.best.rows.diagonal().tolist()
    decoder = Decoder(task)
    for at in range(len(together.front)):
        design = decoder.design(together.front, at)
        point, metrics = points[design.hardware], design.metrics
        assert metrics["area"] == point.area
        assert metrics["power"] == metrics["energy"] / metrics["latency"] + point.standby <= limits["power"]
        assert design.evaluation.fits


def test_one_loop_order() -> None:
    workload, hardware = network("matmul", 1, layers=2), architecture()
    ranks = list(task_of(workload, hardware).group.part.einsums[-1].ranks)[:2]
    found = survey(workload, hardware, order=ranks, space=SPACE, workers=1)
    assert found.evaluated > 0
    assert all([loop.ranks[0].rank for loop in design.choice.loops] == ranks for design in found.front)


def test_nothing_fits() -> None:
    found = survey(network("chain", 1), architecture(1), space=SPACE, workers=1)
    assert (found.fits, found.front, dict(found.best)) == (0, (), {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"front": ("energi",)}, "expected a metric"),
        ({"front": ()}, "at least one metric"),
        ({"limits": {"area": 1.0}}, "expected a metric"),
        ({"layers": ["conv9"]}, "there is no layer 'conv9'"),
        ({"order": ["z"]}, "there is no loop order z"),
        ({"workers": 0}, "at least 1 worker"),
    ],
)
def test_bad_input(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        survey(network("chain", 1), architecture(), **arguments)  # type: ignore[arg-type]
