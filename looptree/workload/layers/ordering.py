"""Layers in an order in which each comes after its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from looptree.workload.layers.spec import Spec


def ordered(specs: list[Spec], source: Callable[[str], str]) -> dict[str, Spec]:
    """Layers by name in topological order, the order of the file where it is free.

    Args:
        specs: layers as they are written.
        source: the layer or input that a name stands for.

    Raises:
        InputError: two layers of one name, or a layer that depends on itself.
    """
    by_name: dict[str, Spec] = {}
    for spec in specs:
        if spec.name in by_name:
            raise spec.error("expected a name of its own, found one that another layer has", "rename one of them")
        by_name[spec.name] = replace(spec, inputs=tuple(map(source, spec.inputs)))
    order: dict[str, Spec] = {}
    for root in by_name:
        path = {root: None}
        while path:
            spec = by_name[next(reversed(path))]
            waiting = next((s for s in spec.inputs if s in by_name and s not in order), None)
            if waiting is None:
                order.setdefault(spec.name, spec)
                path.popitem()
            elif waiting in path:
                names = list(path)
                cycle = " <- ".join([*names[names.index(waiting) :], waiting])
                raise spec.error(f"depends on itself: {cycle}", "one of these inputs has to be another one")
            else:
                path[waiting] = None
    return order
