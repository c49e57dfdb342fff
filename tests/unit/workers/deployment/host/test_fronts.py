from __future__ import annotations

import socket
import threading
from contextlib import ExitStack

import httpx
import pytest

from tests.unit.workers.deployment.host.hosting import Hosting, get, wait_for
from workers.deployment.host import daemon, front
from workers.deployment.host.errors import ReleaseNotRunning, StaleGeneration


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_people_see_the_release_that_is_shown(hosting: Hosting) -> None:
    assert get(hosting.live("r1")) == (200, "r1")


def test_a_switch_keeps_the_address(hosting: Hosting) -> None:
    first = hosting.live("r1", generation=1)
    assert hosting.live("r2", generation=2) == first
    assert get(first) == (200, "r2")


def test_the_same_switch_again_is_fine(hosting: Hosting) -> None:
    hosting.live("r1", generation=4)
    assert hosting.client.route("devsite", "r1", 4).generation == 4


@pytest.mark.parametrize("generation", [3, 4])
def test_a_switch_that_comes_too_late_is_refused_and_changes_nothing(hosting: Hosting, generation: int) -> None:
    url = hosting.live("new", generation=4)
    hosting.client.start(hosting.plan("late"))
    with pytest.raises(StaleGeneration, match=r"at generation 4 \(release new\)"):
        hosting.client.route("devsite", "late", generation)
    assert get(url) == (200, "new")


def test_a_release_that_does_not_run_is_not_shown(hosting: Hosting) -> None:
    with pytest.raises(ReleaseNotRunning, match="its release is not running"):
        hosting.client.route("devsite", "nobody", 1)
    assert hosting.client.list().routes == ()


def test_the_wished_port_is_taken_where_it_is_free(hosting: Hosting) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        wish = probe.getsockname()[1]
    hosting.client.start(hosting.plan("r1"))
    assert hosting.client.route("devsite", "r1", 1, port=wish).port == wish


def test_a_busy_port_gives_a_free_one_that_is_kept_for_good(hosting: Hosting) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        wish = busy.getsockname()[1]
        hosting.client.start(hosting.plan("r1"))
        port = hosting.client.route("devsite", "r1", 1, port=wish).port
    assert port != wish
    hosting.end()
    hosting.start()
    assert hosting.client.route("devsite", "r1", 2, port=wish).port == port


def test_a_port_that_somebody_took_meanwhile_moves_and_says_so(
    hosting: Hosting, caplog: pytest.LogCaptureFixture
) -> None:
    port = port_of(hosting.live("r1"))
    hosting.end()
    with socket.create_server(("127.0.0.1", port)):
        hosting.start()
    route = hosting.client.list().route("devsite")
    assert route.port != port
    assert f"{port} was taken while no host ran; it moved to {route.port}" in caplog.text
    assert get(route.url) == (200, "r1")


def test_a_dead_release_is_a_503_page_and_not_a_refused_connection(hosting: Hosting) -> None:
    url = hosting.live("r1")
    hosting.launcher.last("r1").die()
    wait_for(lambda: get(url)[0] == 503)
    answer = httpx.get(url)
    assert "not available right now" in answer.text
    assert answer.headers["hive-host"] == "its release is not running"
    assert answer.headers["cache-control"] == "no-store"


def test_an_environment_that_shows_nothing_is_a_503_page(hosting: Hosting) -> None:
    url = hosting.live("r1", generation=1)
    hosting.client.route("devsite", None, 2)
    assert get(url)[0] == 503


def test_a_visitor_waits_while_the_release_restarts(hosting: Hosting) -> None:
    url = hosting.live("r1")
    hosting.end()
    slow, launch = threading.Event(), hosting.launcher.launch
    hosting.launcher.launch = lambda plan: (slow.wait(10), launch(plan))[1]  # type: ignore[method-assign]
    hosting.start()
    threading.Timer(0.3, slow.set).start()
    assert get(url) == (200, "r1")


