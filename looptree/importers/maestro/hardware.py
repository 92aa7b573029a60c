"""MAESTRO's hardware files: `key: number`, one per line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from looptree.errors import nearest
from looptree.importers.maestro.text import Words, read_text

_KEYS = {
    "num_pes": "pes", "NumPEs": "pes",
    "l1_size_cstr": "l1_bytes", "L1Size": "l1_bytes", "l1_size": "l1_bytes",
    "l2_size_cstr": "l2_bytes", "L2Size": "l2_bytes", "l2_size": "l2_bytes",
    "noc_bw_cstr": "noc_bandwidth", "NoC_BW": "noc_bandwidth", "noc_bw": "noc_bandwidth",
    "offchip_bw_cstr": "offchip_bandwidth", "offchip_bw": "offchip_bandwidth",
    "NoC_NumHops": "hops", "noc_hops": "hops", "num_simd_lanes": "lanes",
}  # fmt: skip

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Hardware:
    """An accelerator as MAESTRO describes it.

    Attributes:
        pes: processing elements, with one multiplier each.
        l1_bytes: of each of their buffers; `None` where nothing is said.
        l2_bytes: of the buffer that they share.
        noc_bandwidth: words per cycle between L2 and the PEs.
        offchip_bandwidth: words per cycle.
        hops: of the network, for its latency; not used.
        lanes: of each PE.
    """

    pes: int
    l1_bytes: int | None = None
    l2_bytes: int | None = None
    noc_bandwidth: int | None = None
    offchip_bandwidth: int | None = None
    hops: int | None = None
    lanes: int = 1


def read_hardware(path: str | Path) -> Hardware:
    """The hardware of a file.

    Raises:
        InputError: the file cannot be read or is no such file, naming file and line.
    """
    return parse_hardware(read_text(path), str(path))


def parse_hardware(text: str, file: str) -> Hardware:
    """The hardware in a text.

    >>> parse_hardware("num_pes: 256\\nnoc_bw_cstr: 64", "hw.m").noc_bandwidth
    64
    """
    words = Words(text, file)
    found: dict[str, int] = {}
    while words.peek():
        line = words.line
        key = words.take("a key")[:40]
        if key not in _KEYS:
            hint = nearest(key, _KEYS) if key != "Network" else "the network comes first, then the hardware"
            raise words.error(f"unknown key {key!r}", hint, line)
        number = words.take(f"a number for {key}")
        if not number.isdecimal() or len(number) > _DIGITS or not int(number):
            expected = f"expected {key} as a whole number from 1 on, of at most {_DIGITS} digits"
            raise words.error(f"{expected}, found {number[:40]!r}", line=line)
        if found.setdefault(_KEYS[key], int(number)) != int(number):
            raise words.error(f"{key!r} stands twice", line=line)
    if "pes" not in found:
        raise words.error("the number of processing elements is missing", "num_pes: 256, for instance")
    return Hardware(**found)
