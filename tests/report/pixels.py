"""Pictures as arrays, and how much two of them differ: enough of PNG to read what a browser writes."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.int16]


def pixels(png: bytes) -> Pixels:
    """Red, green and blue of a PNG of 8 bits per channel, not interlaced: rows, columns, channels."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data = 8, b""
    width = height = channels = 0
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert (depth, interlaced) == (8, 0)
            channels = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(data), dtype=np.uint8).reshape(height, 1 + width * channels)
    return _unfiltered(rows, channels).reshape(height, width, channels)[:, :, :3]


def _unfiltered(rows: NDArray[np.uint8], channels: int) -> Pixels:
    """Undo the filter of each row (PNG, section 9)."""
    found = np.zeros((len(rows), rows.shape[1] - 1 + channels), dtype=np.int16)
    above = np.zeros(found.shape[1], dtype=np.int16)
    for kind, row, here in zip(rows[:, 0], rows[:, 1:].astype(np.int16), found, strict=True):
        if kind in (0, 2):
            here[channels:] = (row + (above[channels:] if kind == 2 else 0)) % 256
        else:
            for i, value in enumerate(row):
                a, b, c = int(here[i]), int(above[i + channels]), int(above[i])
                guess = a if kind == 1 else (a + b) // 2 if kind == 3 else _paeth(a, b, c)
                here[i + channels] = (int(value) + guess) % 256
        above = here
    return found[:, channels:]


def _paeth(a: int, b: int, c: int) -> int:
    near = [abs(b - c), abs(a - c), abs(a + b - 2 * c)]
    return (a, b, c)[near.index(min(near))]


def difference(a: Pixels, b: Pixels) -> tuple[float, float]:
    """The mean difference of a channel, and the share of pixels of which some channel differs by more than 64."""
    apart = np.abs(a - b)
    return float(apart.mean()), float((apart.max(axis=2) > 64).mean())
