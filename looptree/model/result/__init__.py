"""What an evaluation says, with units in the names: `counts`, what they cost (`costs`), both together for a mapping and
each of its groups (`evaluation`), and the same as data that can be written to a file (`plain`).
"""

from looptree.model.result.costs import Energy, Latency, LayerCycles, Stepwise
from looptree.model.result.counts import Occupancy, OperationCount, PartOccupancy, Traffic
from looptree.model.result.evaluation import Evaluation, GroupResult, stepwise_together
from looptree.model.result.plain import plain

__all__ = [
    "Energy",
    "Evaluation",
    "GroupResult",
    "Latency",
    "LayerCycles",
    "Occupancy",
    "OperationCount",
    "PartOccupancy",
    "Stepwise",
    "Traffic",
    "plain",
    "stepwise_together",
]
