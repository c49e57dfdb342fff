"""Every error is a problem: one shape, a stable code, and nothing that only Hive's own log should hold."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from apps.api import problems
from apps.api.base import ApiView
from apps.api.problems import Problem, handle
from apps.artifacts.store import NotStored, StoreUnavailable
from apps.events.lifecycle import IllegalMove, MoveLost
from apps.events.stream import TooManyReaders
from tests.unit.apps.api.conftest import Api, Things


def shown(response: Any, status: int, code: str) -> dict[str, Any]:
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    return body


@pytest.mark.parametrize("path", ["/nowhere", "/runs/", "/runs/x", "/runs/-1", "/admin/nobody", ""])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options", "patch"])
def test_an_address_that_is_none_is_not_found(owner: Api, path: str, method: str) -> None:
    shown(getattr(owner.client, method)(f"/api/v1{path}"), 404, "not_found")


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_a_method_that_is_none_names_those_that_are(owner: Api, method: str) -> None:
    response = getattr(owner.client, method)("/api/v1/runs")
    shown(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, POST"


def test_what_is_not_json_is_malformed(owner: Api) -> None:
    for body in (b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000):
        response = owner.client.post("/api/v1/runs", body, content_type="application/json")
        assert "JSON" in shown(response, 400, "malformed")["detail"]


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"3", b"null"])
def test_what_is_not_an_object_is_refused(owner: Api, body: bytes) -> None:
    shown(owner.client.post("/api/v1/runs", body, content_type="application/json"), 422, "invalid")


def test_another_media_type_is_refused(owner: Api) -> None:
    shown(owner.client.post("/api/v1/runs", b"a=b", content_type="text/csv"), 415, "unsupported_media_type")


def test_an_answer_that_nobody_can_give_is_not_acceptable(owner: Api) -> None:
    shown(owner.get("/runs", headers={"Accept": "image/png"}), 406, "not_acceptable")


def test_a_body_that_is_too_large_is_refused(owner: Api) -> None:
    body = b'"' + b"x" * (8 * 1024 * 1024) + b'"'
    shown(owner.client.post("/api/v1/runs", body, content_type="application/json"), 413, "too_large")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (IllegalMove("gate 1 is approved"), 409, "conflict"),
        (MoveLost("gate 1 is no longer pending"), 409, "conflict"),
        (OperationalError("server at 10.0.0.1 refused"), 503, "database_unavailable"),
        (NotStored("logs/1/x"), 404, "not_stored"),
        (StoreUnavailable("Cannot write the artifact store: No space left on device."), 503, "store_unavailable"),
        (TooManyReaders(TooManyReaders.__doc__), 503, "too_many_streams"),
        (Problem(418, "teapot", "Short and stout."), 418, "teapot"),
    ],
)
def test_what_the_services_raise_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    import json

    response = handle(error, {})
    body = json.loads(response.content)
    assert (response.status_code, body["code"]) == (status, code)
    assert "10.0.0.1" not in body["detail"]
    assert response.headers.get("Retry-After") == ("1" if status == 503 else None)


def test_a_bug_is_logged_and_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ApiView):
        authentication_classes = permission_classes = throttle_classes = ()

        def get(self, request: Any) -> Any:
            raise RuntimeError("secret word")

    response = Broken.as_view()(RequestFactory().get("/api/v1/broken"))
    assert (response.status_code, b"secret word" in response.content) == (500, False)
    assert b'"code": "internal"' in response.content
    assert "secret word" in caplog.text


def test_a_view_that_names_no_scope_is_shut(owner: Api, things: Things) -> None:
    class Forgotten(ApiView):
        throttle_classes = ()

        def get(self, request: Any) -> Any:
            raise AssertionError("was let in")

    request = RequestFactory().get("/api/v1/forgotten")
    request.user = things.run.created_by  # type: ignore[assignment]
    assert Forgotten.as_view()(request).status_code == 403


def test_the_sites_handlers_answer_programs_with_problems_and_people_with_pages() -> None:
    for path, kind in (("/api/v1/x", "application/problem+json"), ("/x", "text/html; charset=utf-8")):
        response = problems.server_error(RequestFactory().get(path))
        assert (response.status_code, response["Content-Type"]) == (500, kind)
