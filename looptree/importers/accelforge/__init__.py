"""Files of AccelForge: workloads, architectures and mappings, also as Jinja templates.

A template is rendered in a sandbox. What is read is translated, node by node, into a document of our own format, so
that one reader checks and understands both; every node remembers its file and line.

Source: AccelForge 1.0 (https://pypi.org/project/accelforge), its examples read for the format.
"""

from looptree.importers.accelforge.architecture import architecture_document
from looptree.importers.accelforge.mapping import mapping_document
from looptree.importers.accelforge.template import is_template, parameters_of, rendered_document
from looptree.importers.accelforge.workload import workload_document

__all__ = [
    "architecture_document",
    "is_template",
    "mapping_document",
    "parameters_of",
    "rendered_document",
    "workload_document",
]
