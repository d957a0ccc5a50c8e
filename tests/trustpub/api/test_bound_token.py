"""A publish token that is good for one archive (reference, d.5 and threat 28)."""

import hashlib
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from demo.issuer import LocalIssuer
from registry.models import Crate
from tests.cases import in_turn
from tests.ci import exchange, id_token, let_found, let_publish, publish_token
from tests.factories.archives import build_crate
from tests.factories.registry import make_crate
from tests.wire import nothing_happens, publish, refusal
from trustpub.actors import USED_UP
from trustpub.models import Issuer, PublisherCrate, PublishToken


@pytest.fixture
def shore(grant: PublisherCrate, alice: User, issuer: Issuer) -> Crate:
    crate = make_crate("Shore-Line", owner=alice)
    let_publish(crate, alice, issuer)
    return crate


def bind(name: str, version: str, crate: bytes = b"") -> dict[str, str]:
    return {"name": name, "vers": version, "cksum": hashlib.sha256(crate).hexdigest()}


def test_it_publishes_its_archive_and_no_other(shore: Crate, ci: LocalIssuer) -> None:
    crate = build_crate("tide", "1.2.3")
    bound = bind("tide", "1.2.3", crate)
    token = publish_token(ci, bind=bound)

    with nothing_happens():
        answers = [
            publish(token, "tide", "1.2.3", files={"src/lib.rs": b"// stolen"}),
            publish(token, "tide", "1.2.4"),
            publish(token, "Shore-Line", "1.2.3"),
            publish(token, "new-name", "1.2.3"),
        ]
    for answer in answers:
        error = refusal(answer, 403)
        assert error["code"] == "token_bound_to_another_archive"
        assert error["bound"] == bound
        assert "tide@1.2.3" in error["detail"]
    assert publish(token, "tide", "1.2.3", crate=crate).status_code == 200


def test_the_archive_is_not_opened_for_a_stolen_token(
    grant: PublisherCrate, ci: LocalIssuer
) -> None:
    token = publish_token(ci, bind=bind("tide", "1.2.3"))

    error = refusal(publish(token, "tide", "1.2.3", crate=b"not an archive"), 403)

    assert error["code"] == "token_bound_to_another_archive"
    assert error["received"]["cksum"] == hashlib.sha256(b"not an archive").hexdigest()


def test_another_spelling_of_the_name_is_the_same_crate(shore: Crate, ci: LocalIssuer) -> None:
    crate = build_crate("Shore-Line", "1.0.0")
    token = publish_token(ci, bind=bind("shore_line", "1.0.0", crate))

    assert publish(token, "Shore-Line", "1.0.0", crate=crate).status_code == 200


def test_its_one_upload_ends_it(grant: PublisherCrate, ci: LocalIssuer) -> None:
    crate = build_crate("tide", "1.2.3")
    token = publish_token(ci, bind=bind("tide", "1.2.3", crate))
    publish(token, "tide", "1.2.3", crate=crate)

    error = refusal(publish(token, "tide", "1.2.3", crate=crate), 403)

    assert error["code"] == "invalid_publish_token"
    used = PublishToken.objects.get()
    assert (used.revoked_because, used.use_count) == (USED_UP, 1)


def test_an_upload_that_fails_leaves_it_usable(grant: PublisherCrate, ci: LocalIssuer) -> None:
    crate = build_crate("tide", "1.2.3")
    token = publish_token(ci, bind=bind("tide", "1.2.3", crate))

    refusal(publish(token, "tide", "1.2.3", crate=crate[:-9]), 403)

    assert publish(token, "tide", "1.2.3", crate=crate).status_code == 200


def test_it_makes_a_pending_publisher_real(alice: User, issuer: Issuer, ci: LocalIssuer) -> None:
    for name in ("fresh", "fresh-macros"):
        let_found(name, alice, issuer)
    crate = build_crate("fresh", "0.1.0")
    token = publish_token(ci, bind=bind("fresh", "0.1.0", crate))

    refusal(publish(token, "fresh-macros"), 403)
    assert publish(token, "fresh", crate=crate).status_code == 200


def test_the_answer_and_the_audit_log_say_what_it_is_for(shore: Crate, ci: LocalIssuer) -> None:
    bound = bind("tide", "1.2.3")

    answer = exchange(id_token(ci), bind=bound).json()

    assert (answer["bind"], answer["crates"]) == (bound, ["tide"])
    assert AuditEvent.objects.get(name="exchange.granted").after["bind"] == bound


def test_a_token_without_a_binding_is_not_used_up(grant: PublisherCrate, ci: LocalIssuer) -> None:
    token = publish_token(ci)

    assert exchange(id_token(ci)).json()["bind"] is None
    for version in ("1.0.0", "1.0.1"):
        assert publish(token, "tide", version).status_code == 200


def test_a_binding_must_be_covered(shore: Crate, ci: LocalIssuer) -> None:
    refusal(exchange(id_token(ci), bind=bind("other", "1.0.0")), 403)


def test_a_binding_outside_of_the_asked_crates_is_refused(shore: Crate, ci: LocalIssuer) -> None:
    error = refusal(exchange(id_token(ci), bind=bind("tide", "1.0.0"), crates=["shore-line"]), 400)

    assert error["code"] == "invalid_request"


@in_turn(
    "wrong",
    [
        "tide@1.0.0",
        [],
        {},
        {"name": "tide", "vers": "1.0.0"},
        {"name": "", "vers": "1.0.0", "cksum": "0" * 64},
        {"name": "t" * 65, "vers": "1.0.0", "cksum": "0" * 64},
        {"name": "tide\0", "vers": "1.0.0", "cksum": "0" * 64},
        {"name": "tide", "vers": "", "cksum": "0" * 64},
        {"name": "tide", "vers": "1" * 151, "cksum": "0" * 64},
        {"name": "tide", "vers": 1, "cksum": "0" * 64},
        {"name": "tide", "vers": "1.0.0", "cksum": "0" * 63},
        {"name": "tide", "vers": "1.0.0", "cksum": "A" * 64},
        {"name": "tide", "vers": "1.0.0", "cksum": None},
    ],
)
def test_a_binding_that_names_no_archive_is_refused(
    grant: PublisherCrate, ci: LocalIssuer, wrong: Any
) -> None:
    jwt = id_token(ci)

    assert refusal(exchange(jwt, bind=wrong), 400)["code"] == "invalid_request"
    # The ID token was not burnt by it.
    assert exchange(jwt).status_code == 200
