"""What the network below a memory level can do for the instances that it serves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """The network between a memory level and what is right below it.

    Attributes:
        multicast: a word that several instances need at the same step is read once. Without, each instance reads it.
        reduce: partial sums of several instances are added up on their way out and written once. Without, a sum
            cannot be spread over instances.
        forward: neighbours pass on what their windows share, so that a halo is read once. Without, each instance
            reads its own.
    """

    multicast: bool = False
    reduce: bool = False
    forward: bool = False
