"""The exact model in closed form: every total is a sum of products of one-dimensional sums."""

from looptree.model.evaluate import evaluate, evaluate_design
from looptree.model.result import Evaluation, GroupResult

__all__ = ["Evaluation", "GroupResult", "evaluate", "evaluate_design"]
