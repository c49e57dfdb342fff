"""What every test starts from: a home of its own, no server, three people."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from whitenoise.middleware import WhiteNoiseMiddleware

from apps.accounts.models import Membership, Organisation, Role, User
from apps.projects.models import Project
from tests.database import end_other_sessions
from tests.migrated import fill
from tests.order import put_in_order

# On a machine that others use, too, an example may take any time; that says nothing of what is tested.
hypothesis.settings.register_profile("shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shared")


def pytest_configure() -> None:
    """What is dear and the same for every test.

    Passwords of people in tests need not withstand anybody: hashing four of them well costs a second per test.
    Each new Client builds the middleware again, and WhiteNoise would look at all static files each time: 25 ms.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    look, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def look_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = look_once


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # one of pytest-xdist's workers
        put_in_order(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where HIVE_REQUIRE is set, a test that is skipped for want of a part that can be installed has failed."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and os.environ.get("HIVE_REQUIRE"):
        reason = report.longrepr[2]
        if "needs" in reason and " install " in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: {reason}. HIVE_REQUIRE is set: nothing may be skipped for want of this."
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """SQLite's database in memory is there with all of its tables before Django asks which migrations are due."""
    if connection.vendor != "sqlite":
        yield
        return
    with closing(fill(connection.creation._get_test_db_name())):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """PostgreSQL drops no database that somebody is connected to; threads that tests left behind may be."""
    yield
    with django_db_blocker.unblock():
        end_other_sessions()


@dataclass(frozen=True)
class People:
    """Who asks: the owner of the thing, somebody of the same organisation, somebody of another one."""

    owner: User
    teammate: User
    viewer: User
    outsider: User
    project: Project
    foreign_project: Project


@pytest.fixture
def people(db: None) -> People:
    ours, theirs = (Organisation.objects.create(name=slug.title(), slug=slug) for slug in ("ours", "theirs"))

    def person(name: str, organisation: Organisation, role: str) -> User:
        user = get_user_model().objects.create_user(name, password=f"{name}-password")
        Membership.objects.create(organisation=organisation, user=user, role=role)
        return user

    return People(
        owner=person("owner", ours, Role.OWNER),
        teammate=person("teammate", ours, Role.MEMBER),
        viewer=person("viewer", ours, Role.VIEWER),
        outsider=person("outsider", theirs, Role.OWNER),
        project=Project.objects.create(organisation=ours, slug="site", name="Site"),
        foreign_project=Project.objects.create(organisation=theirs, slug="other", name="Other"),
    )


@pytest.fixture
def root() -> Path:
    """The folder of the repository."""
    return Path(__file__).resolve().parent.parent
