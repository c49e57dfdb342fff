"""In and out through the pages."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.models import User
from apps.accounts.sign_in import GUESSES, sign_in_link
from tests.conftest import People

PASSWORD = "owner-password"


def sign_in(client: Client, password: str = PASSWORD, **more: str) -> int:
    return client.post("/sign-in/", {"username": "owner", "password": password, **more}).status_code


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_name_and_password_let_a_person_in(people: People) -> None:
    client = Client()
    assert (sign_in(client), is_in(client)) == (302, True)


def test_a_wrong_password_is_answered_without_saying_which_part_was_wrong(people: People) -> None:
    answer = Client().post("/sign-in/", {"username": "owner", "password": "wrong"})
    assert answer.status_code == 422
    assert b"correct username and password" in answer.content


def test_after_too_many_tries_the_right_password_is_not_looked_at(people: People) -> None:
    client = Client()
    for _ in range(GUESSES):
        sign_in(client, "wrong")
    answer = client.post("/sign-in/", {"username": "owner", "password": PASSWORD})
    assert (answer.status_code, b"Too many tries" in answer.content) == (422, True)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/runs/new/", "/runs/new/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:x", "/"),
    ],
)
def test_after_signing_in_one_lands_on_a_page_of_hive(people: People, wanted: str, reached: str) -> None:
    answer = Client().post("/sign-in/", {"username": "owner", "password": PASSWORD, "next": wanted})
    assert answer["Location"] == reached


def test_signing_out_ends_the_session(people: People) -> None:
    client = Client()
    sign_in(client)
    client.post("/sign-out/")
    assert not is_in(client)


def test_a_link_shows_a_button_and_the_button_lets_in(people: People) -> None:
    client, link = Client(), sign_in_link(people.owner)
    assert b"Come in" in client.get(link).content
    assert not is_in(client)
    assert client.post(link, {"next": "/projects/"})["Location"] == "/projects/"
    assert is_in(client)


def test_a_used_link_says_so_and_changes_nothing(people: People) -> None:
    link = sign_in_link(people.owner)
    Client().post(link)
    late = Client()
    answer = late.post(link)
    assert (answer.status_code, b"has been used" in answer.content, is_in(late)) == (410, True, False)


def test_opening_the_link_once_more_in_the_same_browser_goes_to_the_runs(people: People) -> None:
    client, link = Client(), sign_in_link(people.owner)
    client.post(link)
    assert client.get(link)["Location"] == "/"


def test_who_came_by_a_link_may_set_a_password_without_the_old_one(people: People) -> None:
    client = Client()
    client.post(sign_in_link(people.owner))
    client.post("/password/", {"new_password1": "honey-and-wax-1", "new_password2": "honey-and-wax-1"})
    assert is_in(client)
    assert sign_in(Client(), "honey-and-wax-1") == 302


def test_who_came_by_password_needs_the_old_one(people: People) -> None:
    client = Client()
    sign_in(client)
    changed = {"new_password1": "honey-and-wax-1", "new_password2": "honey-and-wax-1"}
    assert client.post("/password/", changed).status_code == 422
    assert client.post("/password/", {**changed, "old_password": PASSWORD}).status_code == 302


def test_a_new_password_ends_the_other_sessions(people: People) -> None:
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    new = {"old_password": PASSWORD, "new_password1": "honey-and-wax-1", "new_password2": "honey-and-wax-1"}
    here.post("/password/", new)
    assert (is_in(here), is_in(there)) == (True, False)


def test_the_records_door_has_the_same_bound_on_guesses(people: People) -> None:
    """Django admin's own sign-in would count nothing."""
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0].startswith("/sign-in/?next=/admin/")
    client = Client()
    sign_in(client)
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_command_prints_a_link_of_the_first_operator(people: People) -> None:
    User.objects.filter(pk=people.teammate.pk).update(is_superuser=True)
    out = StringIO()
    call_command("hive_sign_in_link", stdout=out)
    client = Client()
    client.post(json.loads(out.getvalue())["sign_in"])
    assert client.session["_auth_user_id"] == str(people.teammate.pk)


@pytest.mark.parametrize("name", [None, "nobody"])
def test_the_command_says_whom_it_does_not_find(people: People, name: str | None) -> None:
    with pytest.raises(CommandError, match="There is no"):
        call_command("hive_sign_in_link", *([name] if name else []))


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("light", "light"), ("<b>", "auto")])
def test_a_theme_is_kept_for_the_next_page(people: People, chosen: str, kept: str) -> None:
    client = Client()
    client.post("/theme/", {"theme": chosen, "next": "/sign-in/"})
    assert f'data-theme="{kept}"'.encode() in client.get("/sign-in/").content
