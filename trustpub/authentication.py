"""Publish token -> request."""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts import token_text
from accounts.authentication import credentials_of
from accounts.token_text import TokenKind
from trustpub.actors import CiJob
from trustpub.errors import InvalidPublishToken
from trustpub.models import Issuer, PublishToken
from trustpub.queries.reach import still_stands


def publish_token_of(request: HttpRequest | Request) -> PublishToken | None:
    """The usable publish token of the request; None if it carries none by form.

    Raises MalformedCredentials or InvalidPublishToken.
    """
    text = credentials_of(request)
    if text is None or token_text.kind_of(text, settings.TOKEN_PREFIX) is not TokenKind.PUBLISH:
        return None
    token = (
        PublishToken.objects.usable()
        .filter(digest=token_text.digest(text), issuer__in=Issuer.objects.honoured())
        .select_related("issuer")
        .first()
    )
    if token is None or not settings.TRUSTED_PUBLISHING:
        raise InvalidPublishToken
    return token


def reading_token_of(request: HttpRequest | Request) -> PublishToken | None:
    """The same, for reading: also raises InvalidPublishToken once no rule stands behind it."""
    token = publish_token_of(request)
    if token and not still_stands(token):
        raise InvalidPublishToken
    return token


class PublishTokenReads(authentication.BaseAuthentication):
    """A usable publish token reads what everybody reads, as nobody in particular.

    Cargo sends it with each of its questions while it publishes. What asks for a person, and every
    change, stays closed to it.
    """

    def authenticate(self, request: Request) -> tuple[None, None] | None:
        if request.method not in SAFE_METHODS or reading_token_of(request) is None:
            return None
        return (None, None)


class PublishTokenAuthentication(authentication.BaseAuthentication):
    """`request.auth` becomes a CiJob; nobody is `request.user`."""

    def authenticate(self, request: HttpRequest | Request) -> tuple[AnonymousUser, CiJob] | None:
        token = publish_token_of(request)
        return (AnonymousUser(), CiJob(token)) if token else None
