"""Addresses of a CI system's own pages."""

from urllib.parse import quote


def web_link(base: str, *parts: str | None) -> str | None:
    """An address under `base`; each part may hold "/" and is quoted segment by segment."""
    if not all(parts):
        return None
    segments = "/".join(part for part in parts if part).split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        return None  # a browser would resolve these to another page
    return "/".join([base.rstrip("/"), *(quote(segment, safe="") for segment in segments)])
