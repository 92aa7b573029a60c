"""Published designs, run again: the cases of `validation/`, their parameters, and how far the model agrees.

`cases` reads the case files, `settings` turns values of their parameters into a design, `metrics` measures it and
`run` compares.
"""

from looptree.validate.case import Case
from looptree.validate.reader import case_names, load_case
from looptree.validate.run import CaseResult, Compared, run_at, run_case

__all__ = ["Case", "CaseResult", "Compared", "case_names", "load_case", "run_at", "run_case"]
