"""The segments that the studies look at: shipped ones with shapes of ResNet-18, MobileNetV2 and BERT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from looptree.study.sweep import Flow, flows, orders_of, spread_tiles
from looptree.workload import Workload
from looptree.workload.load import load_workload

TILES = 2
"""Tile shapes for each rank."""


@dataclass(frozen=True, eq=False)
class Segment:
    """A few layers in a row.

    Attributes:
        workload: the name of what ships. settings: its parameters. shapes: where they are from.
        ranks: of the sink, that are partitioned.
    """

    workload: str
    settings: Mapping[str, int]
    shapes: str
    ranks: tuple[str, ...] = field(default=("p", "q", "m", "c"))

    def load(self) -> Workload:
        """The layers."""
        return load_workload(self.workload, **self.settings)

    @property
    def label(self) -> str:
        """Layers and shapes in words."""
        return f"{self.workload.replace('_', '+')}, {self.shapes}"


@cache
def segment_flows(segment: Segment) -> tuple[Flow, ...]:
    """One or two partitioned ranks in every order, few tile shapes each; made once for all studies."""
    return tuple(flows(segment.load(), orders_of(segment.ranks, 2), spread_tiles(TILES)))


_LINEAR = ("p", "f", "d")

CONV_CONV = tuple(
    Segment("conv_conv", {"channels": channels, "resolution": size}, f"ResNet-18 {size}x{size}x{channels}")
    for channels, size in ((64, 56), (128, 28), (256, 14), (512, 7))
)
CONV_CONV_CONV = tuple(
    Segment("conv_conv_conv", {"channels": channels, "resolution": size}, f"ResNet-18 {size}x{size}x{channels}")
    for channels, size in ((64, 56), (512, 7))
)
POINTWISE = tuple(
    Segment(
        "pointwise_depthwise_pointwise",
        {"channels": channels, "resolution": size},
        f"MobileNetV2 {size}x{size}x{channels}",
    )
    for channels, size in ((16, 112), (24, 56), (96, 14), (160, 7))
)
FC_FC = (
    Segment("fc_fc", {}, "BERT-base 512 tokens", _LINEAR),
    Segment("fc_fc", {"sequence": 4096}, "BERT-base 4,096 tokens", _LINEAR),
)
SEGMENTS = (*CONV_CONV, *CONV_CONV_CONV, *POINTWISE, *FC_FC)
