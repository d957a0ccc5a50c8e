"""What allauth asks of us when somebody signs in with GitHub or the company's own provider."""

from functools import partial
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess, Provider
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import audit
from accounts.authentication import reject_locked
from accounts.errors import NotAllowed, ReadOnly
from accounts.models import GitHubToken, User
from accounts.operations.people import save_with_free_login, take_login

GITHUB = "github"
LONGEST_URL = 200


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up with a password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the page that follows shows who is signed in."""

    def get_login_stages(self) -> list[str]:
        """Our own, because allauth's for second factors cannot do without passkeys."""
        return ["accounts.pages.second_factor.SecondFactorStage"]

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        audit.record("session.started", actor=user, subject=user.login)
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """The GitHub id, or the provider's `sub`, decides whose account it is; never a name.

    Of GitHub's people login, name and addresses are kept up to date, of others all but the login.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    @transaction.atomic
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Finds an account that was made by `create_user --github-id`, and follows changes.

        Raises AccountLocked or NotAllowed for an account that may not sign in.
        """
        # allauth could also connect a second GitHub identity: a second key to the account.
        sociallogin.state["process"] = AuthProcess.LOGIN
        new = not sociallogin.is_existing and not settings.READ_ONLY
        if new and _is_github(sociallogin):
            known = User.objects.filter(github_id=int(sociallogin.account.uid)).first()
            if known:
                sociallogin.connect(request, known)
        holder: User | None = sociallogin.user if sociallogin.is_existing else None
        sociallogin.email_addresses = _trustworthy(sociallogin.email_addresses, holder)
        if settings.READ_ONLY:
            # Who is known may look around; nothing about them is refreshed.
            if holder is None:
                raise ReadOnly
            _reject_closed(holder)
            return
        if holder is None:
            # Set again from the addresses that are left.
            sociallogin.user.email = ""
        else:
            _reject_closed(holder)
            if _is_github(sociallogin):
                take_login(user=holder, login=sociallogin.account.extra_data["login"])
                GitHubToken.keep(holder, sociallogin.token.token)
            _copy_profile(holder, sociallogin)
            _add_addresses(holder, sociallogin.email_addresses)

    @transaction.atomic
    def save_user(
        self, request: HttpRequest, sociallogin: SocialLogin, form: object = None
    ) -> User:
        user: User = sociallogin.user
        user.set_unusable_password()
        if _is_github(sociallogin):
            take_login(user=user, login=sociallogin.account.extra_data["login"])
            user.github_id = int(sociallogin.account.uid)
            sociallogin.save(request)
            GitHubToken.keep(user, sociallogin.token.token)
        else:
            save_with_free_login(
                user, _wanted_login(sociallogin), partial(sociallogin.save, request)
            )
        _copy_profile(user, sociallogin)
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Provider,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> NoReturn:
        """Our own page; allauth's pages link to forms that this registry does not have."""
        cancelled = error == AuthError.CANCELLED
        page = render(
            request,
            "accounts/sign_in_failed.html",
            {"cancelled": cancelled, "provider": provider.name},
            status=200 if cancelled else 401,
        )
        raise ImmediateHttpResponse(page)


def _reject_closed(user: User) -> None:
    reject_locked(user)
    if not user.is_active:
        raise NotAllowed("This account was closed. Ask an administrator to open it again.")


def _is_github(sociallogin: SocialLogin) -> bool:
    return bool(sociallogin.account.provider == GITHUB)


def _wanted_login(sociallogin: SocialLogin) -> str:
    facts = _facts(sociallogin)
    return str(facts.get("preferred_username") or facts.get("email") or "").split("@")[0]


def _facts(sociallogin: SocialLogin) -> dict[str, Any]:
    """GitHub's answer, or the claims of a provider, which come in two parts."""
    data: dict[str, Any] = sociallogin.account.extra_data
    return (
        data
        if _is_github(sociallogin)
        else {**data.get("id_token", {}), **data.get("userinfo", {})}
    )


def _copy_profile(user: User, sociallogin: SocialLogin) -> None:
    facts = _facts(sociallogin)
    user.name = str(facts.get("name") or "").replace("\0", "")[:255]
    avatar = facts.get("avatar_url") or facts.get("picture") or ""
    user.avatar_url = avatar if isinstance(avatar, str) and len(avatar) <= LONGEST_URL else ""
    user.save(update_fields=["name", "avatar_url"])


def _trustworthy(addresses: list[EmailAddress], holder: User | None) -> list[EmailAddress]:
    """What GitHub verified and no other account here has.

    An address does not decide who somebody is: one that is taken neither opens that account nor
    keeps its GitHub namesake out.
    """
    kept = []
    for address in addresses:
        spelled = address.email.lower()
        # Anybody can give an address as their own; only the proof of it counts.
        proven = Q(emailaddress__email=spelled, emailaddress__verified=True)
        others = User.objects.filter(Q(email__iexact=spelled) | proven)
        if holder is not None:
            others = others.exclude(pk=holder.pk)
        if address.verified and not others.exists():
            kept.append(address)
    return kept


def _add_addresses(user: User, addresses: list[EmailAddress]) -> None:
    """Adds what was verified on GitHub since the last sign-in; nothing is taken away."""
    for address in addresses:
        known, is_new = EmailAddress.objects.get_or_create(
            user=user, email=address.email.lower(), defaults={"verified": True}
        )
        if not is_new and not known.verified:
            known.set_verified()
        if known.verified:
            known.set_as_primary(conditional=True)
