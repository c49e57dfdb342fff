"""hive_prepare: what a first start makes, and what a second one leaves alone."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from apps.accounts.keys import find_key
from apps.accounts.models import ApiKey, Membership, Organisation, User
from hive.home import Home


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Home:
    settings.HOME = Home(tmp_path)
    return settings.HOME


def prepare() -> dict[str, str]:
    told = StringIO()
    call_command("hive_prepare", stdout=told)
    return json.loads(told.getvalue())


@pytest.mark.django_db
def test_the_first_start_makes_an_operator_an_organisation_and_a_key(home: Home) -> None:
    told = prepare()
    assert User.objects.get().is_superuser
    assert Membership.objects.get().role == "owner"
    key = json.loads(home.cli.read_text())["key"]
    assert find_key(key)
    assert home.cli.stat().st_mode & 0o777 == 0o600
    assert told["sign_in"].startswith("/enter/")


@pytest.mark.django_db
def test_a_second_start_makes_nothing_twice(home: Home) -> None:
    prepare()
    prepare()
    assert (User.objects.count(), Organisation.objects.count(), ApiKey.objects.count()) == (1, 1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("content", ["", "{", '{"key": "hive_0_0"}', "[]"])
def test_a_key_file_that_opens_nothing_is_replaced(home: Home, content: str) -> None:
    home.cli.write_text(content)
    prepare()
    assert find_key(json.loads(home.cli.read_text())["key"])


@pytest.mark.django_db
def test_a_key_of_an_older_hive_that_may_less_is_replaced(home: Home) -> None:
    prepare()
    ApiKey.objects.update(scopes=["runs:read"])
    prepare()
    assert "admin" in find_key(json.loads(home.cli.read_text())["key"]).scopes


@pytest.mark.django_db
def test_an_operator_that_was_renamed_stays_the_operator(home: Home) -> None:
    prepare()
    User.objects.update(username="ann")
    assert prepare()["user"] == "ann"
