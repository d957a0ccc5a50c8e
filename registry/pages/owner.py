"""A person or a team, and the crates that they own."""

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import User
from registry.pages.crate_list import crate_list_context
from registry.queries.crate_filters import CrateFilter, crates_matching
from registry.queries.owners import team_with_login


@require_safe
def user(request: HttpRequest, login: str) -> HttpResponse:
    # PostgreSQL refuses NUL in any parameter; no login has one.
    found = User.objects.with_login(login) if "\0" not in login else None
    if found is None or not found.is_active or found.quarantined_at:
        raise Http404
    if found.login != login:
        return redirect("user", found.login)
    wanted = CrateFilter(user_id=found.pk)
    context = crate_list_context(request, wanted) | {"person": found}
    return render(request, "registry/user.html", context | _downloads(wanted))


@require_safe
def team(request: HttpRequest, login: str) -> HttpResponse:
    found = team_with_login(login)
    wanted = CrateFilter(team_id=found.pk)
    context = crate_list_context(request, wanted) | {"team": found}
    return render(request, "registry/team.html", context | _downloads(wanted))


def _downloads(wanted: CrateFilter) -> dict[str, int]:
    return {"downloads": crates_matching(wanted).aggregate(all=Sum("downloads"))["all"] or 0}
