"""Puts the style sheets, one file per component, into the one file that a page asks for."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

from adapters.atomic_file import write_atomically

NAME = "css/site.css"
# It sets the order of the layers; among the others the order does not matter.
FIRST = "global.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# No string of ours holds any of these.
_AROUND_MARKS = re.compile(r"\s*([{};,])\s*")
_AFTER_COLON = re.compile(r":\s+")


class BundleFinder(BaseFinder):
    """Finds NAME, made of `settings.STYLES_DIR`, which it keeps in `settings.BUNDLE_DIR`."""

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path != NAME:
            return []
        found = str(_written())
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        _written()
        yield NAME, FileSystemStorage(location=settings.BUNDLE_DIR)


def bundled(folder: Path) -> str:
    """All style sheets of a folder without comments and needless blanks."""
    sheets = sorted(folder.glob("*.css"), key=lambda path: (path.name != FIRST, path.name))
    text = "\n".join(path.read_text() for path in sheets)
    shorter = _AROUND_MARKS.sub(r"\1", _COMMENT.sub("", text))
    return _AFTER_COLON.sub(":", shorter).strip() + "\n"


def _written() -> Path:
    """Only anew if a style sheet changed: its time is a validator."""
    target = Path(settings.BUNDLE_DIR) / NAME
    text = bundled(Path(settings.STYLES_DIR)).encode()
    if not target.exists() or target.read_bytes() != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, text)
    return target
