"""Small studies for the tests of sweeps."""

from __future__ import annotations

from pathlib import Path

from looptree.documents import parse_document
from looptree.sweep import Result, Store, Study, run
from looptree.sweep.crew import Alone, local_crew
from looptree.sweep.reader import study_from_node

SEARCHED = """
study: small
architecture: small
parameters:
  buffer: [512, 2KiB, 4KiB, 8KiB, 32KiB, 64KiB, 128KiB]
  bandwidth: [2, 8]
derived: {area: buffer / 1KiB + bandwidth, edp: energy * latency}
set:
  GLB.capacity_bytes: buffer
  DRAM.bandwidth_bytes_per_cycle: bandwidth
networks:
  - {name: conv_conv, channels: 8, resolution: [8, 12]}
spaces: [quick]
front: [area, energy]
"""

SURVEYED = """
study: surveyed
architecture: small
parameters:
  buffer: [512, 2KiB, 8KiB]
  side: {from: 2, to: 8, times: 2}
  bandwidth: [1, 4]
derived:
  area: side**2 / 4 + buffer / 1KiB
  standby: side / 8
set:
  GLB.capacity_bytes: buffer
  GLB.read_pj_per_byte: sqrt(buffer) / 32
  DRAM.bandwidth_bytes_per_cycle: bandwidth
  compute.spatial.m: side
group:
  network: {name: conv_conv, channels: 4, resolution: 8}
  order: [p, q]
constraints: [area <= 20, power <= 60]
front: [area, energy, latency]
"""


def study(text: str) -> Study:
    """A study from its text."""
    return study_from_node(parse_document(text, "study.yaml"))


def results(known: Study, path: Path, workers: int = 1) -> list[Result]:
    """Run a study, or go on with it."""
    with Store(path, known) as store:
        if workers == 1:
            run(known, store, Alone())
        else:
            with local_crew(workers) as crew:
                run(known, store, crew)
        return untimed(store)


def untimed(store: Store) -> list[Result]:
    """Results without the time that they took."""
    return [Result(r.item, r.status, r.data, 0.0, r.source, r.plan) for r in store.results()]
