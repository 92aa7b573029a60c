"""How large a buffer has to be: the least objective of a network against the capacity, point by point, with proof.

`point` is what is kept of a plan, `kind` asks a search for the points of one kind of plan, `curve` says which matter,
`cache` keeps finished ones, `answers` reads a finished curve.
"""

from looptree.sizing.answers import Answer, Change, answers, changes, knees
from looptree.sizing.curve import Sizing, size
from looptree.sizing.kind import Step
from looptree.sizing.point import Point

__all__ = ["Answer", "Change", "Point", "Sizing", "Step", "answers", "changes", "knees", "size"]