def test_what_a_visitor_says_before_the_release_is_there_is_not_lost(hosting: Hosting) -> None:
    """Also by one who closes his half at once, as `nc` and some probes do."""
    port = port_of(hosting.live("r1"))
    hosting.end()
    slow, launch = threading.Event(), hosting.launcher.launch
    hosting.launcher.launch = lambda plan: (slow.wait(10), launch(plan))[1]  # type: ignore[method-assign]
    hosting.start()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as visitor:
        visitor.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
        visitor.shutdown(socket.SHUT_WR)
        slow.set()
        assert read_all(visitor).count(b"200 OK") == 3


def test_a_visitor_who_leaves_without_a_word_is_let_go(hosting: Hosting) -> None:
    port = port_of(hosting.live("r1"))
    hosting.end()
    slow, launch = threading.Event(), hosting.launcher.launch
    hosting.launcher.launch = lambda plan: (slow.wait(10), launch(plan))[1]  # type: ignore[method-assign]
    hosting.start()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as visitor:
        visitor.shutdown(socket.SHUT_WR)
        assert read_all(visitor) == b""
    slow.set()


def test_a_release_that_hangs_up_on_a_visitor_is_a_503_page(hosting: Hosting) -> None:
    url = hosting.live("r1")
    assert get(url) == (200, "r1")
    hosting.launcher.last("r1")._serve = lambda connection: connection.close()  # type: ignore[method-assign]
    answer = httpx.get(url)
    assert answer.status_code == 503
    assert "without an answer" in answer.headers["hive-host"]


def test_a_sandbox_in_which_nobody_listens_yet_is_waited_for_but_not_for_ever(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "HOLD_S", 0.5)
    url = hosting.live("r1")
    launched = hosting.launcher.last("r1")
    serve, launched._serve = launched._serve, lambda connection: connection.close()  # type: ignore[method-assign]
    assert httpx.get(url).headers["hive-host"] == "its release does not accept connections"
    monkeypatch.setattr(front, "HOLD_S", 20)
    threading.Timer(0.2, lambda: setattr(launched, "_serve", serve)).start()
    assert get(url) == (200, "r1")


def test_a_connection_that_is_at_rest_is_closed_after_a_switch(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "REST_S", 0.2)
    with httpx.Client() as browser:
        url = hosting.live("r1", generation=1)
        assert browser.get(url).text == "r1"
        hosting.live("r2", generation=2)
        wait_for(lambda: hosting.client.list().release("r1").connections == 0)
        assert browser.get(url).text == "r2"


def test_a_busy_connection_to_the_old_release_is_cut_in_the_end(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "DRAIN_S", 0.3)
    port = port_of(hosting.live("r1", generation=1))
    with socket.create_connection(("127.0.0.1", port)) as visitor:
        visitor.sendall(b"GET / HTTP/1.1\r\n")  # and never the rest
        wait_for(lambda: hosting.client.list().release("r1").connections == 1)
        hosting.live("r2", generation=2)
        visitor.settimeout(10)
        assert visitor.recv(1) == b""


def test_stop_waits_for_visitors_but_not_for_ever(hosting: Hosting) -> None:
    port = port_of(hosting.live("r1", generation=1))
    with socket.create_connection(("127.0.0.1", port)) as visitor:
        visitor.sendall(b"GET / HTTP/1.1\r\n")
        wait_for(lambda: hosting.client.list().release("r1").connections == 1)
        hosting.live("r2", generation=2)
        stopping = threading.Thread(target=lambda: hosting.client.stop("r1", drain_s=30))
        stopping.start()
        wait_for(lambda: hosting.client.list().release("r1").state == "stopping")
        visitor.sendall(b"Host: devsite\r\n\r\n")
        assert visitor.recv(100).endswith(b"r1")
    stopping.join(10)
    assert not stopping.is_alive()


def test_a_flood_of_visitors_gets_503_and_the_host_still_answers(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosting.end()
    monkeypatch.setattr(daemon, "MOST_CONNECTIONS", 16)
    hosting.start()
    url = hosting.live("r1")
    with ExitStack() as flood:
        for _ in range(16):
            flood.enter_context(socket.create_connection(("127.0.0.1", port_of(url))))
        wait_for(lambda: hosting.client.list().release("r1").connections == 16)
        assert get(url)[0] == 503
    wait_for(lambda: get(url)[0] == 200)


def read_all(visitor: socket.socket) -> bytes:
    received = b""
    while part := visitor.recv(65536):
        received += part
    return received
