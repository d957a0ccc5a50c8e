"""What every template keeps to, so that no page has to be tried for it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent / "templates"
POST_FORM = re.compile(r"<form\b[^>]*\bmethod=\"post\".*?</form>", re.DOTALL)
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:")
# The link is the proof, in whatever browser or mail program it is followed (RFC 8058).
PROVEN_BY_LINK = {"registry/unsubscribe.html"}


def test_every_form_that_changes_something_carries_the_token() -> None:
    found = {
        name: [form for form in POST_FORM.findall(text) if "{% csrf_token %}" not in form]
        for name, text in templates().items()
    }

    assert {name for name, forms in found.items() if forms} == PROVEN_BY_LINK
    # None was overlooked.
    text = "".join(templates().values())
    assert len(POST_FORM.findall(text)) == text.count('method="post"') > 40


def test_no_script_and_no_style_is_inline() -> None:
    found = {name: INLINE.findall(text) for name, text in templates().items()}

    assert {name: parts for name, parts in found.items() if parts} == {}


def templates() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in ROOT.rglob("*.html")}
