"""What owners look after: keys, members, secrets. What is shown once is shown once."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.accounts.keys import find_key
from apps.accounts.models import ApiKey
from apps.projects.models import Secret
from apps.projects.secrets import open_secrets
from tests.conftest import People
from tests.unit.apps.dashboard.conftest import Visit
from tests.unit.apps.dashboard.markup import Page

KEYS, MEMBERS = "/organisations/ours/keys/", "/organisations/ours/members/"


def test_a_key_is_shown_once_and_works(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    answer = client.post(KEYS, {"name": "CI", "scopes": ["runs:read"], "days": "30", "project": people.project.pk})
    (shown,) = [one.text for one in Page(answer.content.decode()).elements if "data-new-key" in one.attributes]
    found = find_key(shown)
    assert found is not None
    assert (found.user, found.scopes, found.project_id) == (people.owner, ["runs:read"], people.project.pk)
    assert timedelta(days=29) < found.expires_at - timezone.now() < timedelta(days=31)  # type: ignore[operator]
    assert "no-store" in answer["Cache-Control"]
    assert shown not in client.get("/organisations/ours/").content.decode()


def test_a_key_needs_a_name_a_purpose_and_scopes_that_exist(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    for data in ({"name": "", "scopes": "runs:read"}, {"name": "CI"}, {"name": "CI", "scopes": "everything"}):
        assert "callout tone-bad" in client.post(KEYS, data, follow=True).content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_cannot_be_bound_to_somebody_elses_project(people: People, visit: Visit) -> None:
    data = {"name": "CI", "scopes": "runs:read", "project": people.foreign_project.pk}
    assert visit(people.owner).post(KEYS, data).status_code == 404


def test_a_revoked_key_is_worth_nothing(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    answer = client.post(KEYS, {"name": "CI", "scopes": "runs:read"})
    (shown,) = [one.text for one in Page(answer.content.decode()).elements if "data-new-key" in one.attributes]
    client.post(f"{KEYS}{ApiKey.objects.get().pk}/revoke/")
    assert find_key(shown) is None
    assert "Revoked" in client.get("/organisations/ours/").content.decode()


def test_a_newcomer_is_given_a_link(people: People, visit: Visit) -> None:
    answer = visit(people.owner).post(MEMBERS, {"username": "newcomer", "role": "viewer"})
    (link,) = [one.text for one in Page(answer.content.decode()).elements if "data-link" in one.attributes]
    newcomer = visit(None)
    newcomer.post(link)
    assert "Choose a password" in newcomer.get("/password/").content.decode()


def test_somebody_who_has_an_account_is_not(people: People, visit: Visit) -> None:
    answer = visit(people.owner).post(MEMBERS, {"username": "outsider", "role": "viewer"}, follow=True)
    assert "outsider is a member now." in answer.content.decode()
    assert "/enter/" not in answer.content.decode()


def test_a_secret_is_kept_and_its_value_is_nowhere_on_the_page(people: People, visit: Visit) -> None:
    client, address = visit(people.owner), f"/projects/{people.project.pk}/secrets/"
    answer = client.post(address, {"name": "TOKEN", "value": "honey-4711"}, follow=True)
    assert "TOKEN" in answer.content.decode()
    assert "honey-4711" not in answer.content.decode()
    assert open_secrets(people.project, ["TOKEN"]) == {"TOKEN": "honey-4711"}


def test_a_wrong_name_does_not_bring_the_value_back(people: People, visit: Visit) -> None:
    address = f"/projects/{people.project.pk}/secrets/"
    page = visit(people.owner).post(address, {"name": "no name", "value": "honey-4711"}, follow=True).content.decode()
    assert "Name: Use A-Z" in page
    assert "honey-4711" not in page
    assert not Secret.objects.exists()


def test_a_teammate_sees_names_of_secrets_and_no_form(people: People, visit: Visit) -> None:
    visit(people.owner).post(f"/projects/{people.project.pk}/secrets/", {"name": "TOKEN", "value": "honey-4711"})
    page = visit(people.teammate).get(f"/projects/{people.project.pk}/").content.decode()
    assert "TOKEN" in page
    assert 'name="value"' not in page
