import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt
import pytest

from demo.issuer import DISCOVERY_PATH, KEYS_PATH, OVERSIZE_BYTES, LocalIssuer
from tests.factories.id_tokens import AUDIENCE, signing_key
from trustpub.jwks import parse_key_set
from trustpub.jwt import VerifiedClaims
from trustpub.providers import provider_for


class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


OPENER = build_opener(_StayHere)


def get(address: str, authorization: str = "") -> bytes:
    body: bytes = OPENER.open(Request(address, headers={"Authorization": authorization})).read()
    return body


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer(key=signing_key()) as running:
        yield running


def test_its_documents_lead_to_the_key_of_its_tokens(issuer: LocalIssuer) -> None:
    discovery = json.loads(get(issuer.url + DISCOVERY_PATH))
    keys = parse_key_set(json.loads(get(discovery["jwks_uri"])))

    assert discovery["issuer"] == issuer.url
    assert list(keys.keys) == [issuer.key.kid]
    assert issuer.requests == {DISCOVERY_PATH: 1, KEYS_PATH: 1}


def test_an_enterprise_has_its_own_documents(issuer: LocalIssuer) -> None:
    discovery = json.loads(get(f"{issuer.url}/ferris-inc{DISCOVERY_PATH}"))

    assert discovery["issuer"] == f"{issuer.url}/ferris-inc"
    assert json.loads(get(discovery["jwks_uri"])) == issuer.key_set()


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_its_tokens_read_as_jobs(issuer: LocalIssuer, kind: str) -> None:
    claims = issuer.github_claims(AUDIENCE) if kind == "github" else issuer.gitlab_claims(AUDIENCE)

    workload = provider_for(kind).read(VerifiedClaims(claims), issuer.url)

    assert workload.repository.endswith("/tidepool")


def test_overrides_replace_and_remove_claims(issuer: LocalIssuer) -> None:
    claims = issuer.github_claims(AUDIENCE, environment=None, run_id="7", aud=["a", "b"])

    assert "environment" not in claims
    assert (claims["run_id"], claims["aud"]) == ("7", ["a", "b"])


def test_a_job_asks_for_its_token_as_on_a_runner(issuer: LocalIssuer) -> None:
    issuer.job_claims = {"run_id": "7"}
    variables = issuer.runner_environment()
    address = f"{variables['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=reg.example%3A8443"

    answer = json.loads(get(address, f"Bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"))

    claims = jwt.decode(answer["value"], options={"verify_signature": False})
    assert (claims["aud"], claims["run_id"]) == ("reg.example:8443", "7")
    with pytest.raises(HTTPError, match="401"):
        get(address, "Bearer wrong")


def test_rotation_withdraws_the_old_key_unless_told_to_keep_it(issuer: LocalIssuer) -> None:
    first = issuer.key

    second = issuer.rotate(keep_old=True)
    assert issuer.published == [first, second]

    third = issuer.rotate()
    assert issuer.published == [third]
    assert jwt.get_unverified_header(issuer.github_token(AUDIENCE))["kid"] == third.kid


def test_faults_can_be_switched_on_and_healed(issuer: LocalIssuer) -> None:
    keys = issuer.jwks_uri

    issuer.empty = True
    assert json.loads(get(keys)) == {"keys": []}
    issuer.oversize = True
    assert len(get(keys)) > OVERSIZE_BYTES
    issuer.broken_json = True
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(get(keys))
    issuer.redirect_to = "http://127.0.0.1:1/"
    with pytest.raises(HTTPError, match="302"):
        get(keys)
    issuer.heal()
    issuer.status = 503
    issuer.faulty_paths = frozenset({KEYS_PATH})
    with pytest.raises(HTTPError, match="503"):
        get(keys)
    assert json.loads(get(issuer.url + DISCOVERY_PATH))["issuer"] == issuer.url
