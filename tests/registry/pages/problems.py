"""The site's addresses, and one for each thing that can go wrong: /problem/STATUS."""

from typing import Never

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.urls import path

from accounts.errors import Refusal
from config import urls

STATUSES = (400, 401, 403, 404, 409, 410, 429, 500, 503)
BY_DJANGO = {400: SuspiciousOperation, 403: PermissionDenied, 404: Http404, 500: RuntimeError}


def problem(request: HttpRequest, status: int) -> Never:
    if status in BY_DJANGO:
        raise BY_DJANGO[status]
    refusal = Refusal("the form came too late: try again in a minute")
    refusal.status = status
    raise refusal


handler400 = urls.handler400
handler403 = urls.handler403
handler404 = urls.handler404
handler500 = urls.handler500
urlpatterns = [*urls.urlpatterns, path("problem/<int:status>", problem)]
