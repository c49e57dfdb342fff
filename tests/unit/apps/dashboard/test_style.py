"""The look, as far as it can be computed: contrast on both sides, and parts of others as they were published."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
PLAIN = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
TONES = ("waiting", "running", "asking", "good", "bad", "muted")
GROUNDS = ("paper", "surface", "sunken", "raised")
TEXT, MARK = 4.5, 3.0  # WCAG 2.2 AA: words; borders of fields, icons, the ring around what has the focus


def colours(root: Path, side: int) -> dict[str, str]:
    text = (root / "static/css/tokens.css").read_text()
    both = {name: values[side] for name, *values in PAIR.findall(text)}
    return both | dict(PLAIN.findall(text))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_everything_that_they_stand_on(root: Path, side: int) -> None:
    values = colours(root, side)
    pairs = [(ink, ground) for ink in ("ink", "ink-2", "ink-3", "link") for ground in GROUNDS]
    pairs += [(tone, ground) for tone in TONES for ground in (*GROUNDS, f"{tone}-tint")]
    pairs += [("ink", f"{tone}-tint") for tone in TONES] + [("ink-2", "waiting-tint"), ("ink-2", "asking-tint")]
    pairs += [("on-accent", "accent"), ("surface", "ink")]
    weak = {pair: round(contrast(*(values[name] for name in pair)), 2) for pair in pairs}
    assert {pair: value for pair, value in weak.items() if value < TEXT} == {}


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_borders_and_the_focus_ring_can_be_seen(root: Path, side: int) -> None:
    values = colours(root, side)
    pairs = [(mark, ground) for mark in ("line-strong", "focus") for ground in GROUNDS]
    weak = {pair: round(contrast(*(values[name] for name in pair)), 2) for pair in pairs}
    assert {pair: value for pair, value in weak.items() if value < MARK} == {}


def test_terminal_colours_can_be_read_on_the_pane(root: Path) -> None:
    text = (root / "static/css/log.css").read_text()
    fronts = re.findall(r"\.ansi-f\d+ \{ color: (#\w{6})", text)
    assert len(fronts) == 16
    assert min(contrast(one, "#15140f") for one in fronts) >= TEXT


def test_vendored_files_are_what_their_table_says(root: Path) -> None:
    table = (root / "static/vendor/README.md").read_text()
    rows = re.findall(r"\| `([\w.]+\.js)` \|.*`([0-9a-f]{64})`", table)
    assert {name for name, _ in rows} == {path.name for path in (root / "static/vendor").glob("*.js")}
    for name, digest in rows:
        assert hashlib.sha256((root / "static/vendor" / name).read_bytes()).hexdigest() == digest


def test_no_file_of_ours_asks_another_server_for_anything(root: Path) -> None:
    files = [*root.glob("static/css/*.css"), *root.glob("static/js/**/*.js"), *root.glob("templates/**/*.html")]
    asks = re.compile(r"(?<!placeholder=\")https?://(?!www\.w3\.org)")
    found = [str(path) for path in files if asks.search(path.read_text())]
    assert found == []
