r"""What stands inside a line of Markdown: code, links, images, emphasis, escapes, breaks.

The text is cut into finished pieces and open text. Code, escapes, links and images are finished first, so that a star
inside them is never taken for emphasis; everything is escaped for HTML on its way out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

Linker = Callable[[str], str]
SAFE_SCHEMES = ("http", "https", "mailto", "tel")

PUNCTUATION = re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
ESCAPE = re.compile(rf"\\([{PUNCTUATION}])")
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]+)>")
TARGET = r"\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s+\"((?:[^\"\\]|\\.)*)\")?\s*\)"
LABEL = r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]"
IMAGE = re.compile("!" + LABEL + TARGET, re.DOTALL)
LINK = re.compile(LABEL + TARGET, re.DOTALL)
BREAK = re.compile(r"(?: {2,}|\\)\n")
# Not between letters for `_`, so that snake_case_names stay whole.
BOTH = re.compile(r"\*\*\*(?=\S)(.+?)(?<=\S)\*\*\*|(?<!\w)___(?=\S)(.+?)(?<=\S)___(?!\w)", re.DOTALL)
STRONG = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*(?!\*)|(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)", re.DOTALL)
EMPHASIS = re.compile(
    r"(?<!\*)\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?!\*)|(?<!\w)_(?=[^\s_])(.+?)(?<=[^\s_])_(?!\w)", re.DOTALL
)
PAIRS = ((BOTH, "<em><strong>{}</strong></em>"), (STRONG, "<strong>{}</strong>"), (EMPHASIS, "<em>{}</em>"))
KEPT = re.compile("\x00(\\d+)\x00")


def render_inline(text: str, linker: Linker) -> str:
    return _Line(linker).render(text.replace("\x00", ""))


def plain_text(text: str) -> str:
    """The words alone, for ids and titles."""
    made = re.sub(r"<[^>]*>", "", render_inline(text, lambda address: address))
    return html.unescape(made)


class _Line:
    """Finished pieces are kept aside, with a numbered mark in their place, until the whole is put together."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self.kept: list[str] = []

    def render(self, text: str) -> str:
        return self.put_back(self.mark_up(text))

    def mark_up(self, text: str) -> str:
        text = _outside_code(text, lambda part: ESCAPE.sub(lambda m: self.keep(html.escape(m[1])), part), self.code)
        text = AUTOLINK.sub(lambda m: self.keep(self.anchor(m[1], html.escape(m[1].removeprefix("mailto:")))), text)
        text = IMAGE.sub(self.image, text)
        text = LINK.sub(self.link, text)
        text = BREAK.sub(lambda m: self.keep("<br>") + "\n", text)
        return self.emphasize(html.escape(text, quote=False))

    def emphasize(self, text: str) -> str:
        """From the outside in, each pair kept as a whole, so that tags can never overlap."""
        for pattern, tags in PAIRS:
            text = pattern.sub(lambda m, tags=tags: self.keep(tags.format(self.emphasize(m[1] or m[2]))), text)
        return text

    def keep(self, made: str) -> str:
        self.kept.append(made)
        return f"\x00{len(self.kept) - 1}\x00"

    def put_back(self, text: str) -> str:
        while KEPT.search(text):
            text = KEPT.sub(lambda m: self.kept[int(m[1])], text)
        return text

    def code(self, match: re.Match[str]) -> str:
        inner = match[2].replace("\n", " ")
        if inner.strip() and inner.startswith(" ") and inner.endswith(" "):
            inner = inner[1:-1]
        return self.keep(f"<code>{html.escape(inner, quote=False)}</code>")

    def image(self, match: re.Match[str]) -> str:
        source = html.escape(self.address(match[2] or match[3] or ""))
        words = html.escape(self.words(match[1]))
        title = f' title="{html.escape(self.words(match[4]))}"' if match[4] else ""
        return self.keep(f'<img src="{source}" alt="{words}"{title} loading="lazy">')

    def link(self, match: re.Match[str]) -> str:
        title = self.words(match[4]) if match[4] else ""
        return self.keep(self.anchor(match[2] or match[3] or "", self.mark_up(match[1]), title))

    def anchor(self, address: str, inner: str, title: str = "") -> str:
        attribute = f' title="{html.escape(title)}"' if title else ""
        return f'<a href="{html.escape(self.address(address))}"{attribute}>{inner}</a>'

    def address(self, written: str) -> str:
        """Where it leads; `#` where the scheme could run a program in the reader's browser."""
        written = re.sub(r"[\x01-\x20\x7f]", "", html.unescape(self.words(written)))
        scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", written)
        if scheme and scheme[1].lower() not in SAFE_SCHEMES:
            return "#"
        return self.linker(written)

    def words(self, text: str) -> str:
        """As plain text: what was kept aside put back, without its tags."""
        return html.unescape(re.sub(r"<[^>]*>", "", self.put_back(text)))


def _outside_code(text: str, change: Callable[[str], str], code: Callable[[re.Match[str]], str]) -> str:
    r"""Code spans finished, and the rest changed; a backslash before a backtick keeps it from opening a span."""
    made, position = [], 0
    for match in CODE.finditer(text):
        if match.start() < position:
            continue
        before = text[position : match.start()]
        if (len(before) - len(before.rstrip("\\"))) % 2:
            continue
        made += [change(before), code(match)]
        position = match.end()
    return "".join(made) + change(text[position:])
