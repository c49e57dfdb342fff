"""Secrets never reach the table, wherever the pieces are cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.events.masking import MASK, Masker, mask_bytes, mask_text

SECRETS = ["s3cret-value", "s3cret", "another\nwith two lines"]


def fed(pieces: list[bytes], secrets: list[str]) -> bytes:
    masker = Masker(secrets)
    return b"".join([*(masker.feed(piece) for piece in pieces), masker.rest()])


def test_a_secret_is_masked() -> None:
    assert fed([b"key=s3cret-value;"], SECRETS) == b"key=" + MASK + b";"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert b"-value" not in fed([b"s3cret-value"], SECRETS)


def test_each_line_of_a_secret_is_masked() -> None:
    assert fed([b"with two lines"], SECRETS) == MASK


def test_too_short_a_secret_is_left_alone() -> None:
    assert fed([b"no way"], ["no"]) == b"no way"


def test_output_that_begins_like_a_secret_comes_out_in_the_end() -> None:
    assert fed([b"abc s3cre"], SECRETS) == b"abc s3cre"


def test_text_is_masked_too() -> None:
    assert mask_text("x s3cret y", SECRETS) == f"x {MASK.decode()} y"


@given(st.binary(max_size=30), st.binary(max_size=30), st.lists(st.integers(0, 80), max_size=6))
def test_no_cut_lets_a_secret_through(before: bytes, after: bytes, cuts: list[int]) -> None:
    whole = before + b"s3cret-value" + after
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    pieces = [whole[start:stop] for start, stop in pairwise(places)]
    assert b"s3cret-value" not in fed(pieces, ["s3cret-value"])
    assert fed(pieces, ["s3cret-value"]) == fed([whole], ["s3cret-value"])


def test_of_what_was_cut_off_not_even_the_beginning_of_a_secret_is_shown() -> None:
    assert mask_bytes(b"key=s3cret-val", SECRETS) == b"key=" + MASK + b"-val"
    assert mask_bytes(b"key=s3cre", SECRETS, cut=True) == b"key="
