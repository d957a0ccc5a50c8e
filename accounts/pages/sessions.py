"""Where somebody is signed in, and what happened in their name."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.operations.sessions import end_session, end_sessions
from accounts.pages.private import SignedInRequest, private
from accounts.queries.security_log import log_page
from accounts.queries.sessions import listed_sessions
from accounts.sessions import digest

LONGEST_ID = 18


@private("GET", "HEAD")
def sessions(request: SignedInRequest) -> HttpResponse:
    listed = listed_sessions(request.user, _current(request))
    return render(request, "accounts/sessions.html", {"sessions": listed, "tab": "sessions"})


@private("POST")
def session_end(request: SignedInRequest) -> HttpResponse:
    end_session(user=request.user, session_key=request.POST.get("session", "")[:64])
    messages.success(request, "That browser is signed out.")
    return redirect("sessions")


@private("POST")
def session_end_all(request: SignedInRequest) -> HttpResponse:
    """Everywhere, or everywhere else."""
    if request.POST.get("keep") == "this":
        ended = end_sessions(user=request.user, but=_current(request))
        messages.success(
            request, f"Signed out of {ended} other session{'' if ended == 1 else 's'}."
        )
        return redirect("sessions")
    end_sessions(user=request.user)
    # The row is gone already; this takes the cookie away, too.
    request.session.flush()
    return redirect(settings.LOGOUT_REDIRECT_URL)


@private("GET", "HEAD")
def security_log(request: SignedInRequest) -> HttpResponse:
    text = request.GET.get("before", "")
    is_id = text.isascii() and text.isdigit() and len(text) <= LONGEST_ID
    page = log_page(request.user, before=int(text) if is_id else None)
    return render(
        request, "accounts/security_log.html", {"page": page, "is_first": not is_id, "tab": "log"}
    )


def _current(request: SignedInRequest) -> str:
    return digest(request.session.session_key or "")
