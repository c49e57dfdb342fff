"""Orders: what is written is what is read, and what is no order is refused."""

import json
from typing import Any

import pytest

from apps.fleet.order import BadOrder, Bounds, Cache, Command, Order, Package, read_order

FULL = Order(
    commands=(
        Command(("pytest", "-q"), timeout_s=9, fresh=True, reports="*.xml"),
        Command("echo a; echo b", name="say", always=True),
    ),
    image="python:3.11",
    env={"A": "line\nline"},
    secrets={"TOKEN": "hush"},
    package=Package("https://host/x", "0" * 64, 12),
    files={"a/b.txt": "text"},
    artifacts=("dist/**",),
    junit=("**/junit*.xml",),
    bounds=Bounds(cpus=1),
    network=True,
    caches=(Cache("pip", (".cache",)),),
    version=2,
)


def test_an_order_survives_the_wire() -> None:
    assert read_order(json.loads(json.dumps(FULL.as_json()))) == FULL


def test_what_a_later_server_adds_is_passed_over() -> None:
    value = FULL.as_json()
    value["bounds"]["gpus"] = 4
    assert read_order({**value, "colour": "blue"}) == FULL


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"version": 4, "commands": []},
        {"version": "1", "commands": []},
        {"version": 1},
        {"version": 1, "commands": [{"run": 5}]},
        {"version": 1, "commands": [{"run": ["a"], "timeout_s": {}}]},
        {"version": 1, "commands": [], "env": {"A": 1}},
        {"version": 1, "commands": [], "artifacts": "dist"},
    ],
)
def test_what_is_no_order_is_refused(value: Any) -> None:
    with pytest.raises(BadOrder):
        read_order(value)


def test_a_line_is_run_by_a_shell_and_a_list_is_not() -> None:
    assert [command.argv for command in FULL.commands] == [["pytest", "-q"], ["sh", "-c", "echo a; echo b"]]


def test_commands_share_a_sandbox_until_one_wants_a_fresh_one() -> None:
    order = Order((Command("a"), Command("b"), Command("c", fresh=True), Command("d")))
    assert [[number for number, _ in stretch] for stretch in order.stretches()] == [[1, 2], [3, 4]]
