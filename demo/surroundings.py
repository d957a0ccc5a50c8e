"""The environment variables that the demo's programs run with."""

import os
from collections.abc import Mapping
from dataclasses import fields

from config.environment import Environment

# Every field is named after its variable, except this one.
_OPERATOR = {field.name.upper() for field in fields(Environment)} | {"DATABASE_URL"}
_PREFIXES = ("CARGO_", "DJANGO_", "GIT_")
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


def clean_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Without what would lead the demo elsewhere: an operator's own registry, a proxy, a cargo."""
    here = os.environ if variables is None else variables
    return {
        **{name: value for name, value in here.items() if not _leads_elsewhere(name)},
        # A missing toolchain must not be downloaded in the middle of the story.
        "RUSTUP_AUTO_INSTALL": "0",
    }


def _leads_elsewhere(name: str) -> bool:
    return name in _OPERATOR or name.upper() in _PROXIES or name.startswith(_PREFIXES)
