"""Markdown to HTML: blocks here, what stands inside a line in inline.py.

Headings, paragraphs, fenced code, quotes, nested lists, tables, rules, links, images, emphasis, code. HTML in the text
is shown as text, never passed through: what a page can do is decided by the layout alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from blog.inline import Linker, plain_text, render_inline

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)\s*$")
HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
RULE = re.compile(r"^ {0,3}([-*_])(?:\s*\1){2,}\s*$")
QUOTE = re.compile(r"^ {0,3}> ?")
ITEM = re.compile(r"^( {0,3})([-*+]|\d{1,9}[.)])(\s+)(?=\S)")
TABLE_LINE = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
CELL = re.compile(r"(?<!\\)\|")


def to_html(text: str, linker: Linker = lambda address: address) -> str:
    """The text as HTML; `linker` maps addresses. `#` becomes <h2>, as `##` does: <h1> is the title of the page."""
    return Blocks(linker).render(text.expandtabs(4).splitlines())


class Blocks:
    """Renders the blocks of one text, and keeps its heading ids apart."""

    def __init__(self, linker: Linker) -> None:
        self.linker = linker
        self.ids: dict[str, int] = {}

    def render(self, lines: list[str], tight: bool = False) -> str:
        parts = []
        position = 0
        while position < len(lines):
            if not lines[position].strip():
                position += 1
                continue
            block = self.block_at(lines[position], lines[position + 1 : position + 2])
            made, position = block(lines, position) if block else self.paragraph(lines, position, tight)
            parts.append(made)
        return "\n".join(parts)

    def block_at(self, line: str, following: list[str]) -> Callable[[list[str], int], tuple[str, int]] | None:
        """What starts with this line; None for a paragraph."""
        if FENCE.match(line):
            return self.code
        if HEADING.match(line):
            return self.heading
        if RULE.match(line):
            return self.rule
        if QUOTE.match(line):
            return self.quote
        if ITEM.match(line):
            return self.list
        if "|" in line and following and TABLE_LINE.match(following[0]) and _cells(line) == _cells(following[0]):
            return self.table
        return None

    def paragraph(self, lines: list[str], start: int, tight: bool) -> tuple[str, int]:
        end = start + 1
        while end < len(lines) and lines[end].strip() and not self.block_at(lines[end], lines[end + 1 : end + 2]):
            end += 1
        inner = self.inline("\n".join(line.lstrip() for line in lines[start:end]).rstrip())
        return (inner if tight else f"<p>{inner}</p>"), end

    def heading(self, lines: list[str], start: int) -> tuple[str, int]:
        match = HEADING.match(lines[start])
        assert match
        level = max(2, len(match[1]))
        return f'<h{level} id="{self.new_id(match[2])}">{self.inline(match[2])}</h{level}>', start + 1

    def new_id(self, title: str) -> str:
        slug = re.sub(r"[^\w]+", "-", plain_text(title).lower()).strip("-") or "section"
        self.ids[slug] = self.ids.get(slug, 0) + 1
        return slug if self.ids[slug] == 1 else f"{slug}-{self.ids[slug]}"

    def rule(self, lines: list[str], start: int) -> tuple[str, int]:
        return "<hr>", start + 1

    def code(self, lines: list[str], start: int) -> tuple[str, int]:
        match = FENCE.match(lines[start])
        assert match
        fence, language = match[1], match[2]
        end = start + 1
        while end < len(lines) and not re.match(rf"^ {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}\s*$", lines[end]):
            end += 1
        content = html.escape("\n".join(lines[start + 1 : end]), quote=False)
        attribute = f' class="language-{html.escape(language)}"' if language else ""
        return f'<pre tabindex="0"><code{attribute}>{content}\n</code></pre>', end + 1

    def quote(self, lines: list[str], start: int) -> tuple[str, int]:
        end = start
        while end < len(lines) and lines[end].strip() and (QUOTE.match(lines[end]) or not ITEM.match(lines[end])):
            end += 1
        inner = self.render([QUOTE.sub("", line) for line in lines[start:end]])
        return f"<blockquote>\n{inner}\n</blockquote>", end

    def list(self, lines: list[str], start: int) -> tuple[str, int]:
        first = ITEM.match(lines[start])
        assert first
        ordered = first[2][0].isdigit()
        items, end, loose = _items(lines, start, ordered)
        tag = "ol" if ordered else "ul"
        number = int(first[2][:-1]) if ordered else 1
        opening = f'<ol start="{number}">' if number != 1 else f"<{tag}>"
        made = [f"<li>{self.render(item, tight=not loose)}</li>" for item in items]
        return "\n".join([opening, *made, f"</{tag}>"]), end

    def table(self, lines: list[str], start: int) -> tuple[str, int]:
        aligns = [_align(cell) for cell in _split(lines[start + 1])]
        end = start + 2
        while end < len(lines) and lines[end].strip() and "|" in lines[end]:
            end += 1
        head = self.row(lines[start], "th", aligns)
        body = "\n".join(self.row(line, "td", aligns) for line in lines[start + 2 : end])
        made = f"<table>\n<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        return f'<div class="table" role="region" aria-label="Table" tabindex="0">\n{made}\n</div>', end

    def row(self, line: str, tag: str, aligns: list[str]) -> str:
        cells = [cell.replace("\\|", "|") for cell in _split(line)][: len(aligns)]
        cells += [""] * (len(aligns) - len(cells))
        scope = ' scope="col"' if tag == "th" else ""
        made = (f"<{tag}{scope}{align}>{self.inline(cell)}</{tag}>" for cell, align in zip(cells, aligns, strict=True))
        return f"<tr>{''.join(made)}</tr>"

    def inline(self, text: str) -> str:
        return render_inline(text, self.linker)


def _items(lines: list[str], start: int, ordered: bool) -> tuple[list[list[str]], int, bool]:
    """The lines of each item, without their indent; where the list ends; whether blank lines part its items."""
    items: list[list[str]] = []
    position, indent, loose, blank = start, 0, False, False
    while position < len(lines):
        line = lines[position]
        match = ITEM.match(line)
        own = len(line) - len(line.lstrip())
        if not line.strip():
            blank = True
        elif items and own >= indent:
            loose = loose or blank and not _opens_list(line[indent:])
            items[-1] += ([""] if blank else []) + [line[indent:]]
            blank = False
        elif match and match[2][0].isdigit() == ordered and not RULE.match(line):
            loose = loose or (blank and bool(items))
            indent = len(match[0]) if len(match[3]) <= 4 else len(match[1]) + len(match[2]) + 1
            items.append([line[indent:]])
            blank = False
        elif blank or match or HEADING.match(line) or FENCE.match(line) or QUOTE.match(line) or RULE.match(line):
            break
        else:
            items[-1].append(line.lstrip())  # a lazy continuation of the paragraph above
        position += 1
    return items, position, loose


def _opens_list(line: str) -> bool:
    return bool(ITEM.match(line))


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in CELL.split(line.strip().removeprefix("|").removesuffix("|"))]


def _cells(line: str) -> int:
    return len(_split(line))


def _align(cell: str) -> str:
    left, right = cell.startswith(":"), cell.endswith(":")
    name = "center" if left and right else "right" if right else "left" if left else ""
    return f' class="{name}"' if name else ""
