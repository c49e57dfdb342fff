"""What the pages say can be followed: links lead somewhere, and the README's spec is a spec."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.specs.validate import check

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
