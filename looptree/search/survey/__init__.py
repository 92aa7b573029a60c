"""Every design of a fusion group, evaluated with all its metrics, many millions a second."""

from looptree.search.survey.block import METRICS
from looptree.search.survey.survey import Survey, Surveyed, metrics_of, survey

__all__ = ["METRICS", "Survey", "Surveyed", "metrics_of", "survey"]
