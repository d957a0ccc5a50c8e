"""What every page may show of the installation."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "public_url": settings.PUBLIC_URL,
        "index_url": settings.INDEX_URL,
        "dev_login": settings.DEV_LOGIN,
        "github_login": settings.GITHUB_LOGIN,
        "oidc_login": settings.OIDC_LOGIN,
        "oidc_name": settings.OIDC_NAME,
    }
