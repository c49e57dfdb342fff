"""The converter: what each piece of Markdown becomes."""

from __future__ import annotations

import random
import unittest

import page as pages
from blog.markdown import to_html

PIECES = (
    *("*", "**", "_", "`", "```\n", "[", "](", ")", "!", "<", ">", "&", "\\", "\n", "\n\n", "- ", "1. ", "  ", "> "),
    *("# ", "|", "---", "a", "b c", '"', "'", "<b>", "</p>", "https://x.org", "\x00", "0", "é"),
)
KNOWN = {
    *("p", "em", "strong", "code", "pre", "a", "img", "br", "hr", "ul", "ol", "li", "blockquote", "div"),
    *("table", "thead", "tbody", "tr", "th", "td", "h2", "h3", "h4", "h5", "h6"),
}


class MarkdownCase(unittest.TestCase):
    def becomes(self, text: str, expected: str) -> None:
        self.assertEqual(to_html(text), expected)


class TestBlocks(MarkdownCase):
    def test_headings_start_below_the_page_title(self) -> None:
        self.becomes("# A\n## B ##\n### C", '<h2 id="a">A</h2>\n<h2 id="b">B</h2>\n<h3 id="c">C</h3>')

    def test_headings_of_one_name_get_ids_of_their_own(self) -> None:
        self.becomes("# A b!\n# A b", '<h2 id="a-b">A b!</h2>\n<h2 id="a-b-2">A b</h2>')

    def test_paragraphs_are_parted_by_empty_lines(self) -> None:
        self.becomes("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>")

    def test_two_spaces_or_a_backslash_break_a_line(self) -> None:
        self.becomes("one  \ntwo\\\nthree", "<p>one<br>\ntwo<br>\nthree</p>")

    def test_fenced_code_is_kept_to_the_letter(self) -> None:
        self.becomes(
            "```html\n<b>*no*</b>\n\n    x\n```",
            '<pre tabindex="0"><code class="language-html">&lt;b&gt;*no*&lt;/b&gt;\n\n    x\n</code></pre>',
        )

    def test_a_longer_fence_holds_a_shorter_one(self) -> None:
        self.becomes("````\n```\n````", '<pre tabindex="0"><code>```\n</code></pre>')

    def test_an_open_fence_ends_with_the_text(self) -> None:
        self.becomes("~~~\nx", '<pre tabindex="0"><code>x\n</code></pre>')

    def test_quotes_hold_blocks(self) -> None:
        self.becomes(
            "> one\n> - two\n\nthree",
            "<blockquote>\n<p>one</p>\n<ul>\n<li>two</li>\n</ul>\n</blockquote>\n<p>three</p>",
        )

    def test_rules(self) -> None:
        self.becomes("a\n\n---\n\n* * *", "<p>a</p>\n<hr>\n<hr>")

    def test_a_table_with_sides(self) -> None:
        self.becomes(
            "| a | b |\n| :- | -: |\n| `x\\|y` | <2> |\n| only |",
            '<div class="table" role="region" aria-label="Table" tabindex="0">\n<table>\n<thead>\n'
            '<tr><th scope="col" class="left">a</th><th scope="col" class="right">b</th></tr>\n</thead>\n<tbody>\n'
            '<tr><td class="left"><code>x|y</code></td><td class="right">&lt;2&gt;</td></tr>\n'
            '<tr><td class="left">only</td><td class="right"></td></tr>\n</tbody>\n</table>\n</div>',
        )

    def test_a_bar_alone_is_no_table(self) -> None:
        self.becomes("a | b\nc", "<p>a | b\nc</p>")


