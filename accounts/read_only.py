"""READ_ONLY: reads go on, and whoever wants to change something is told to come back."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts.errors import ReadOnly
from accounts.middleware import GetResponse, answer_refusal

READING = ("GET", "HEAD", "OPTIONS")
# Who has an account may sign in and look; a session is no change of the registry.
SIGNING_IN = (
    "/sign-in",
    "/sign-out",
    "/second-factor",
    "/dev-login/",
    "/accounts/",
    "/admin/login/",
)


class ReadOnlyMiddleware:
    """Answers every change with 503 before its body is read (crates-io-api reference, 7.5)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.READ_ONLY and _changes_something(request):
            return answer_refusal(request, ReadOnly())
        return self.get_response(request)


def _changes_something(request: HttpRequest) -> bool:
    return request.method not in READING and not request.path.startswith(SIGNING_IN)
