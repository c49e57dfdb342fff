from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workers.deployment.containers.stack import Health, Mount, Service, Stack

DB = Service("db", "sha256:1", "999:999", mounts=(Mount("/data", "data"),), health=Health(("CMD", "true")))
WEB = Service("web", "sha256:2", "1:1", command=("a", "b"), entrypoint=(), needs={"db": "healthy"})
STACK = Stack("one", "e1", "devsite", "web", 80, (DB, WEB))


def test_a_stack_is_the_same_after_a_trip_through_its_file(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_bytes(STACK.as_bytes())
    assert Stack.read(path) == STACK


def test_everything_that_is_said_of_a_service_is_in_its_mark() -> None:
    changed = [replace(WEB, image="sha256:3"), replace(WEB, env={"A": "b"}), replace(WEB, needs={}), DB]
    assert len({WEB.mark, *(service.mark for service in changed)}) == 5


def test_only_what_keeps_named_data_is_shared_and_only_what_is_not_starts_afresh() -> None:
    assert (DB.shared, WEB.shared) == (True, False)
    scratch = replace(WEB, mounts=(Mount("/workspace"),))
    assert (DB.scribbles, WEB.scribbles, scratch.scribbles) == (False, False, True)
    assert replace(WEB, read_only=False).scribbles
