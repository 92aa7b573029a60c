"""Sweeps: hardware and networks together, on one machine or many, in a file that survives."""

from looptree.sweep.reader import load_study, study_of
from looptree.sweep.run import State, run
from looptree.sweep.store import Result, Store
from looptree.sweep.study import Study

__all__ = ["Result", "State", "Store", "Study", "load_study", "run", "study_of"]
