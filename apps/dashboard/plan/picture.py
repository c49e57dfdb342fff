"""The plan as a drawing: cards with places in it, lines with paths. Left to right, or downwards for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.dashboard.plan.arrange import Arrangement, Spot, arrange
from apps.dashboard.plan.cards import Card, Step

WIDTH, HEIGHT = 160, 58
MARGIN = 4
TITLE_CHARACTERS = 18
CHIP_WIDTH = 70
LEAST_SCALE = 0.78
WIDEST = 40  # run.css has a rule for each


@dataclass(frozen=True)
class Chip:
    step: Step
    x: int
    text: str


@dataclass(frozen=True)
class Placed:
    card: Card
    x: float
    y: float
    title: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True)
class Line:
    path: str
    tone: str  # of what it leads from: a line is as good as what lies behind it


@dataclass(frozen=True)
class Picture:
    width: float
    height: float
    cards: tuple[Placed, ...]
    lines: tuple[Line, ...]
    downwards: bool

    @property
    def least(self) -> int:
        """In hundreds of pixels: narrower the words could not be read, and the drawing is scrolled instead."""
        return min(int(self.width * LEAST_SCALE / 100), WIDEST)


@dataclass(frozen=True)
class _Frame:
    """Turns layer and place into the points of a drawing."""

    downwards: bool

    @property
    def gap(self) -> int:
        return 24 if self.downwards else 30

    @property
    def depth(self) -> int:
        """A card's size along the direction of the plan."""
        return HEIGHT if self.downwards else WIDTH

    @property
    def pitch(self) -> int:
        return WIDTH + 12 if self.downwards else HEIGHT + 14

    def point(self, spot: Spot, along: float, across: float) -> tuple[float, float]:
        a = MARGIN + spot.layer * (self.depth + self.gap) + along
        b = MARGIN + spot.at * self.pitch + across
        return (b, a) if self.downwards else (a, b)

    def size(self, found: Arrangement) -> tuple[float, float]:
        across = WIDTH if self.downwards else HEIGHT
        a = 2 * MARGIN + found.layers * (self.depth + self.gap) - self.gap
        b = 2 * MARGIN + (found.breadth - 1) * self.pitch + across
        return (b, a) if self.downwards else (a, b)


def draw(cards: Sequence[Card], *, downwards: bool = False) -> Picture:
    found = arrange({card.key: card.after for card in cards})
    frame = _Frame(downwards)
    by_key = {card.key: card for card in cards}
    width, height = frame.size(found)
    return Picture(
        width=round(width, 1),
        height=round(height, 1),
        cards=tuple(_place(card, *frame.point(found.spots[card.key], 0, 0)) for card in cards),
        lines=tuple(Line(_path(frame, spots), by_key[start].tone) for (start, _), spots in found.lines.items()),
        downwards=downwards,
    )


def _place(card: Card, x: float, y: float) -> Placed:
    title = card.title if len(card.title) <= TITLE_CHARACTERS else card.title[: TITLE_CHARACTERS - 1].rstrip() + "…"
    alone = len(card.steps) == 1
    chips = tuple(
        Chip(step, 10 + CHIP_WIDTH * index, _chip_text(step, card, alone=alone))
        for index, step in enumerate(card.steps)
    )
    return Placed(card, round(x, 1), round(y, 1), title, chips)


def _chip_text(step: Step, card: Card, *, alone: bool) -> str:
    """A card with one step has that step's name as its title already: it says the state instead."""
    if not alone or card.kind == "task":
        return step.label
    word = step.status.replace("_", " ").capitalize()
    return f"{word} · {step.took}" if step.took else word


def _path(frame: _Frame, spots: Sequence[Spot]) -> str:
    """A smooth line from the end of one card to the beginning of another, straight where it passes a layer."""
    middle = (WIDTH if frame.downwards else HEIGHT) / 2
    points = [frame.point(spots[0], frame.depth, middle)]
    for spot in spots[1:-1]:
        points += [frame.point(spot, 0, middle), frame.point(spot, frame.depth, middle)]
    points.append(frame.point(spots[-1], 0, middle))
    parts = [f"M{_xy(points[0])}"]
    for index in range(1, len(points)):
        bends = index % 2 == 1
        parts.append(_curve(frame, points[index - 1], points[index]) if bends else f"L{_xy(points[index])}")
    return "".join(parts)


def _curve(frame: _Frame, start: tuple[float, float], end: tuple[float, float]) -> str:
    if frame.downwards:
        half = (start[1] + end[1]) / 2
        return f"C{_xy((start[0], half))} {_xy((end[0], half))} {_xy(end)}"
    half = (start[0] + end[0]) / 2
    return f"C{_xy((half, start[1]))} {_xy((half, end[1]))} {_xy(end)}"


def _xy(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
