"""What can be chosen: the mapping tree (a LoopTree) as frozen, self-checking values.

`tree` and `reader` are the mapping as it is written, `binding` checks it against a workload and an
architecture, `group` and `annotation` see it as choices, `points` holds published designs, `drawing` shows it,
`plan_file` keeps what a search proved of it beside it.
"""

from looptree.taxonomy.annotation import annotate_graph
from looptree.taxonomy.described import describe
from looptree.taxonomy.group import GroupChoice, group_chain, plan_tree
from looptree.taxonomy.tree import Branch, Chain, Compute, LoopTree, Node, RankRef, Spatial, Split, Storage, Temporal

__all__ = [
    "Branch",
    "Chain",
    "Compute",
    "GroupChoice",
    "LoopTree",
    "Node",
    "RankRef",
    "Spatial",
    "Split",
    "Storage",
    "Temporal",
    "annotate_graph",
    "describe",
    "group_chain",
    "plan_tree",
]
