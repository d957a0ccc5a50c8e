from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from demo.issuer import SigningKey
from tests.factories.id_tokens import (
    AUDIENCE,
    NOW,
    attacks,
    claims_of,
    issuer_of,
    segment,
    signing_key,
    stranger_key,
    token_text,
)
from trustpub.codes import ExchangeCode, Tier
from trustpub.jwks import PublicJwk, parse_key_set
from trustpub.jwt import (
    LEEWAY,
    TokenRefused,
    VerifiedClaims,
    read_unverified,
    replay_lifetime,
    verify,
)

ISSUED, EXPIRES = 1787400000, 1787400300
ATTACKS = attacks(claims_of("github"), signing_key())


def public(key: SigningKey, **members: object) -> PublicJwk:
    return next(iter(parse_key_set({"keys": [{**key.public_jwk(), **members}]}).keys.values()))


def check(
    text: str,
    *,
    key: PublicJwk | None = None,
    now: datetime = NOW,
    issuer: str = "https://token.actions.githubusercontent.com",
    audiences: Sequence[str] = (AUDIENCE,),
    algorithms: Sequence[str] = ("RS256",),
    max_lifetime: timedelta = timedelta(hours=1),
) -> VerifiedClaims:
    return verify(
        read_unverified(text),
        key=key or public(signing_key()),
        algorithms=algorithms,
        issuer=issuer,
        audiences=audiences,
        max_lifetime=max_lifetime,
        now=now,
    )


def refusal_of(text: str, **options: object) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        check(text, **options)  # type: ignore[arg-type]
    return caught.value


def changed(**changes: object) -> str:
    return token_text(claims_of("github", **changes))


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, NOW.tzinfo)


def test_it_gives_the_claims_of_an_honest_token() -> None:
    claims = check(token_text(claims_of("github")))

    assert claims == claims_of("github")
    assert not isinstance(claims, dict)


def test_an_unverified_token_shows_nothing_but_what_finds_the_key() -> None:
    token = read_unverified(token_text(claims_of("github")))

    shown = {name for name in dir(token) if not name.startswith("_")}
    assert shown == {"issuer", "kid", "algorithm", "replay_digest"}
    assert (token.issuer, token.algorithm) == (issuer_of("github"), "RS256")
    assert "tidepool" not in repr(token)


@pytest.mark.parametrize("name", ATTACKS)
def test_it_refuses_every_forgery_without_telling_anything(name: str) -> None:
    refused = refusal_of(ATTACKS[name])

    assert refused.code in (ExchangeCode.MALFORMED_TOKEN, ExchangeCode.INVALID_SIGNATURE)
    assert (refused.code.status, refused.code.tier) == (400, Tier.UNVERIFIED)
    assert "tidepool" not in refused.message
    assert ATTACKS[name] == "" or ATTACKS[name] not in refused.message
    assert refused.__cause__ is None


@given(st.text(max_size=200) | st.text("aAeyJ09-_=.{}", max_size=200))
def test_it_refuses_any_text_that_is_no_token(text: str) -> None:
    with pytest.raises(TokenRefused):
        read_unverified(text)


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=6))
def test_it_reads_any_header_and_payload_or_refuses(members: dict[str, object]) -> None:
    text = f"{segment({'alg': 'RS256', 'kid': 'k', **members})}.{segment(members)}.AAAA"

    try:
        token = read_unverified(text)
    except TokenRefused as refused:
        assert refused.code is ExchangeCode.MALFORMED_TOKEN
    else:
        assert token.issuer == members["iss"]


