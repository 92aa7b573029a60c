"""Every design of a fusion group, evaluated with all its metrics, many millions a second."""

from looptree.search.survey.meter import HARDWARE_METRICS, METRICS, Hardware
from looptree.search.survey.survey import Survey, Surveyed, metrics_of, survey

__all__ = ["HARDWARE_METRICS", "METRICS", "Hardware", "Survey", "Surveyed", "metrics_of", "survey"]
