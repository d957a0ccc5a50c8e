"""Signing in without a password, on a developer's own machine only."""

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.authentication import reject_locked
from accounts.errors import NotFound, Refusal
from accounts.models import User
from accounts.pages.next_page import next_page, next_page_or_default

SHOWN_LOGINS = 20


class DevLoginForm(forms.Form):
    """Finds the account that the login names."""

    login = forms.CharField(max_length=64)

    def clean_login(self) -> User:
        name: str = self.cleaned_data["login"]
        user = User.objects.with_login(name)
        if user is None or not user.is_active:
            raise forms.ValidationError(
                f"There is no account `{name}`. Make one with: manage.py create_user {name}"
            )
        try:
            reject_locked(user)
        except Refusal as refusal:
            raise forms.ValidationError(refusal.detail) from None
        return user


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dev_login(request: HttpRequest) -> HttpResponse:
    """Answers 404 unless the operator asked for it, which HOST allows on loopback alone."""
    if not settings.DEV_LOGIN:
        raise NotFound
    form = DevLoginForm(request.POST or None)
    if form.is_valid():
        user: User = form.cleaned_data["login"]
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        audit.record("session.dev_login", actor=user, subject=user.login)
        return redirect(next_page_or_default(request))
    users = User.objects.filter(is_active=True).order_by("login")
    return render(
        request,
        "accounts/dev_login.html",
        {
            "form": form,
            "logins": users.values_list("login", flat=True)[:SHOWN_LOGINS],
            "next": next_page(request),
        },
        status=400 if form.is_bound else 200,
    )
