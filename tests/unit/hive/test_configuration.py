"""The page of settings says what the code reads."""

import re
from pathlib import Path

from hive.configuration import DOCUMENT, filled
from hive.env import SETTINGS


def test_the_page_has_every_setting_as_the_code_has_it() -> None:
    text = DOCUMENT.read_text()
    assert filled(text) == text, "run `python -m hive.configuration`"


def test_every_setting_that_the_code_reads_is_in_the_table(root: Path) -> None:
    sources = [path for folder in ("hive", "apps", "workers") for path in (root / folder).rglob("*.py")]
    read = {name for path in sources for name in re.findall(r'env\.get\("(HIVE_\w+)"\)', path.read_text())}
    assert read <= set(SETTINGS)


def test_every_setting_of_the_table_is_read_somewhere(root: Path) -> None:
    sources = [path for folder in ("hive", "apps", "workers") for path in (root / folder).rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources if path.name != "env.py")
    assert [name for name in SETTINGS if name not in text] == []
