"""Search: fusion, tiling and retention for whole networks, every plan evaluated by the model.

The package itself can be called: importing it binds it to `looptree.search`, and that name is also the function.
"""

import sys
from inspect import signature
from types import ModuleType
from typing import Any

from looptree.search.front import Front
from looptree.search.limits import Limit
from looptree.search.result import Comparison, InfeasibleError, Plan, State, Statistics
from looptree.search.search import compare, front, search
from looptree.search.space import SPACES, Space, space_named

__all__ = [
    "SPACES",
    "Comparison",
    "Front",
    "InfeasibleError",
    "Limit",
    "Plan",
    "Space",
    "State",
    "Statistics",
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
