"""The integer program handed to CP-SAT, and its answer taken apart."""

from __future__ import annotations

import math

from ortools.sat.python import cp_model

from looptree.search.covering.constraints import Constraints
from looptree.search.covering.objective import Objective
from looptree.search.covering.program import Answer, Program
from looptree.search.covering.variables import Variables
from looptree.search.result import SEED


def optimise(program: Program, seconds: float | None) -> Answer:
    """Solves a program, in the same way on every run.

    >>> members, holders = [[0], [1], [0, 1]], [[0, 2], [1, 2]]
    >>> optimise(Program([5, 5, 7], members, holders, cuts=[], limits=[], most_weight=None), seconds=None)
    Answer(solutions=((2,),), bound=7, complete=True)
    """
    if program.hopeless:
        return Answer((), None, True)
    model = cp_model.CpModel()
    variables = Variables(model, len(program.weights))
    Constraints(model, program, variables).add()
    objective = Objective(model, program, variables)
    objective.add()
    seen = _Seen(variables)
    solver = _solver(seconds)
    status = solver.solve(model, seen)
    if status == cp_model.MODEL_INVALID:
        raise AssertionError(f"CP-SAT does not take the model: {model.validate()}")
    if status == cp_model.INFEASIBLE:
        return Answer((), None, True)
    # A search stopped before it began reports the bound 0, which is none if weights are negative.
    said = solver.best_objective_bound if seen.solutions or solver.best_objective_bound else -math.inf
    bound = objective.weight_of(said)
    return Answer(tuple(seen.solutions), bound, status == cp_model.OPTIMAL)


def _solver(seconds: float | None) -> cp_model.CpSolver:
    """CP-SAT on one thread, with every equation in its linear relaxation.

    On several threads, interleaved ones too, it returns different covers of one cost for different numbers of them. Its
    presolve and its probing cost more time than they save: fixing and cuts have been here before.
    """
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = SEED
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_presolve = False
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.use_sat_inprocessing = False
    solver.parameters.num_workers = 1
    if seconds is not None:
        solver.parameters.max_time_in_seconds = seconds
    return solver


class _Seen(cp_model.CpSolverSolutionCallback):
    """Writes down every solution."""

    def __init__(self, variables: Variables) -> None:
        super().__init__()
        self._variables = variables
        self.solutions: list[tuple[int, ...]] = []

    def on_solution_callback(self) -> None:
        """Called by the solver, each time with a better solution."""
        chosen = self._variables.chosen
        self.solutions.append(tuple(place for place in range(len(chosen)) if self.boolean_value(chosen[place])))
