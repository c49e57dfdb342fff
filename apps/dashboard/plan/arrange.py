"""Where the cards of a plan stand: in layers, near what they build on, with few crossings.

Knows only keys and what comes after what. Distances along a layer are in units of one card.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 6
BEND_SPACE = 0.5  # a line that passes through a layer needs less room than a card


@dataclass(frozen=True)
class Spot:
    layer: int
    at: float


@dataclass(frozen=True)
class Arrangement:
    """A spot per key; per line (from, to) the spots that it passes on its way, its ends included."""

    spots: Mapping[str, Spot]
    lines: Mapping[tuple[str, str], tuple[Spot, ...]]
    layers: int
    breadth: float


def arrange(after: Mapping[str, Sequence[str]]) -> Arrangement:
    """Place the keys, given in topological order with the keys that each comes after."""
    layer: dict[str, int] = {}
    for key, before in after.items():
        layer[key] = 1 + max((layer[one] for one in before), default=-1)
    graph = _Graph(layer)
    routes = {(one, key): graph.route(one, key) for key, before in after.items() for one in before}
    at = graph.place()
    lowest = min(at.values(), default=0.0)
    spots = {key: Spot(graph.layer[key], at[key] - lowest) for key in graph.layer}
    return Arrangement(
        spots={key: spots[key] for key in after},
        lines={line: tuple(spots[key] for key in route) for line, route in routes.items()},
        layers=1 + max(layer.values(), default=-1),
        breadth=1 + max((spot.at for spot in spots.values()), default=-1.0),
    )


class _Graph:
    """Layers of keys and bends. A bend stands where a line passes through a layer, so that no card is in its way."""

    def __init__(self, layer: Mapping[str, int]) -> None:
        self.layer = dict(layer)
        self.rows: list[list[str]] = [[] for _ in range(1 + max(layer.values(), default=-1))]
        for key, number in layer.items():
            self.rows[number].append(key)
        self.before: dict[str, list[str]] = {key: [] for key in layer}
        self.behind: dict[str, list[str]] = {key: [] for key in layer}
        self.bends: set[str] = set()

    def route(self, start: str, end: str) -> list[str]:
        """The line from `start` to `end`, with a bend in each layer between."""
        path = [start]
        for number in range(self.layer[start] + 1, self.layer[end]):
            bend = f"{start}\0{end}\0{number}"
            self.bends.add(bend)
            self.layer[bend] = number
            self.rows[number].append(bend)
            self.before[bend], self.behind[bend] = [], []
            path.append(bend)
        path.append(end)
        for one, other in itertools.pairwise(path):
            self.behind[one].append(other)
            self.before[other].append(one)
        return path

    def place(self) -> dict[str, float]:
        at = {key: float(index) for row in self.rows for index, key in enumerate(row)}
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            neighbours = self.before if forward else self.behind
            for row in self.rows if forward else reversed(self.rows):
                self._settle(row, neighbours, at, reorder=sweep < SWEEPS - 2)
        return at

    def _settle(self, row: list[str], neighbours: Mapping[str, list[str]], at: dict[str, float], reorder: bool) -> None:
        wanted = {key: _mean([at[one] for one in neighbours[key]], at[key]) for key in row}
        if reorder:
            row.sort(key=lambda key: wanted[key])
        offsets = self._offsets(row)
        levels = _never_falling([wanted[key] - offset for key, offset in zip(row, offsets, strict=True)])
        for key, level, offset in zip(row, levels, offsets, strict=True):
            at[key] = level + offset

    def _offsets(self, row: Sequence[str]) -> list[float]:
        """How far each must be from the first at least."""
        found, total = [], 0.0
        for index, key in enumerate(row):
            if index:
                total += BEND_SPACE if key in self.bends or row[index - 1] in self.bends else 1.0
            found.append(total)
        return found


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _never_falling(values: Sequence[float]) -> list[float]:
    """The nearest numbers that never fall (least squares): neighbours that would fall share their mean."""
    blocks: list[list[float]] = []  # sum, count
    for value in values:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    return [total / count for total, count in blocks for _ in range(int(count))]
