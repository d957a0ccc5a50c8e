"""CI jobs fetch the credential provider from the registry that they publish to."""

from pathlib import Path

import pytest
from pytest_django import Settings

from credential import cargo_credential_waybill
from tests.wire import send

ADDRESS = "/api/v1/trusted_publishing/cargo_credential_waybill.py"


@pytest.mark.parametrize("private", [False, True])
def test_it_is_the_file_itself_for_everybody(settings: Settings, private: bool) -> None:
    settings.AUTH_REQUIRED = private

    answer = send("GET", ADDRESS)

    assert answer.status_code == 200
    sent = b"".join(answer.streaming_content)
    assert sent == Path(cargo_credential_waybill.__file__).read_bytes()
    again = send("GET", ADDRESS, **{"If-Modified-Since": answer["Last-Modified"]})
    assert again.status_code == 304


def test_it_is_only_read(db: None) -> None:
    assert send("POST", ADDRESS).status_code == 405
