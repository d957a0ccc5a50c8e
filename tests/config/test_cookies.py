"""What browsers are told about our cookies; settings are made once, so each case is a process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import INHERITED, ROOT

NAMES = [
    f"{cookie}_COOKIE_{fact}"
    for cookie in ("SESSION", "CSRF")
    for fact in ("NAME", "SECURE", "HTTPONLY", "SAMESITE", "PATH", "DOMAIN")
]
SCRIPT = (
    "import django, json; from django.conf import settings; "
    f"print(json.dumps({{name: getattr(settings, name) for name in {NAMES}}}))"
)


def settings_with(folder: Path, public_url: str) -> dict[str, object]:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "PUBLIC_URL": public_url,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("public_url", "session", "csrf", "secure"),
    [
        ("https://reg.example", "__Host-session", "__Host-csrf", True),
        ("http://127.0.0.1:8000", "sessionid", "csrftoken", False),
    ],
)
def test_cookies_are_as_narrow_as_the_address_allows(
    tmp_path: Path, public_url: str, session: str, csrf: str, secure: bool
) -> None:
    found = settings_with(tmp_path, public_url)

    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == (session, csrf)
    assert (found["SESSION_COOKIE_SAMESITE"], found["CSRF_COOKIE_SAMESITE"]) == ("Lax", "Strict")
    for cookie in ("SESSION", "CSRF"):
        assert found[f"{cookie}_COOKIE_SECURE"] is secure
        assert found[f"{cookie}_COOKIE_HTTPONLY"] is True
        # What the prefix __Host- asks for.
        assert (found[f"{cookie}_COOKIE_PATH"], found[f"{cookie}_COOKIE_DOMAIN"]) == ("/", None)
