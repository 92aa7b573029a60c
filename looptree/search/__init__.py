"""Search: fusion, tiling and retention for whole networks, every plan evaluated by the model.

From the outside in: `search` takes the question and returns a plan; `asked` is what can be asked, `answers` are those
that take many searches, `network` finds the best plan of a network for one sum of metrics, `covering` chooses groups
where the layer graph is wide, and `group` finds the best design of one group. Beside them, `exhaustive` is the same
search, slow and obvious, and `survey` evaluates every design of a group.

The package itself can be called: importing it binds it to `looptree.search`, and that name is also the function.
"""

import sys
from inspect import signature
from types import ModuleType
from typing import Any

from looptree.search.answers.front import Front
from looptree.search.asked.limits import Limit
from looptree.search.asked.restrictions import Restrictions
from looptree.search.asked.rules import LayerRule, TensorRule
from looptree.search.asked.space import SPACES, Space, space_named
from looptree.search.result import Comparison, InfeasibleError, Plan, State, Statistics
from looptree.search.search import compare, front, search

__all__ = [
    "SPACES",
    "Comparison",
    "Front",
    "InfeasibleError",
    "LayerRule",
    "Limit",
    "Plan",
    "Restrictions",
    "Space",
    "State",
    "Statistics",
    "TensorRule",
    "compare",
    "front",
    "search",
    "space_named",
]


class _Callable(ModuleType):
    """This package, with the options of `search` where a notebook or `help` asks for them."""

    __signature__ = signature(search)

    def __call__(self, *args: Any, **kwargs: Any) -> Plan:
        return search(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
