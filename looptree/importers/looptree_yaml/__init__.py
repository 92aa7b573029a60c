"""Files of the original LoopTree: workloads, architectures and mappings as its Timeloop-based tool reads them.

Each is translated, node by node, into a document of our own format, so that one reader checks and understands both.
Every translated node remembers file and line of the original.

Sources: the LoopTree tutorial (github.com/Accelergy-Project/looptree-tutorial) and the test files of PyTimeloop
(github.com/Accelergy-Project/timeloop-python), read for the format.
"""

from looptree.importers.looptree_yaml.components import architecture_document
from looptree.importers.looptree_yaml.problem import workload_document
from looptree.importers.looptree_yaml.tree import mapping_document
from looptree.importers.looptree_yaml.writer import original_mapping

__all__ = ["architecture_document", "mapping_document", "original_mapping", "workload_document"]
