"""Answers what programs ask most, past all that sessions, forms and pages need."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.module_loading import import_string

from accounts.middleware import GetResponse, answer_refusal, refusal_behind

Shortcut = Callable[[HttpRequest], HttpResponseBase | None]


class ShortcutMiddleware:
    """The first answer of settings.SHORTCUTS; without any the request goes on as all do.

    Whatever else judges requests is passed by only where it would let every one of them through.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.shortcuts: tuple[Shortcut, ...] = tuple(map(import_string, settings.SHORTCUTS))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _nobody_judges(request):
            for shortcut in self.shortcuts:
                answer = _answer_of(shortcut, request)
                if answer is not None:
                    return answer
        return self.get_response(request)


def _nobody_judges(request: HttpRequest) -> bool:
    return not (
        settings.AUTH_REQUIRED
        or settings.READ_ONLY
        or settings.REQUIRE_USER_AGENT
        # The line names the route, which nobody looks for here.
        or settings.LOG_REQUESTS
        or settings.SESSION_COOKIE_NAME in request.COOKIES
    )


def _answer_of(shortcut: Shortcut, request: HttpRequest) -> HttpResponseBase | None:
    try:
        answer = shortcut(request)
    except Exception as error:
        refusal = refusal_behind(error)
        if refusal is None:
            raise
        answer = answer_refusal(request, refusal)
    if isinstance(answer, HttpResponse):
        # As the framework's own middleware does.
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
    return answer
