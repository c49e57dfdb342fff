"""What came in, as text: of the right size, UTF-8, and without characters that no text holds."""

from __future__ import annotations

import re

from apps.specs.problems import Problems, StopReading
from apps.specs.reading.bounds import MAX_BYTES
from apps.specs.reading.nodes import Mark

BOM = "\ufeff"
NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read(source: str | bytes, problems: Problems) -> str:
    """The text of a spec, without a byte order mark. Raises StopReading, with the problem added, if it is none."""
    size = len(source) if isinstance(source, bytes) else _size(source, problems)
    refuse_large(size, problems)
    text = _decode(source, problems) if isinstance(source, bytes) else source
    text = text.removeprefix(BOM)
    if junk := NOT_TEXT.search(text):
        message = f"The character U+{ord(junk[0]):04X} is not allowed in a spec."
        problems.add("not_text", message, "Remove it; is this a text file?", mark=_mark(text, junk.start()))
        raise StopReading
    return text


def refuse_large(size_bytes: int, problems: Problems) -> None:
    """Before anything is parsed: the size alone is enough to refuse it."""
    if size_bytes > MAX_BYTES:
        message = f"The spec has {size_bytes:,} bytes; at most {MAX_BYTES:,} (1 MiB) are accepted."
        problems.add("too_large", message, "Move long texts into a template or a repository.")
        raise StopReading


def _size(text: str, problems: Problems) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        message = "This text holds half of a character (a lone surrogate)."
        problems.add("not_text", message, "Send valid Unicode.", mark=_mark(text, error.start))
        raise StopReading from None


def _decode(source: bytes, problems: Problems) -> str:
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        before = source[: error.start].decode()
        message = f"Byte {error.start:,} (0x{source[error.start]:02x}) is not UTF-8."
        hint = "Save it as UTF-8." if source[:2] in (b"\xff\xfe", b"\xfe\xff") else "Is this a text file in UTF-8?"
        problems.add("not_utf8", message, hint, mark=_mark(before, len(before)))
        raise StopReading from None


def _mark(text: str, index: int) -> Mark:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
