"""/docs: the manual's chapters for those who publish and read, as pages."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from registry.formats.readme import render_readme

FOLDER = settings.BASE_DIR / "docs"
CHAPTERS = {
    "Trusted publishing": (
        "trusted-publishing",
        "credential-provider",
        "attestations",
        "migrating-from-api-tokens",
        "threats",
    ),
    "CI systems": tuple(f"providers/{path.stem}" for path in sorted(FOLDER.glob("providers/*.md"))),
    "Reference": ("compatibility", "errors"),
}
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+\.md)(#[^)\s]*)?\)")
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One chapter; `slug` is its address below /docs/."""

    slug: str
    title: str
    text: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/index.html", {"chapters": _chapters()})


@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    if not any(slug in slugs for slugs in CHAPTERS.values()):
        raise Http404
    context = {"document": _document(slug), "html": _rendered(slug), "chapters": _chapters()}
    return render(request, "docs/document.html", context)


@cache
def _chapters() -> dict[str, list[Document]]:
    return {heading: [_document(slug) for slug in slugs] for heading, slugs in CHAPTERS.items()}


@cache
def _document(slug: str) -> Document:
    text = (FOLDER / f"{slug}.md").read_text()
    title = _TITLE.search(text)
    assert title, f"docs/{slug}.md has no title"
    return Document(slug, title[1].replace("`", ""), text)


@cache
def _rendered(slug: str) -> SafeString:
    folder = PurePosixPath(slug).parent
    text = _LINK.sub(lambda link: _led_to_page(link, folder), _document(slug).text)
    # render_readme lets no element or attribute through that it does not know as harmless.
    return mark_safe(render_readme(text, f"{slug}.md"))


def _led_to_page(link: re.Match[str], folder: PurePosixPath) -> str:
    """To the chapter's page; a link to what has no page loses its address."""
    parts: list[str] = []
    for part in (folder / link[1]).parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    slug = "/".join(parts).removesuffix(".md")
    if not any(slug in slugs for slugs in CHAPTERS.values()):
        return "]()"
    # The readme's renderer keeps whole addresses alone.
    fragment = f"#user-content-{link[2][1:]}" if link[2] else ""
    return f"]({settings.PUBLIC_URL}{reverse('document', args=[slug])}{fragment})"
