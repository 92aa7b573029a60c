"""A stack of boxes folded into columns, like text."""

from __future__ import annotations

from collections.abc import Sequence

from looptree.graph.box import Box

BETWEEN, MARGIN = 20, 16
_ASPECT, _SCREEN = 2.1, 540
_COLUMNS = 40


def folded(boxes: Sequence[Box]) -> list[list[int]]:
    """The boxes by column, so that the picture is as large as a screen lets it be; what fits is not folded more."""
    total = sum(box.height + BETWEEN for box in boxes)
    tallest = max(box.height for box in boxes)
    folds = [_packed(boxes, max(total / count, tallest)) for count in range(1, min(len(boxes), _COLUMNS) + 1)]
    return min(folds, key=lambda columns: max(_needed(boxes, columns), _SCREEN))


def _needed(boxes: Sequence[Box], columns: Sequence[Sequence[int]]) -> float:
    """The height of the smallest screen on which the columns have room."""
    width = sum(max(boxes[index].width for index in column) + 3 * MARGIN for column in columns)
    height = max(sum(boxes[index].height + BETWEEN for index in column) for column in columns)
    return max(height, width / _ASPECT)


def _packed(boxes: Sequence[Box], most: float) -> list[list[int]]:
    """The boxes in columns that are about so high at most."""
    columns: list[list[int]] = [[]]
    height = 0.0
    for index, box in enumerate(boxes):
        if columns[-1] and height + box.height / 2 > most:
            columns.append([])
            height = 0.0
        columns[-1].append(index)
        height += box.height + BETWEEN
    return columns