def test_a_token_of_exactly_the_limit_is_read() -> None:
    payload = b'{"iss": "x"}'
    payload += b" " * (16 * 1024)
    room = 16 * 1024 - len(segment({"alg": "RS256", "kid": "k"})) - len(".." + "AAAA")
    fitting = segment(payload[: room * 3 // 4])
    text = f"{segment({'alg': 'RS256', 'kid': 'k'})}.{fitting}.AAAA"

    assert read_unverified(text).issuer == "x"
    assert len(text) > 16 * 1024 - 4


@pytest.mark.parametrize(
    ("longest", "made"),
    [
        (1024, lambda length: changed(iss="i" * length)),
        (
            256,
            lambda length: token_text({"iss": "x"}, header={"alg": "RS256", "kid": "k" * length}),
        ),
        (32, lambda length: token_text({"iss": "x"}, header={"alg": "A" * length, "kid": "k"})),
    ],
    ids=["issuer", "key id", "algorithm"],
)
def test_names_have_a_length(longest: int, made: Callable[[int], str]) -> None:
    for length in (1, longest):
        read_unverified(made(length))
    for length in (0, longest + 1):
        with pytest.raises(TokenRefused) as caught:
            read_unverified(made(length))
        assert caught.value.code is ExchangeCode.MALFORMED_TOKEN


@pytest.mark.parametrize("name", ["iss", "kid", "alg"])
@pytest.mark.parametrize("value", [None, 1, True, ["x"], {"x": "y"}])
def test_names_are_texts(name: str, value: object) -> None:
    header = {"alg": "RS256", "kid": "k"} | ({} if name == "iss" else {name: value})
    text = token_text({"iss": value if name == "iss" else "x"}, header=header)

    with pytest.raises(TokenRefused) as caught:
        read_unverified(text)
    assert caught.value.code is ExchangeCode.MALFORMED_TOKEN


@pytest.mark.parametrize("name", ["none", "None", "nOnE", "HS256", "hs512"])
def test_an_algorithm_without_a_public_key_is_refused_before_a_key_is_looked_for(name: str) -> None:
    with pytest.raises(TokenRefused, match="public-key algorithm"):
        read_unverified(token_text({"iss": "x"}, header={"alg": name, "kid": "k"}))


@pytest.mark.parametrize("audience", [[1], [None], [[AUDIENCE]], {"a": 1}, 1, [AUDIENCE, AUDIENCE]])
def test_what_is_no_single_text_is_no_audience(audience: object) -> None:
    assert "exactly one audience" in refusal_of(changed(aud=audience)).message


@pytest.mark.parametrize(
    ("expires", "code"),
    [
        (253370764800, ExchangeCode.UNEXPECTED_CLAIM),  # the year 9999
        (253370764799, ExchangeCode.TOKEN_TOO_LONG),
    ],
)
def test_times_end_with_the_calendar(expires: int, code: ExchangeCode) -> None:
    assert refusal_of(changed(exp=expires)).code is code


@pytest.mark.parametrize(
    ("minutes", "said"), [(60, "the 1 h accepted"), (90, "the 90 min accepted")]
)
def test_the_ceiling_is_told(minutes: int, said: str) -> None:
    refused = refusal_of(changed(exp=ISSUED + 9000), max_lifetime=timedelta(minutes=minutes))

    assert said in refused.message


@pytest.mark.parametrize("end", ["=", "==", "\n", " ", "+", ".", ""])
def test_a_signature_has_one_spelling(end: str) -> None:
    text = changed() if end else changed().rpartition(".")[0] + "."

    with pytest.raises(TokenRefused) as caught:
        read_unverified(text + end)
    assert caught.value.code is ExchangeCode.MALFORMED_TOKEN


def test_the_algorithm_comes_from_the_issuer_and_must_fit_the_key() -> None:
    claims = claims_of("github")
    head = {"kid": signing_key().kid}
    text = pyjwt.encode(claims, signing_key().private_key, algorithm="RS512", headers=head)

    assert refusal_of(text).code is ExchangeCode.MALFORMED_TOKEN
    bound = refusal_of(text, algorithms=("RS256", "RS512"))
    assert bound.code is ExchangeCode.INVALID_SIGNATURE
    assert check(text, algorithms=("RS512",), key=public(signing_key(), alg="RS512"))


def test_a_key_of_another_name_does_not_verify() -> None:
    key = public(signing_key(), kid="another")

    assert refusal_of(token_text(claims_of("github")), key=key).code == "invalid_signature"


def test_a_key_of_another_issuer_does_not_verify() -> None:
    key = public(stranger_key(), kid=signing_key().kid)

    assert refusal_of(token_text(claims_of("github")), key=key).code == "invalid_signature"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://token.actions.githubusercontent.com/",
        "https://Token.actions.githubusercontent.com",
        "https://token.actions.githubusercontent.com.evil.example",
        "http://token.actions.githubusercontent.com",
        "https://token.actions.githubusercontent.com/ferris-inc",
    ],
)
def test_the_issuer_is_compared_byte_for_byte(issuer: str) -> None:
    assert refusal_of(changed(iss=issuer)).code is ExchangeCode.WRONG_ISSUER


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE]])
def test_one_audience_is_accepted_as_text_and_as_list(audience: object) -> None:
    assert check(changed(aud=audience))


@pytest.mark.parametrize(
    "audience",
    [
        "other.example",
        AUDIENCE.upper(),
        f"{AUDIENCE}/",
        f"https://{AUDIENCE}",
        "",
        [],
        [AUDIENCE, "other.example"],
        [AUDIENCE, AUDIENCE],
        [[AUDIENCE]],
        {"aud": AUDIENCE},
        7,
    ],
)
def test_any_other_audience_is_refused(audience: object) -> None:
    refused = refusal_of(changed(aud=audience))

    assert refused.code is ExchangeCode.INVALID_AUDIENCE
    assert f'"{AUDIENCE}"' in refused.message


