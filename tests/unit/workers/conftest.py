from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from apps.runs.services import dispatch
from hive.home import Home


@pytest.fixture
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of the test's own, and a broker that takes everything and delivers nothing."""
    home = Home(tmp_path / "home")
    settings.HOME = home
    settings.STORE_URL = home.artifacts.as_uri()
    monkeypatch.setattr(dispatch, "send", lambda step, *ids, priority=0: None)
    return home
