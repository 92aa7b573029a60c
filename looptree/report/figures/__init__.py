"""Pictures for papers: SVG, PNG or PDF, one file per picture, all in one style. matplotlib draws them.

    from looptree.report.figures import capacity_figure, write_figure

    write_figure(capacity_figure(sizing), "curve.svg")

Every function takes plain results and returns a matplotlib figure, which shows itself in a notebook.
"""

from looptree.report.figures.bars import energy_figure, latency_figure
from looptree.report.figures.capacity import capacity_figure
from looptree.report.figures.front import FrontPoint, front_figure, plans_figure
from looptree.report.figures.graph import graph_figure
from looptree.report.figures.layers import layers_figure
from looptree.report.figures.occupancy import occupancy_figure
from looptree.report.figures.panels import panels_figure
from looptree.report.figures.roofline import roofline_figure
from looptree.report.figures.steps import steps_figure, telling_group
from looptree.report.figures.study import study_figure
from looptree.report.figures.style import FORMATS, drawn, write_figure
from looptree.report.figures.tree import tree_figure

__all__ = [
    "FORMATS",
    "FrontPoint",
    "capacity_figure",
    "drawn",
    "energy_figure",
    "front_figure",
    "graph_figure",
    "latency_figure",
    "layers_figure",
    "occupancy_figure",
    "panels_figure",
    "plans_figure",
    "roofline_figure",
    "steps_figure",
    "telling_group",
    "study_figure",
    "tree_figure",
    "write_figure",
]
