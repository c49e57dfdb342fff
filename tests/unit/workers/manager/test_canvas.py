"""The canvas: flat, ids only, in order."""

import json
from typing import Any

from apps.runs.services.publish import Message
from workers.manager.canvas import compose


def message(step: str, job: int) -> Message:
    return Message(step, job, 3)


def shape(canvas: Any) -> Any:
    """What goes over the wire, as nested lists of (task, args)."""
    return _shape(json.loads(json.dumps(canvas)))


def _shape(signature: Any) -> Any:
    if isinstance(signature, list):
        return [_shape(one) for one in signature]
    task = signature["task"]
    if task == "celery.chain":
        return _shape(signature["kwargs"]["tasks"])
    if task == "celery.chord":
        return {"chord": _shape(signature["kwargs"]["header"]), "body": _shape(signature["kwargs"]["body"])}
    return (task, *signature["args"])


def test_one_line_of_work_is_one_chain_that_ends_with_a_look() -> None:
    waves = (((message("coding.code", 1), message("testing.test", 2)),),)
    assert shape(compose(7, waves, 3)) == [("coding.code", 1, 3), ("testing.test", 2, 3), ("manager.advance", 7)]


def test_work_side_by_side_is_waited_for() -> None:
    waves = (
        ((message("coding.code", 1), message("testing.test", 2)), (message("coding.code", 3),)),
        ((message("coding.merge", 4),),),
    )
    canvas = shape(compose(7, waves, 3))
    assert canvas["chord"] == [[("coding.code", 1, 3), ("testing.test", 2, 3)], ("coding.code", 3, 3)]
    assert canvas["body"] == [("coding.merge", 4, 3), ("manager.advance", 7)]


def test_two_waves_of_side_by_side_work_have_a_join_between_them() -> None:
    wave = ((message("coding.code", 1),), (message("coding.code", 2),))
    assert "manager.join" in str(shape(compose(7, (wave, wave), 3)))


def test_only_the_end_of_a_branch_keeps_a_result() -> None:
    waves = (((message("coding.code", 1), message("testing.test", 2)), (message("coding.code", 3),)),)
    assert json.dumps(compose(7, waves, 3)).count('"ignore_result": false') == 2
