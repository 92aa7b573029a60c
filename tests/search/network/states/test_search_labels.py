"""Labels, against every path with every design."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from looptree.search.asked.metrics import Weights
from looptree.search.asked.space import Space
from looptree.search.network.states.labels import Labels, Rule
from tests.search.network.states.test_search_states import graph_of, paths
from tests.search.search_cases import network


@pytest.mark.parametrize("seed", range(6))
def test_no_plan_within_a_limit_is_better(seed: int) -> None:
    draw = np.random.default_rng(seed)
    graph = graph_of(network("branches", seed, layers=3), Space(resident=1))
    found_some = 0
    for _ in range(5):
        options = {q: draw.integers(1, 9, size=(3, 2)).astype(np.float64) for q in range(len(graph.queries))}
        totals = np.array(
            [
                sum((options[int(graph.query[step])][i] for step, i in zip(path, chosen, strict=True)), np.zeros(2))
                for path in paths(graph)
                for chosen in itertools.product(range(3), repeat=len(path))
            ]
        )
        limit = float(np.quantile(totals[:, 1], draw.choice([0.0, 0.2, 0.6]))) - float(draw.choice([0, 1]))
        rules = []
        for column, weights, most in ((0, Weights(1, 0), np.inf), (1, Weights(0, 1), limit + 0.5)):
            cost = np.array([options[q][:, column].min() for q in range(len(graph.queries))])
            rules.append(Rule(weights, np.array([most]), cost, *graph.paths.ways(cost[graph.query])))
        known = Labels(graph, options, [0, 1], rules, range(len(graph.source)), 1000)
        found = known.best(lambda sums: np.asarray(sums[:, 0]))
        within = totals[totals[:, 1] <= limit]
        assert bool(found.steps) == bool(len(within))
        assert found.complete
        if len(within):
            found_some += 1
            taken = [options[int(graph.query[s])][o] for s, o in zip(found.steps, found.options, strict=True)]
            assert sum(t[0] for t in taken) == within[:, 0].min()
            assert sum(t[1] for t in taken) <= limit
            assert [int(graph.target[s]) for s in found.steps[:-1]] == [int(graph.source[s]) for s in found.steps[1:]]
    assert found_some


def test_few_labels_find_a_plan_that_is_not_proven() -> None:
    draw = np.random.default_rng(1)
    graph = graph_of(network("branches", 1, layers=4), Space(resident=1))
    options = {q: draw.integers(1, 99, size=(4, 2)).astype(np.float64) for q in range(len(graph.queries))}
    rules = []
    for column, weights, most in ((0, Weights(1, 0), np.inf), (1, Weights(0, 1), 120.0)):
        cost = np.array([options[q][:, column].min() for q in range(len(graph.queries))])
        rules.append(Rule(weights, np.array([most]), cost, *graph.paths.ways(cost[graph.query])))
    few, all_ = (Labels(graph, options, [0, 1], rules, range(len(graph.source)), most) for most in (2, 1000))
    assert (few.complete, all_.complete) == (False, True)
    one, best = (known.best(lambda sums: np.asarray(sums[:, 0])) for known in (few, all_))
    sums = [sum(options[int(graph.query[s])][o] for s, o in zip(f.steps, f.options, strict=True)) for f in (one, best)]
    assert sums[0][1] < 120
    assert sums[0][0] >= sums[1][0]
