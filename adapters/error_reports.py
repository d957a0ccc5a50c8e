"""Reports errors to a Sentry server, if the operator names one; nothing secret goes along.

The library is optional: `sentry-sdk`, the extra `sentry`.
"""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

# Of a request, only what says which view failed.
KEPT_OF_A_REQUEST = ("method", "url")


def can_report() -> bool:
    """Whether the library is installed."""
    return importlib.util.find_spec("sentry_sdk") is not None


def start_reporting(
    dsn: str, *, redacted: Callable[[str], str], request_id: Callable[[], str]
) -> None:
    """From here on every logged error and every exception that nobody caught is sent there."""

    def scrub(event: dict[str, Any], hint: object) -> dict[str, Any]:
        event.pop("user", None)
        event.pop("breadcrumbs", None)
        if request := event.get("request"):
            event["request"] = {name: request.get(name, "") for name in KEPT_OF_A_REQUEST}
        event.setdefault("tags", {})["request_id"] = request_id()
        # The arguments of jobs are ids, but nobody has to know whose.
        event.get("extra", {}).pop("celery-job", None)
        clean: dict[str, Any] = _each_text(event, redacted)
        return clean

    sdk = importlib.import_module("sentry_sdk")
    sdk.init(
        dsn,
        before_send=scrub,
        before_breadcrumb=lambda crumb, hint: None,
        # A frame's variables hold tokens and bodies.
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
        auto_session_tracking=False,
        # Otherwise half a request is looked for in every module that is installed.
        auto_enabling_integrations=False,
        integrations=[
            importlib.import_module("sentry_sdk.integrations.django").DjangoIntegration(),
            importlib.import_module("sentry_sdk.integrations.celery").CeleryIntegration(),
        ],
    )


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_text(below, change) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(below, change) for below in value]
    return value
