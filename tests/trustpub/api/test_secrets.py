"""No token of a job is in a log, in an error page or in the database (reference, a.13 and g)."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.test import Client
from pytest_django import Settings

from accounts.log_redaction import REDACTED, RedactingFormatter, RedactingReporter, redacted
from demo.issuer import LocalIssuer
from tests.ci import TOKENS, exchange, id_token, publish_token
from tests.factories.archives import build_crate, build_frame, metadata_for
from tests.wire import NEW, publish, send
from trustpub.models import PublisherCrate

PAGE = Client(raise_request_exception=False)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that anybody logs at any level, as it is before our formatter sees it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    quiet = [logging.getLogger(name) for name in ("django.request", "django.db.backends")]
    levels = [logger.level for logger in [root, *quiet]]
    root.addHandler(handler)
    for logger in [root, *quiet]:
        logger.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    for logger, level in zip([root, *quiet], levels, strict=True):
        logger.setLevel(level)


def hides(text: str, *secrets: str) -> None:
    for secret in secrets:
        # The payload alone would do for whoever wants to know the job.
        for part in (secret, *secret.split(".")):
            assert part not in text


def test_neither_token_is_logged_whatever_happens(
    grant: PublisherCrate, ci: LocalIssuer, log: io.StringIO, settings: Settings
) -> None:
    settings.DEBUG = True
    jwts = [
        id_token(ci),
        id_token(ci, environment="other"),
        id_token(ci, aud="elsewhere"),
        id_token(ci, event_name="pull_request_target"),
        id_token(ci, repository_id=None),
        id_token(ci)[:-4],
    ]
    token = exchange(jwts[0]).json()["token"]
    for jwt in jwts:
        exchange(jwt)
    exchange(jwts[0], bind="wrong")

    publish(token, "tide")
    publish(token, "other")
    publish(token + "x", "tide")
    send("GET", "/api/v1/me", token)
    send("DELETE", TOKENS, token)
    publish(token, "tide", "0.2.0")

    assert "INSERT INTO" in log.getvalue()
    hides(log.getvalue(), token, *jwts)


def broken(method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
    """With DEBUG the page of an error is Django's, which no document describes."""
    return PAGE.generic(method, path, body, "application/json", headers=headers)


@pytest.mark.parametrize("debug", [False, True])
def test_an_exchange_that_breaks_shows_no_token(
    grant: PublisherCrate, ci: LocalIssuer, log: io.StringIO, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug
    # Something that no code of ours expects.
    settings.AUDIENCES = None
    jwt = ci.github_token("reg.example")

    for accept in ("*/*", "application/json"):
        answer = broken("POST", TOKENS, json.dumps({"jwt": jwt}).encode(), {"Accept": accept})

        assert answer.status_code == 500
        hides(answer.content.decode(), jwt)
    assert "Traceback" in log.getvalue()
    hides(log.getvalue(), jwt)


@pytest.mark.parametrize("debug", [False, True])
def test_an_upload_that_breaks_shows_no_token(
    grant: PublisherCrate, ci: LocalIssuer, log: io.StringIO, settings: Settings, debug: bool
) -> None:
    token = publish_token(ci)
    settings.DEBUG = debug
    settings.STORAGE_URL = "file:///dev/null/storage"
    body = build_frame(metadata_for("tide", "0.1.0"), build_crate("tide", "0.1.0"))

    for accept in ("*/*", "application/json"):
        answer = broken("PUT", NEW, body, {"Accept": accept, "Authorization": f"Bearer {token}"})

        assert answer.status_code == 500
        hides(answer.content.decode(), token)
    assert "Traceback" in log.getvalue()
    hides(log.getvalue(), token)


def test_no_row_holds_one(grant: PublisherCrate, ci: LocalIssuer) -> None:
    granted, refused = id_token(ci), id_token(ci, environment="other")
    token = exchange(granted).json()["token"]
    exchange(refused)
    publish(token, "tide")

    rows: list[Any] = [row for model in apps.get_models() for row in model._default_manager.all()]

    hides(serializers.serialize("json", rows), token, granted, refused)


def test_nothing_personal_of_a_claim_is_kept(grant: PublisherCrate, ci: LocalIssuer) -> None:
    personal = {"actor": "mira-k", "user_email": "mira@example.org", "user_login": "mira-k"}
    exchange(id_token(ci, **personal))
    exchange(id_token(ci, environment="other", **personal))

    rows: list[Any] = [
        row for model in apps.get_app_config("trustpub").get_models() for row in model.objects.all()
    ]

    kept = serializers.serialize("json", rows)
    assert not [value for value in personal.values() if value in kept]


# --- The last net ---


def test_a_line_of_somebody_elses_is_redacted(ci: LocalIssuer, settings: Settings) -> None:
    jwt, token = ci.github_token("reg.example"), f"{settings.TOKEN_PREFIX}_tp_{'a1' * 23}"
    formatter = RedactingFormatter("%(levelname)s %(message)s")
    try:
        raise ValueError(f"cannot read {jwt}")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "got %s", (token,), (ValueError, error, None)
        )

    line = formatter.format(record)

    assert f"ERROR got {REDACTED}" in line
    assert f"cannot read {REDACTED}" in line


@pytest.mark.parametrize(
    "text",
    [
        "crate wbl_tp_short",
        "version 1.2.3 of some_crate_tp_x",
        json.dumps({"digest": "9f" * 32}),
        "eyJ is how a token begins",
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    assert redacted(text) == text


def test_the_variables_on_an_error_page_are_redacted(ci: LocalIssuer, settings: Settings) -> None:
    def careless(text: str, also: dict[str, str]) -> None:
        raise ValueError(f"cannot read {text}")

    jwt, token = ci.github_token("reg.example"), f"{settings.TOKEN_PREFIX}_tp_{'a1' * 23}"
    try:
        careless(jwt, {"found": token})
    except ValueError:
        reporter = RedactingReporter(None, *sys.exc_info())

    for page in (reporter.get_traceback_html(), reporter.get_traceback_text()):
        assert f"cannot read {REDACTED}" in page
        hides(page, jwt, token)
