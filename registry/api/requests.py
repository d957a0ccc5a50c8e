"""What the registry's endpoints read from a request."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from accounts.errors import (
    AuthenticationRequired,
    BrowserOnly,
    InvalidInput,
    Refusal,
    TokenLacksPermission,
)
from accounts.models import ApiToken, User
from registry.actors import Actor, Person, TokenHolder
from registry.formats.errors import FormatError
from registry.formats.plain_data import InvalidData, check_strings
from registry.formats.semver import Version as Semver
from registry.models import Crate, Version
from registry.queries.lookup import crate_named, version_numbered

Kind = TypeVar("Kind", bound=object)
KIND_NAMES: dict[type, str] = {bool: "true, false", str: "a text", list: "a list"}


class WrongShape(Refusal):
    """JSON that parses but is not what the endpoint takes."""

    code = "wrong_shape"
    status = 422

    def __init__(self, problem: str) -> None:
        super().__init__(f"Failed to deserialize the JSON body into the target type: {problem}")


def is_plain_read(request: HttpRequest, *, with_query: bool = False) -> bool:
    """A GET by nobody in particular; of the address alone, unless parameters do no harm."""
    return (
        request.method == "GET"
        and (with_query or not request.META.get("QUERY_STRING"))
        and "HTTP_AUTHORIZATION" not in request.META
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
    )


def version_of(name: str, num: str) -> Version:
    """The version of an address; raises InvalidInput or NotFound."""
    _check_number(num)
    return version_numbered(crate_named(name), num)


def version_in(crate: Crate, num: str) -> Version:
    """As `version_of`, of a crate that is found already."""
    _check_number(num)
    return version_numbered(crate, num)


def actor_of(request: Request) -> Actor:
    """Whoever sent the request; raises AuthenticationRequired for nobody."""
    return acting(request.user, request.auth)


def acting(user: object, auth: object) -> Actor:
    """The same, of what authentication found."""
    if isinstance(auth, Actor):
        return auth
    if isinstance(auth, ApiToken):
        return TokenHolder(auth)
    if isinstance(user, User):
        return Person(user)
    raise AuthenticationRequired


def person_of(request: Request) -> User:
    """The caller of what no scope covers: signed in, or with a token without limits.

    Raises AuthenticationRequired or TokenLacksPermission (crates-io-api reference, 0.4).
    """
    actor = actor_of(request)
    if actor.user is None:
        raise AuthenticationRequired
    if actor.api_token and not actor.api_token.allows(None, None):
        raise TokenLacksPermission
    return actor.user


def browsing_person_of(request: Request) -> User:
    """The caller of what only a browser may do; raises AuthenticationRequired or BrowserOnly."""
    actor = actor_of(request)
    if actor.api_token or actor.user is None:
        raise BrowserOnly
    return actor.user


def query_text(request: Request, name: str) -> str | None:
    """A parameter that PostgreSQL can compare; raises InvalidInput."""
    text = request.query_params.get(name)
    if text is not None:
        _reject_nul(name, text)
    return text


def query_texts(request: Request, name: str) -> list[str] | None:
    """All values of a parameter that may be repeated, None without any; raises InvalidInput."""
    texts = request.query_params.getlist(name)
    for text in texts:
        _reject_nul(name, text)
    return texts or None


def query_number(request: Request, name: str) -> int | None:
    """An id; raises InvalidInput."""
    text = request.query_params.get(name)
    if text is None:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise InvalidInput(f"Failed to deserialize query string: {name}: must be a whole number")
    return int(text)


def json_object(request: Request) -> Mapping[str, Any]:
    """The body as a JSON object of texts that can be stored and repeated; raises WrongShape."""
    body = json_body(request)
    if not isinstance(body, dict):
        raise WrongShape("the body must be a JSON object")
    return body


def json_body(request: Request) -> object:
    """Any JSON whose texts can be stored and repeated; raises WrongShape."""
    try:
        body = request.data
        check_strings(body)
    except RecursionError:
        raise InvalidInput("the body is nested too deeply") from None
    except InvalidData as error:
        raise WrongShape(f"the body cannot be read: {error}") from None
    return body


def text_field(body: Mapping[str, Any], name: str, *, within: str = "") -> str:
    """A required text; raises WrongShape."""
    value = body.get(name)
    if not isinstance(value, str):
        raise WrongShape(f"`{within}{name}` must be a text")
    return value


def object_field(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A required object; raises WrongShape."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise WrongShape(f"the body must be a JSON object with `{name}`")
    return value


def optional(body: Mapping[str, Any], name: str, kind: type[Kind], within: str = "") -> Kind | None:
    """A value of this type, None where it is null or left out; raises WrongShape."""
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise WrongShape(f"`{within}{name}` must be {KIND_NAMES[kind]} or null")
    return value


def text_list(body: Mapping[str, Any], *names: str) -> list[str]:
    """A required list of texts under the first of the names that is there; raises WrongShape."""
    value = next((body[name] for name in names if name in body), None)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise WrongShape(f"`{names[0]}` must be a list of texts")
    return value


def _check_number(num: str) -> None:
    try:
        Semver.parse(num)
    except FormatError as error:
        raise InvalidInput(f"Invalid URL: {error}") from None


def _reject_nul(name: str, text: str) -> None:
    if "\0" in text:
        raise InvalidInput(f"parameter `{name}` cannot contain the NUL byte")