class TestLists(MarkdownCase):
    def test_tight(self) -> None:
        self.becomes("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>")

    def test_loose(self) -> None:
        self.becomes("- a\n\n- b", "<ul>\n<li><p>a</p></li>\n<li><p>b</p></li>\n</ul>")

    def test_nested(self) -> None:
        self.becomes(
            "- a\n  1. b\n  2. c\n- d", "<ul>\n<li>a\n<ol>\n<li>b</li>\n<li>c</li>\n</ol></li>\n<li>d</li>\n</ul>"
        )

    def test_numbers_start_where_they_say(self) -> None:
        self.becomes("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>')

    def test_a_line_that_runs_on_belongs_to_the_item(self) -> None:
        self.becomes("- a\nb\n\nc", "<ul>\n<li>a\nb</li>\n</ul>\n<p>c</p>")

    def test_another_kind_of_mark_starts_another_list(self) -> None:
        self.becomes("- a\n1. b", "<ul>\n<li>a</li>\n</ul>\n<ol>\n<li>b</li>\n</ol>")

    def test_code_inside_an_item(self) -> None:
        self.becomes(
            "- a\n\n  ```\n  x\n  ```", '<ul>\n<li><p>a</p>\n<pre tabindex="0"><code>x\n</code></pre></li>\n</ul>'
        )


class TestInline(MarkdownCase):
    def test_emphasis(self) -> None:
        self.becomes(
            "*a* **b** ***c*** _d_ __e__",
            "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em> <strong>e</strong></p>",
        )

    def test_emphasis_inside_emphasis(self) -> None:
        self.becomes("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>")

    def test_stars_that_mean_nothing(self) -> None:
        self.becomes("2 * 3 * 4 and snake_case_name", "<p>2 * 3 * 4 and snake_case_name</p>")

    def test_code_is_finished_first(self) -> None:
        self.becomes("`*a*` and ``b`c``", "<p><code>*a*</code> and <code>b`c</code></p>")

    def test_backslashes_take_the_meaning_away(self) -> None:
        self.becomes(r"\*a\* \`b\` \[c](d) \\", "<p>*a* `b` [c](d) \\</p>")

    def test_html_is_text(self) -> None:
        self.becomes("<script>x</script> & &amp;", "<p>&lt;script&gt;x&lt;/script&gt; &amp; &amp;amp;</p>")

    def test_links(self) -> None:
        self.becomes(
            '[a *b*](https://x.org/?q=1&r=2 "t \\"q\\"") <https://y.org>',
            '<p><a href="https://x.org/?q=1&amp;r=2" title="t &quot;q&quot;">a <em>b</em></a> '
            '<a href="https://y.org">https://y.org</a></p>',
        )

    def test_addresses_with_brackets_and_spaces(self) -> None:
        self.becomes("[a](/b_(c)) [d](</e f>)", '<p><a href="/b_(c)">a</a> <a href="/ef">d</a></p>')

    def test_images(self) -> None:
        self.becomes('![a "b"](/c.png)', '<p><img src="/c.png" alt="a &quot;b&quot;" loading="lazy"></p>')

    def test_a_picture_can_be_a_link(self) -> None:
        self.becomes("[![a](/b.png)](/c)", '<p><a href="/c"><img src="/b.png" alt="a" loading="lazy"></a></p>')

    def test_programs_are_no_links(self) -> None:
        for address in (
            "javascript:x",
            "JaVaScRiPt:x",
            "java\tscript:x",
            "&#106;avascript:x",
            "data:text/html,x",
            "vbscript:x",
        ):
            with self.subTest(address):
                self.assertIn('<a href="#">', to_html(f"[a](<{address}>)"))

    def test_addresses_cannot_leave_their_attribute(self) -> None:
        page = pages.parse(to_html('[a](/x"onclick="y) ![b](</c" onerror="d>)'))
        self.assertFalse([name for _, values in page.tags for name in values if name.startswith("on")])


class TestAnything(unittest.TestCase):
    def test_whatever_is_written_the_page_stays_whole(self) -> None:
        """Random text from the characters that mean something: no tag is ever left open, crossed or let through."""
        chance = random.Random(2026)
        for _ in range(1500):
            text = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 40)))
            page = pages.parse(to_html(text))
            self.assertEqual(page.faults, [], repr(text))
            self.assertLessEqual({tag for tag, _ in page.tags}, KNOWN, repr(text))