def test_no_configured_audience_accepts_nobody() -> None:
    assert refusal_of(changed(), audiences=()).code is ExchangeCode.INVALID_AUDIENCE


@pytest.mark.parametrize("name", ["aud", "exp", "iat"])
def test_the_required_claims_are_required(name: str) -> None:
    refused = refusal_of(changed(**{name: None}))

    assert refused.code is ExchangeCode.MISSING_CLAIM
    assert f'"{name}"' in refused.message


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [True, 1787400200.0, "1787400200", -1, 0, 10**400, [1], {}])
def test_times_are_whole_numbers(name: str, value: object) -> None:
    assert refusal_of(changed(**{name: value})).code is ExchangeCode.UNEXPECTED_CLAIM


def test_a_null_nbf_is_not_an_absent_one() -> None:
    text = token_text({**claims_of("github"), "nbf": None})

    assert refusal_of(text).code is ExchangeCode.UNEXPECTED_CLAIM


def test_an_absent_nbf_is_fine() -> None:
    assert check(changed(nbf=None))


def test_it_expires_when_the_leeway_is_over() -> None:
    end = EXPIRES + LEEWAY.total_seconds()

    assert check(changed(), now=at(end - 1))
    refused = refusal_of(changed(), now=at(end))
    assert refused.code is ExchangeCode.TOKEN_EXPIRED
    assert "2026-08-22 12:05:00 UTC" in refused.message
    assert "2026-08-22 12:06:00 UTC" in refused.message
    assert refused.message.count(" UTC") == 4  # iat, nbf, exp and ours


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_it_may_start_no_later_than_the_leeway(name: str) -> None:
    start = int(NOW.timestamp() + LEEWAY.total_seconds())

    assert check(changed(**{name: start}))
    refused = refusal_of(changed(**{name: start + 1}))
    assert refused.code is ExchangeCode.TOKEN_NOT_YET_VALID
    assert "our clock shows 2026-08-22 12:01:00 UTC" in refused.message


@pytest.mark.parametrize("expires", [ISSUED, ISSUED - 1])
def test_it_must_end_after_it_was_issued(expires: int) -> None:
    assert refusal_of(changed(exp=expires)).code is ExchangeCode.UNEXPECTED_CLAIM


def test_it_may_live_as_long_as_the_ceiling_and_no_longer() -> None:
    assert check(changed(exp=ISSUED + 3600))
    assert refusal_of(changed(exp=ISSUED + 3601)).code is ExchangeCode.TOKEN_TOO_LONG


def test_one_issued_longer_ago_than_the_ceiling_is_refused() -> None:
    long_ago = int(NOW.timestamp()) - 3600 - 61

    refused = refusal_of(changed(iat=long_ago, exp=int(NOW.timestamp()) + 60))

    assert refused.code is ExchangeCode.TOKEN_TOO_LONG


def test_a_used_token_is_remembered_longer_than_it_could_be_accepted() -> None:
    claims = check(changed())
    last_accepted = at(EXPIRES) + LEEWAY - timedelta(seconds=1)

    assert check(changed(), now=last_accepted)
    assert replay_lifetime(claims) == at(EXPIRES) + LEEWAY + timedelta(seconds=60)
    assert replay_lifetime(claims) > last_accepted


def test_a_second_valid_signature_does_not_make_a_token_new() -> None:
    private_key = ec.generate_private_key(ec.SECP256R1())
    jwk = {**pyjwt.algorithms.ECAlgorithm.to_jwk(private_key.public_key(), as_dict=True)}
    key = parse_key_set({"keys": [{**jwk, "kid": "e"}]}).keys["e"]
    text = pyjwt.encode(claims_of("github"), private_key, algorithm="ES256", headers={"kid": "e"})
    twin = _with_complementary_s(text)

    assert twin != text
    assert check(text, key=key, algorithms=("ES256",)) == check(
        twin, key=key, algorithms=("ES256",)
    )
    assert read_unverified(text).replay_digest == read_unverified(twin).replay_digest


def _with_complementary_s(text: str) -> str:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, _ = text.rpartition(".")
    raw = pyjwt.utils.base64url_decode(text.rpartition(".")[2])
    first, second = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    return f"{signed}.{segment(first.to_bytes(32) + (order - second).to_bytes(32))}"


def test_verified_claims_can_not_be_changed_and_do_not_print_themselves() -> None:
    claims = check(changed())

    with pytest.raises(TypeError):
        claims["repository"] = "stranger/tidepool"  # type: ignore[index]
    assert "mira-k" not in repr(claims)
