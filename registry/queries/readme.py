"""A version's readme as safe HTML, rendered once."""

from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from registry.formats.errors import TooLarge
from registry.formats.readme import render_readme
from registry.models import Version

# Raised whenever the renderer changes what it makes of a text.
RENDERER = 1
KEPT_SECONDS = 7 * 24 * 3600


def readme_of(version: Version) -> SafeString:
    """Empty where there is none, or none of a size that can be shown.

    The text of a version never changes, and a hostile one takes seconds to render.
    """
    if not version.readme:
        return SafeString("")
    key = f"readme:{RENDERER}:{version.pk}"
    html: str | None = cache.get(key)
    if html is None:
        html = _rendered(version)
        cache.set(key, html, KEPT_SECONDS)
    # render_readme lets no element or attribute through that it does not know as harmless.
    return mark_safe(html)


def _rendered(version: Version) -> str:
    try:
        return render_readme(version.readme, version.readme_file)
    except TooLarge:
        return ""
