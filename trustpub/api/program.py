"""GET …/cargo_credential_waybill.py: the credential provider, for CI jobs to fetch."""

from datetime import UTC, datetime

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.views.decorators.http import condition, require_safe


def _modified(request: HttpRequest) -> datetime:
    return datetime.fromtimestamp(settings.CREDENTIAL_PROGRAM.stat().st_mtime, UTC)


@require_safe
@condition(last_modified_func=_modified)
def program(request: HttpRequest) -> FileResponse:
    """As it is in this version of the registry; a job may compare its check sum."""
    return FileResponse(
        settings.CREDENTIAL_PROGRAM.open("rb"),
        as_attachment=True,
        content_type="text/x-python; charset=utf-8",
    )
