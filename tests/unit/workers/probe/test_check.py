from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.workers.probe.site import Site, free_port
from workers.probe.address import Address
from workers.probe.check import BODY_LIMIT_BYTES, GivenUp, check, check_within


def test_the_environments_own_name_is_reached_where_the_release_listens(address: Address) -> None:
    result = check("http://devsite:8080/", address=address, contains="Welcome to devsite:8080")
    assert (result.ok, result.status, result.tries) == (True, 200, 1)
    assert result.message == "Answered 200 with 'Welcome to devsite:8080'."
    assert result.excerpt == "Welcome to devsite:8080"
    assert abs((datetime.now(UTC) - result.at).total_seconds()) < 60
    assert result.took_ms > 0


def test_another_status_than_the_one_asked_for_fails(address: Address) -> None:
    result = check("http://devsite:8080/nothing", address=address)
    assert (result.ok, result.status, result.message) == (False, 404, "Answered 404; asked for 200.")
    assert check("http://devsite:8080/nothing", address=address, status=404).ok


def test_any_2xx_will_do_where_no_status_is_asked_for(address: Address) -> None:
    assert check("http://devsite:8080/", address=address, status=None).ok
    assert not check("http://devsite:8080/nothing", address=address, status=None).ok
    assert not check("http://devsite:8080/elsewhere", address=address, status=None).ok


def test_a_text_that_is_not_there_fails(address: Address) -> None:
    result = check("http://devsite:8080/", address=address, contains="Goodbye")
    assert (result.ok, result.status) == (False, 200)
    assert "'Goodbye' is not in the first 23 characters" in result.message


@pytest.mark.parametrize("path", ["moved", "moved-with-name"])
def test_a_redirect_within_the_site_is_followed(address: Address, path: str) -> None:
    assert check(f"http://devsite:8080/{path}", address=address, contains="Welcome").ok


def test_a_redirect_is_what_was_asked_for(address: Address) -> None:
    assert check("http://devsite:8080/moved", address=address, status=302).ok


@pytest.mark.parametrize(("path", "target"), [("elsewhere", "169.254.169.254"), ("other-port", "devsite:9999")])
def test_a_redirect_to_another_host_or_port_is_not_followed(address: Address, path: str, target: str) -> None:
    result = check(f"http://devsite:8080/{path}", address=address)
    assert (result.ok, result.status) == (False, 302)
    assert f"It points to http://{target}" in result.message


def test_redirects_in_a_circle_end(address: Address) -> None:
    assert "More than 5 redirects" in check("http://devsite:8080/around", address=address).message


def test_only_the_first_mebibyte_is_read(address: Address) -> None:
    result = check("http://devsite:8080/large", address=address, contains="needle")
    assert not result.ok
    assert f"the first {BODY_LIMIT_BYTES} characters" in result.message


def test_a_page_without_end_is_read_no_further(address: Address) -> None:
    assert check("http://devsite:8080/endless", address=address, contains="xxx", timeout_s=60).ok


def test_the_text_is_read_in_its_own_charset(address: Address) -> None:
    assert check("http://devsite:8080/latin", address=address, contains="Grüße").ok
    assert check("http://devsite:8080/strange", address=address, contains="hello").ok


def test_hives_own_503_is_never_taken_for_the_release(address: Address) -> None:
    result = check("http://devsite:8080/front", address=address, status=503)
    assert (result.ok, result.status) == (False, 503)
    assert result.message.endswith("not the release: its release is not running.")


def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_it_up(address: Address) -> None:
    began = time.monotonic()
    result = check("http://devsite:8080/trickle", address=address, timeout_s=0.5)
    assert result.message == "No full answer within 0.5 s."
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "url",
    [
        "http://devsite:8080/silence",
        "http://devsite:8080/broken-redirect",
        "https://devsite:8080/",
        "http://[:::/",
        "devsite",
        "http://dev\0site/",
    ],
)
def test_whatever_comes_back_is_a_result_and_no_exception(address: Address, url: str) -> None:
    result = check(url, address=address)
    assert not result.ok
    assert result.message


@pytest.mark.parametrize("make", [lambda path: ("unix", str(path)), lambda path: ("tcp", "127.0.0.1", free_port())])
def test_nobody_there_is_said(tmp_path: Path, make: Callable[[Path], Address]) -> None:
    result = check("http://devsite:8080/", address=make(tmp_path / "none"))
    assert (result.ok, result.status) == (False, None)
    assert result.message.startswith("No answer")


def test_proxy_settings_of_the_machine_are_not_for_probes(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert check("http://devsite:8080/", address=address).ok


def test_it_waits_for_a_site_that_comes_up_late() -> None:
    port = free_port()
    late = threading.Timer(0.4, lambda: ThreadingHTTPServer(("127.0.0.1", port), Site).handle_request())
    late.start()
    result = check_within("http://devsite:8080/", address=lambda: ("tcp", "127.0.0.1", port), within_s=20)
    assert result.ok
    assert result.tries > 1


def test_it_gives_up_when_the_time_is_over() -> None:
    result = check_within("http://devsite/", address=lambda: ("tcp", "127.0.0.1", free_port()), within_s=0.3)
    assert not result.ok
    assert "times in 0.3 s" in result.message


def test_it_gives_up_at_once_when_waiting_is_pointless() -> None:
    addresses: list[Address] = [("tcp", "127.0.0.1", free_port())]

    def address() -> Address:
        if addresses:
            return addresses.pop()
        raise GivenUp("It exited with 1.")

    began = time.monotonic()
    result = check_within("http://devsite/", address=address, within_s=60)
    assert result.message.startswith("It exited with 1. No answer")
    assert time.monotonic() - began < 10


def test_it_waits_for_a_release_that_has_no_address_yet(address: Address) -> None:
    late: list[Address | None] = [address, None, None]
    result = check_within("http://devsite:8080/", address=late.pop, within_s=20)
    assert (result.ok, result.tries) == (True, 1)
