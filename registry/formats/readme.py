"""A readme -> HTML that is safe on our own pages and asks no other host for anything.

Source: crates-io-api reference, 6.7.
"""

import html
import re
from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from registry.formats.errors import TooLarge

MAX_README_BYTES = 512 * 1024
# Nested tags cost the sanitiser the square of their number; 500 kB of nothing else, a minute.
MAX_RAW_TAGS = 5000
MARKDOWN_SUFFIXES = frozenset(
    {"", ".md", ".markdown", ".mdown", ".mdwn", ".mkd", ".mkdn", ".mkdown"}
)
# Keeps the readme's ids apart from those of the page around it.
ID_PREFIX = "user-content-"

_TAGS = set(
    "a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins "
    "kbd li ol p pre s samp small span strike strong sub summary sup table tbody td tfoot th "
    "thead tr tt u ul var".split()
)
_ATTRIBUTES = {
    "*": {"id", "title"},
    "a": {"href"},
    "code": {"class"},
    "details": {"open"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
}
_CODE_CLASS = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}")
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")


def render_readme(text: str, file_name: str) -> str:
    """GitHub-flavoured markdown by the ending of `file_name`; anything else as it stands.

    Images become links: a page must not make a reader's browser ask a third party. Raises
    TooLarge.
    """
    if len(text.encode()) > MAX_README_BYTES:
        raise TooLarge(f"the readme is too large (at most {MAX_README_BYTES} bytes are shown)")
    if PurePosixPath(file_name).suffix.lower() not in MARKDOWN_SUFFIXES:
        return _as_it_stands(text)
    markdown = _markdown()
    env: EnvType = {}
    tokens = markdown.parse(text, env)
    if _raw_tags(tokens) > MAX_RAW_TAGS:
        return _as_it_stands(text)
    return _sanitised(markdown.renderer.render(tokens, markdown.options, env))


def _as_it_stands(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


def _raw_tags(tokens: Sequence[Token]) -> int:
    """How many tags of HTML the author wrote, as opposed to markdown."""
    return sum(
        part.content.count("<")
        for token in tokens
        for part in (token, *(token.children or ()))
        if part.type in ("html_block", "html_inline")
    )


def _sanitised(untrusted: str) -> str:
    return nh3.clean(
        untrusted,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        link_rel="nofollow noopener noreferrer",
        url_schemes={"http", "https", "mailto"},
    )


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "id":
        return ID_PREFIX + value.removeprefix(ID_PREFIX)
    if attribute == "href":
        return _href(value.strip())
    if tag == "code" and attribute == "class":
        return value if _CODE_CLASS.fullmatch(value) else None
    return value


def _href(value: str) -> str | None:
    if value.startswith("#"):
        return f"#{ID_PREFIX}{value[1:].removeprefix(ID_PREFIX)}"
    # A relative link means a file of the repository; on this site it would lead astray.
    return value if _LINK.match(value) else None


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}, renderer_cls=_ReadmeRenderer).enable(
        ["table", "strikethrough"]
    )


class _ReadmeRenderer(RendererHTML):
    """Gives headings their ids, and writes images as links."""

    def heading_open(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
    ) -> str:
        seen: dict[str, int] = env.setdefault("slugs", {})
        slug = _NOT_IN_SLUG.sub("", tokens[at + 1].content.lower()).strip().replace(" ", "-")
        count = seen[slug] = seen.get(slug, -1) + 1
        tokens[at].attrSet("id", f"{slug}-{count}" if count else slug)
        return self.renderToken(tokens, at, options, env)

    def link_open(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
    ) -> str:
        env["in_link"] = True
        return self.renderToken(tokens, at, options, env)

    def link_close(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
    ) -> str:
        env["in_link"] = False
        return self.renderToken(tokens, at, options, env)

    def image(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        token: Any = tokens[at]
        source = str(token.attrs.get("src", ""))
        label = html.escape(self.renderInlineAsText(token.children, options, env) or "image")
        return label if env.get("in_link") else f'<a href="{html.escape(source)}">{label}</a>'
