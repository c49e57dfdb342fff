"""May the outsider? Every address of the dashboard, asked by everybody. A new one without a line here fails."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from apps.accounts.models import User
from apps.dashboard.pages.run import PARTS
from apps.dashboard.urls import urlpatterns
from tests.conftest import People
from tests.unit.apps.dashboard.conftest import Visit, World

# What each person gets, in the order of PEOPLE. 302 is the way to another page after the thing was done.
PEOPLE = ("owner", "teammate", "viewer", "outsider", "nobody")
SIGN_IN = 302
EVERYBODY_INSIDE = (200, 200, 200, 200, SIGN_IN)
MINE = (200, 200, 200, 404, SIGN_IN)
OWNERS = (200, 403, 403, 404, SIGN_IN)
CHANGE = (302, 302, 403, 404, SIGN_IN)
MANAGE = (302, 403, 403, 404, SIGN_IN)
OPEN = (302, 302, 302, 302, 302)
NOWHERE = (404, 404, 404, 404, 404)  # for an address that is made up
OPERATORS = (403, 403, 403, 403, SIGN_IN)

GETS: dict[str, tuple[int, ...]] = {
    "runs": EVERYBODY_INSIDE,
    "new_run": (200, 200, 403, 200, SIGN_IN),
    "run": MINE,
    "run_part": MINE,
    "run_diff": MINE,
    "jobs": EVERYBODY_INSIDE,
    "job": MINE,
    "releases": EVERYBODY_INSIDE,
    "release": MINE,
    "incidents": EVERYBODY_INSIDE,
    "incident": MINE,
    "projects": EVERYBODY_INSIDE,
    "project": MINE,
    "memory": MINE,
    "export_memory": MINE,
    "mcp_servers": MINE,
    "spec": MINE,
    "organisations": (302, 302, 302, 302, SIGN_IN),
    "organisation": OWNERS,
    "operating": OPERATORS,
    "agents": OPERATORS,
    "agent": OPERATORS,
    "sign_in": (302, 302, 302, 302, 200),
    "enter": (302, 302, 302, 302, 410),
    "password": EVERYBODY_INSIDE,
    "favicon": OPEN,
    "badge": NOWHERE,
}
POSTS: dict[str, tuple[int, ...]] = {
    "new_run": (422, 422, 403, 422, SIGN_IN),
    "new_story": (422, 422, 403, 422, SIGN_IN),
    "check_spec": EVERYBODY_INSIDE,
    "cancel_run": CHANGE,
    "retry_run": CHANGE,
    "approve_gate": CHANGE,
    "reject_gate": CHANGE,
    "say_to_job": CHANGE,
    "pause_job": CHANGE,
    "resume_job": CHANGE,
    "hand_job_on": CHANGE,
    "put_secret": MANAGE,
    "put_origin": MANAGE,
    "fetch_project": CHANGE,
    "upload_project": CHANGE,
    "delete_secret": MANAGE,
    "show_badge": MANAGE,
    "hide_badge": MANAGE,
    "add_note": CHANGE,
    "forget_note": CHANGE,
    "erase_memory": MANAGE,
    "put_mcp_server": (422, 403, 403, 404, SIGN_IN),
    "check_mcp_server": (200, 200, 403, 404, SIGN_IN),
    "remove_mcp_server": MANAGE,
    "create_key": MANAGE,
    "revoke_key": MANAGE,
    "add_member": MANAGE,
    "change_role": MANAGE,
    "invite_member": MANAGE,
    "remove_member": MANAGE,
    "pause_queue": OPERATORS,
    "resume_queue": OPERATORS,
    "drain_worker": OPERATORS,
    **{f"{verb}_agent": OPERATORS for verb in ("drain", "pause", "resume", "revoke", "note", "tag")},
    "create_token": OPERATORS,
    "revoke_token": OPERATORS,
    "resume_worker": OPERATORS,
    "sign_in": (302, 302, 302, 302, 422),
    "sign_out": OPEN,
    "enter": (410, 410, 410, 410, 410),
    "password": (422, 422, 422, 422, SIGN_IN),
    "theme": OPEN,
}


def test_no_address_is_without_a_line_here() -> None:
    assert {pattern.name for pattern in urlpatterns} == GETS.keys() | POSTS.keys()


def addresses(name: str, world: World) -> list[str]:
    values = {
        **world.ids,
        "slug": "ours",
        "token": "forged",
        "of": "ci",
        "server": "rough",
        "role": "coding",
        "worker_id": 1,
        "agent_id": 1,
        "token_id": 1,
    }
    pattern = next(one for one in urlpatterns if one.name == name)
    wanted = pattern.pattern.converters.keys()
    parts = PARTS if name == "run_part" else [""]
    known = [{key: values.get(key, part) for key in wanted} for part in parts]
    return [reverse(f"dashboard:{name}", kwargs=kwargs) for kwargs in known]


def person(people: People, name: str) -> User | None:
    return getattr(people, name, None)


@pytest.mark.parametrize("who", PEOPLE)
def test_who_may_read(people: People, world: World, visit: Visit, who: str) -> None:
    client = visit(person(people, who))
    for name, expected in GETS.items():
        for address in addresses(name, world):
            assert client.get(address).status_code == expected[PEOPLE.index(who)], f"GET {address} as {who}"


@pytest.mark.parametrize("name", POSTS)
def test_who_may_change(people: People, world: World, visit: Visit, name: str) -> None:
    """Those who may not come first: what they asked for must not have been done before the next one asks."""
    (address,) = addresses(name, world)
    for who in reversed(PEOPLE[1:]):
        expected = POSTS[name][PEOPLE.index(who)]
        if who == "teammate" and expected == 302:
            continue
        assert visit(person(people, who)).post(address).status_code == expected, f"POST {address} as {who}"
    allowed = "teammate" if POSTS[name][1] == 302 else "owner"
    answer = visit(person(people, allowed)).post(address)
    assert answer.status_code == POSTS[name][PEOPLE.index(allowed)], f"POST {address} as {allowed}"


def test_no_form_works_without_its_token(people: People, world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.owner)
    answers = {name: client.post(*addresses(name, world)).status_code for name in POSTS}
    assert set(answers.values()) == {403}, answers


def test_what_changes_something_does_not_answer_get(people: People, world: World, visit: Visit) -> None:
    client = visit(people.owner)
    answers = {name: client.get(*addresses(name, world)).status_code for name in POSTS.keys() - GETS.keys()}
    assert set(answers.values()) == {405}, answers


@pytest.mark.parametrize("name", ["run", "job", "release", "incident", "project", "spec"])
@pytest.mark.parametrize("number", [10**9, 2**63, 10**30])
def test_a_number_that_nothing_has_is_not_there(people: People, visit: Visit, name: str, number: int) -> None:
    try:
        address = reverse(f"dashboard:{name}", args=[number])
    except NoReverseMatch:
        return
    assert visit(people.owner).get(address).status_code == 404


def test_an_operator_sees_what_belongs_to_others(people: People, world: World, visit: Visit) -> None:
    people.outsider.is_superuser = True
    people.outsider.save()
    client = visit(people.outsider)
    assert all(
        client.get(address).status_code == 200 for address in addresses("run", world) + addresses("project", world)
    )


def test_somebody_who_is_not_signed_in_comes_back_to_the_page(people: People, world: World, visit: Visit) -> None:
    answer = visit(None).get(f"/runs/{world.waiting.pk}/?job=3")
    assert answer["Location"] == f"/sign-in/?next=/runs/{world.waiting.pk}/%3Fjob%3D3"


def test_a_part_whose_session_ended_sends_the_whole_page_to_the_sign_in(world: World, visit: Visit) -> None:
    address = f"/runs/{world.waiting.pk}/parts/plan/"
    here = f"http://testserver/runs/{world.waiting.pk}/"
    answer = visit(None).get(address, headers={"HX-Request": "true", "HX-Current-URL": here})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, f"/sign-in/?next={here.replace(':', '%3A')}")


def test_a_part_does_not_send_anybody_to_another_site(world: World, visit: Visit) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://elsewhere.example/"}
    assert (
        visit(None).get(f"/runs/{world.waiting.pk}/parts/plan/", headers=headers)["HX-Redirect"] == "/sign-in/?next=/"
    )
