"""What every test starts from: a home of its own, no server, three people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import override_settings

from apps.accounts.models import Membership, Organisation, Role, User
from apps.projects.models import Project


def pytest_configure() -> None:
    """Passwords of people in tests need not withstand anybody: hashing four of them well costs a second per test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@dataclass(frozen=True)
class People:
    """Who asks: the owner of the thing, somebody of the same organisation, somebody of another one."""

    owner: User
    teammate: User
    viewer: User
    outsider: User
    project: Project
    foreign_project: Project


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """The real hasher is slow on purpose; a test that makes four people should not be."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


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
