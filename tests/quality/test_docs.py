"""What the pages say can be followed: links lead somewhere, and the README's spec is a spec."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.events.models import EventType
from apps.specs.validate import check

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EVENTS = dict(re.findall(r"^\| (`[^|]*?`) \| (.*) \|$", (ROOT / "docs" / "events.md").read_text(), re.MULTILINE))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_of_docs_is_named_in_the_readme() -> None:
    named = set(LINK.findall((ROOT / "README.md").read_text()))
    assert [page.name for page in PAGES[1:] if f"docs/{page.name}" not in named] == []


def test_the_spec_in_the_readme_is_valid() -> None:
    text = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
    assert check(text).problems == []


def test_every_type_of_event_is_explained_and_no_other() -> None:
    explained = " ".join(EVENTS).replace("`", "").split()
    assert sorted(explained) == sorted(EventType.values)


def test_every_phase_that_a_worker_tells_of_is_explained_and_no_other() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "workers").rglob("*.py"))
    told = set(re.findall(r'EventType\.PHASE, name="(\w+)"', sources))
    names = EVENTS["`phase`"].partition("`name`: ")[2].partition("; `task`")[0]
    assert set(re.findall(r"`(\w+)`", names)) == told
    assert sources.count("EventType.PHASE,") == len(re.findall(r'EventType\.PHASE, name="', sources))
