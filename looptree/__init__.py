"""Exact model and search of fused-layer dataflows with recomputation.

    import looptree

    workload = looptree.load_workload("mobilenet_v2")        # or a file
    architecture = looptree.load_architecture("mobile")      # or a file
    result = looptree.compare(workload, architecture)        # layer by layer against fused
    result.fused.evaluation.offchip_bytes

    mapping = looptree.read_mapping("mapping.yaml")          # or looptree.apply_point("depfin", workload, architecture)
    evaluation = looptree.evaluate(workload, architecture, mapping)
    evaluation.to_dict()

    plan = looptree.search(workload, architecture, objective="offchip", seconds=60)
    plan.statistics.status, plan.statistics.gap              # "optimal", 0.0

Importing this package is cheap: each name below is imported when it is first used.

* `load_workload`, `load_architecture`, `read_mapping`: from files, or by the name of what is shipped.
* `load_mapping`: as `read_mapping`, and of the original LoopTree, whose targets count components of hardware.
* `import_onnx`: an ONNX model as a workload, with a report of what became of its operators.
* `from_torch`, `import_torch`: a PyTorch module as a workload, without and with the report.
* `apply_point`: a published design as the mapping of a workload.
* `evaluate`: the exact numbers of a mapping.
* `bind`: a mapping checked against workload and architecture: the `Design` that
  `looptree.simulate.simulate` runs step by step and `looptree.check.check` holds the model against.
* `compare`: a network layer by layer against the best fused mapping that the search finds.
* `search`: the best plan of a network for an objective, with a proof or with a gap.
* `size`: the least objective against the capacity of the buffer, with the smallest one that is good enough.
* `layer_graph`, `draw_tree`, `draw_loop_nest`: the layers as a networkx graph; a mapping as text.
* `InputError`: what all of them raise when something that a user wrote is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from looptree.errors import InputError
    from looptree.graph import layer_graph
    from looptree.importers.aten.load import from_torch, import_torch
    from looptree.importers.load import import_onnx, load_architecture, load_mapping, load_workload
    from looptree.model.evaluate import evaluate
    from looptree.search import compare, search
    from looptree.sizing import size
    from looptree.taxonomy.binding import bind
    from looptree.taxonomy.drawing import draw_loop_nest, draw_tree
    from looptree.taxonomy.points import apply_point
    from looptree.taxonomy.reader import read_mapping

__all__ = [
    "InputError",
    "apply_point",
    "bind",
    "compare",
    "draw_loop_nest",
    "draw_tree",
    "evaluate",
    "from_torch",
    "import_onnx",
    "import_torch",
    "layer_graph",
    "load_architecture",
    "load_mapping",
    "load_workload",
    "read_mapping",
    "search",
    "size",
]

__version__ = "0.1.0"

_MODULE_OF = {
    "InputError": "errors",
    "apply_point": "taxonomy.points",
    "bind": "taxonomy.binding",
    "compare": "search",
    "draw_loop_nest": "taxonomy.drawing",
    "draw_tree": "taxonomy.drawing",
    "evaluate": "model.evaluate",
    "from_torch": "importers.aten.load",
    "import_onnx": "importers.load",
    "import_torch": "importers.aten.load",
    "layer_graph": "graph",
    "load_architecture": "importers.load",
    "load_mapping": "importers.load",
    "load_workload": "importers.load",
    "read_mapping": "taxonomy.reader",
    "search": "search",
    "size": "sizing",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"{__name__}.{_MODULE_OF[name]}")
    return globals()[name] if name in globals() else getattr(module, name)  # the room `search` can itself be called


def __dir__() -> list[str]:
    return sorted((*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"))
