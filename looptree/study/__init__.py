"""Named studies: what ranks, schedule, retention and recomputation do to buffer and transfers of fused layers.

Each study asks one question of the LoopTree paper (Gilbert, Wu, Emer, Sze: LoopTree, IEEE TCASAI 2024, arXiv
2409.13625), answers it with the model over a small space of designs, and returns plain data.
"""

from looptree.study.registry import STUDIES, run_study, study_names
from looptree.study.result import Chart, Curve, Finding, StudyResult, TableData

__all__ = ["STUDIES", "Chart", "Curve", "Finding", "StudyResult", "TableData", "run_study", "study_names"]
