from __future__ import annotations

import pytest

from workers.sandbox.environment import build, check_arguments
from workers.sandbox.port import SandboxError


def test_a_command_may_say_what_its_own_path_is() -> None:
    assert build({"PATH": "/usr/bin"}, {"PATH": "/mine", "LD_PRELOAD": "x.so"})["PATH"] == "/mine"


def test_the_sandbox_says_where_it_is_and_which_port_to_listen_on() -> None:
    own = {"HIVE_WORKSPACE": "/workspace", "HIVE_SANDBOX": "a-1", "PORT": "8080"}
    assert build(own, dict.fromkeys(own, "other")).items() >= own.items()


def test_a_port_can_be_set_where_the_sandbox_gives_none() -> None:
    assert build({}, {"PORT": "9000"})["PORT"] == "9000"


def test_nothing_of_hives_own_environment_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    assert build({"PATH": "/bin"}, None) == {"LANG": "C.UTF-8", "TERM": "dumb", "CI": "true", "PATH": "/bin"}


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A\n", "Ä", "A-B", "BASH_FUNC_x%%"])
def test_a_name_is_letters_digits_and_underscores(name: str) -> None:
    with pytest.raises(SandboxError, match="no name for a variable"):
        build({}, {name: "x"})


def test_a_value_too_long_for_the_kernel_is_told_with_its_size() -> None:
    with pytest.raises(SandboxError, match="The variable A is 131074 bytes"):
        build({}, {"A": "x" * (128 * 1024)})


def test_bytes_that_are_no_text_are_counted_too() -> None:
    assert check_arguments(["echo", "\udcff"]) == ["echo", "\udcff"]
