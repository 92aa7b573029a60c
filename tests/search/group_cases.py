"""One group searched and searched exhaustively."""

from __future__ import annotations

import math
import random

from looptree.architecture import Architecture
from looptree.model import evaluate
from looptree.search.asked.metrics import Weights
from looptree.search.asked.objective import value
from looptree.search.asked.segment import segment
from looptree.search.asked.space import Space
from looptree.search.exhaustive import Exhaustive
from looptree.search.group.decode import choice_of
from looptree.search.group.goal.goal import Aim, Goal
from looptree.search.group.group_search import GroupSearch
from looptree.search.network.groups.workers import Searches
from looptree.taxonomy.group import plan_tree
from looptree.workload import Workload
from tests.search.search_cases import OBJECTIVES

CLOSE = 1e-9


def searched(workload: Workload, hardware: Architecture, objective: str, space: Space) -> GroupSearch:
    """The search of all layers as one group."""
    part = segment(workload, [e.name for e in workload.einsums])
    goal = Goal(Aim(Weights.only(objective)), hardware, "GLB")
    return Searches(hardware, "GLB", space).of(0, part).towards(goal)


def capacities(slow: Exhaustive, most: int, largest: float) -> list[float]:
    """Where designs begin to fit, one byte less, and the largest one."""
    rows = slow.designs(frozenset(e.name for e in slow.network.workload.einsums)).rows
    edges = sorted({c for need in rows[:, :2].sum(axis=1).tolist() for c in (need - 1, need)}) or [8.0]
    chosen = random.Random(0).sample(edges, min(most, len(edges)))
    return [*sorted({*chosen, *edges[:2]}), largest]


def differences(
    slow: Exhaustive, hardware: Architecture, *, most: int = 10, largest: float = math.inf
) -> tuple[list[str], int]:
    """Where the search does not agree with the exhaustive one or with the model; and how many cases there were.

    Args:
        hardware: with the bandwidths that count. most: capacities, and the largest of them.
    """
    workload, space = slow.network.workload, slow.network.space
    found: list[str] = []
    cases = 0
    designs = slow.designs(frozenset(e.name for e in workload.einsums))
    for objective in OBJECTIVES:
        search = searched(workload, hardware, objective, space)
        for capacity in capacities(slow, most, largest):
            cases += 1
            outcome = search.search(frozenset(), capacity)
            expected = designs.least(objective, capacity, slow.bandwidths)
            where = f"{objective} in {capacity} bytes"
            if outcome.design is None:
                if not math.isinf(expected):
                    found.append(f"{where}: nothing found, expected {expected}")
                continue
            choice = choice_of(search.group.part, outcome.design, "GLB")
            tree = plan_tree(search.group.part, hardware, [choice])
            result = evaluate(search.group.part, hardware, tree, stepwise=False)
            held, live = result.occupancy["GLB"], hardware.allocation == "live"
            told, room = float(value(objective, result)), held.live_bytes if live else held.window_bytes
            if not math.isclose(outcome.value, expected, rel_tol=CLOSE):
                found.append(f"{where}: found {outcome.value}, expected {expected}")
            if not math.isclose(outcome.value, told, rel_tol=CLOSE) or room != outcome.design.room:
                found.append(f"{where}: {outcome.value} in {outcome.design.room}, the model {told} in {room}")
            if not outcome.bound <= outcome.value * (1 + CLOSE) or outcome.design.room > capacity:
                found.append(f"{where}: bound {outcome.bound}, room {outcome.design.room}")
    return found, cases
