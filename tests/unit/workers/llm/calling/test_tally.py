"""The most that a conversation can cost, before anybody counted."""

from __future__ import annotations

from workers.llm.calling.tally import AROUND_TOKENS, Tally
from workers.llm.port import Message, Role

LONG = (Message(Role.SYSTEM, "Be brief. " * 1000), Message(Role.USER, "Hello"))


def test_at_first_every_byte_may_be_a_token() -> None:
    assert Tally().most("a/b", LONG, ()) > 10_000 + AROUND_TOKENS


def test_what_the_provider_counted_is_known_and_only_what_is_new_is_bounded() -> None:
    tally = Tally()
    tally.counted("a/b", LONG, (), 2_500)
    most = tally.most("a/b", [*LONG, Message(Role.ASSISTANT, "Hi."), Message(Role.USER, "Bye.")], ())
    assert 2_500 < most < 3_000


def test_a_shortened_conversation_and_another_model_start_anew() -> None:
    tally = Tally()
    tally.counted("a/b", LONG, (), 2_500)
    changed = [Message(Role.SYSTEM, "Be brief. " * 999), LONG[1]]
    assert tally.most("a/b", changed, ()) > 9_000
    assert tally.most("c/d", LONG, ()) > 9_000


def test_two_conversations_at_once_do_not_forget_one_another() -> None:
    tally = Tally()
    title = (Message(Role.USER, "Give it a title. " * 500),)
    tally.counted("a/b", LONG, (), 2_500)
    tally.counted("a/b", title, (), 1_700)
    assert tally.most("a/b", [*LONG, Message(Role.USER, "Bye.")], ()) < 3_000
    assert tally.most("a/b", [*title, Message(Role.USER, "Shorter.")], ()) < 2_000
