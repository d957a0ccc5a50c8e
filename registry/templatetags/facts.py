"""Template filters for what pages tell of crates: times, hashes, text from strangers."""

from datetime import UTC, datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from registry.formats import printable as forms
from registry.formats import urls
from registry.pictures.lines import Drawing, barcode

SHORT_HASH = 12
_RELATIVE_UNTIL = timedelta(days=30)

register = template.Library()


@register.filter
def when(at: datetime) -> SafeString:
    """How long ago or from now, or the date of what is further; the exact time on hovering."""
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%-d %B %Y, %H:%M:%S UTC"),
        _in_words(utc, timezone.now()),
    )


@register.filter
def number(count: int) -> str:
    """With a separator every three digits."""
    return f"{count:,}"


@register.filter
def bars_of(checksum: str) -> Drawing:
    """A SHA-256 as a picture that changes with every digit."""
    return barcode(checksum)


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of the sprite's; decoration, so words stand beside it."""
    sprite = static("img/icons.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', sprite, name
    )


@register.filter
def printable(text: object) -> str:
    """Not marked safe: the template escapes it as usual."""
    return forms.printable(str(text))


@register.filter
def prose(text: object) -> str:
    """Sentences by strangers; the template escapes them as usual."""
    return forms.without_steering(str(text))


@register.filter
def short_hash(text: object) -> str:
    """The first characters of a hash; the page has the whole of it nearby."""
    return forms.printable(str(text))[:SHORT_HASH]


@register.filter
def linkable(address: object) -> str:
    """The address if a page may link to it, else nothing."""
    return address if isinstance(address, str) and urls.is_shown(address) else ""


def _in_words(at: datetime, now: datetime) -> str:
    if abs(now - at) >= _RELATIVE_UNTIL:
        return at.strftime("%-d %b %Y")
    if at - now >= timedelta(minutes=1):
        return f"in {timeuntil(at, now, depth=1)}"
    if now - at < timedelta(minutes=1):
        return "just now"
    return f"{timesince(at, now, depth=1)} ago"
