"""Checks of this machine and of what the environment says."""

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from adapters.addresses import is_loopback
from registry import storage
from registry.operations.checkup.finding import Finding, problem, warning, well

SHORTEST_KEY = 32
FEWEST_DIFFERENT_CHARACTERS = 10
GIGABYTE = 1024**3
OLDEST_SQLITE = (3, 34)


def is_public() -> bool:
    """Whether PUBLIC_URL leads to others than this machine."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    try:
        return host != "localhost" and not is_loopback(host)
    except ValueError:
        return True


def switches() -> Iterator[Finding]:
    if settings.DEBUG and is_public():
        yield problem(
            "DEBUG", "tracebacks with settings are shown on a public address", "set DEBUG=0"
        )
    elif settings.DEBUG:
        yield warning("DEBUG", "tracebacks are shown in the browser", "set DEBUG=0")
    else:
        yield well("DEBUG", "off")
    if settings.DEV_LOGIN and is_public():
        yield problem(
            "DEV_LOGIN", "anybody can sign in as anybody on a public address", "set DEV_LOGIN=0"
        )
    elif settings.DEV_LOGIN:
        yield warning("DEV_LOGIN", "anybody on this machine can sign in as anybody", "DEV_LOGIN=0")
    else:
        yield well("DEV_LOGIN", "off")
    if is_public() and not settings.GITHUB_LOGIN:
        yield warning(
            "sign-in",
            "nobody can sign in with GitHub",
            "set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET of an OAuth app",
        )


def secret_key() -> Iterator[Finding]:
    key = settings.SECRET_KEY
    if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_DIFFERENT_CHARACTERS:
        yield problem(
            "SECRET_KEY",
            "short enough to be guessed, and with it every session",
            "unset it for a generated one, or set 50 random characters; people sign in again",
        )
        return
    path = Path(settings.DATA_DIR) / "secret_key"
    if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield problem("SECRET_KEY", f"others can read {path}", f"chmod 600 {path}")
    else:
        yield well("SECRET_KEY", "long, and nobody else's")


def disk() -> Iterator[Finding]:
    places = {"DATA_DIR": Path(settings.DATA_DIR)}
    if (folder := storage.objects().local_path("crates")) is not None:
        places["storage"] = folder.parent
    for name, path in places.items():
        if not path.exists():
            continue
        usage = shutil.disk_usage(path)
        text = f"{usage.free / GIGABYTE:.1f} GB of {usage.total / GIGABYTE:.0f} free in {path}"
        remedy = "make room or move it to a larger disk; a full one refuses publishes"
        if usage.free < GIGABYTE / 4 or usage.free < usage.total / 100:
            yield problem(f"disk of {name}", text, remedy)
        elif usage.free < 2 * GIGABYTE or usage.free < usage.total / 20:
            yield warning(f"disk of {name}", text, remedy)
        else:
            yield well(f"disk of {name}", text)


def sqlite_library() -> Iterator[Finding]:
    if connection.vendor != "sqlite":
        return
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield problem(
            "SQLite",
            f"version {sqlite3.sqlite_version} is older than 3.34",
            "use a Python with a newer SQLite, or PostgreSQL",
        )
    else:
        yield well("SQLite", f"version {sqlite3.sqlite_version}")
