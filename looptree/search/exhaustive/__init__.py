"""The same search, slow and obvious: every design of every group is evaluated by the model, every plan is tried.

It looks at what `search` looks at (see `Space`), and has no tables of loops, no bounds and no branches that are cut.
The time grows exponentially: it is for networks of a few small layers, where it shows whether `search` misses anything.

`Exhaustive` takes the question; `plans` are the partitions of a network, `group` the designs of one group of them.
"""

from looptree.search.exhaustive.designs import Designs, together, undominated
from looptree.search.exhaustive.exhaustive import Exhaustive
from looptree.search.exhaustive.group import Group
from looptree.search.exhaustive.network import Network, subsets
from looptree.search.exhaustive.plans import Step, plans_of, steps_of

__all__ = [
    "Designs",
    "Exhaustive",
    "Group",
    "Network",
    "Step",
    "plans_of",
    "steps_of",
    "subsets",
    "together",
    "undominated",
]
