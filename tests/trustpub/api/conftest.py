"""A running CI system, the registry's trust in it, and a crate that its job may publish."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import User
from demo.issuer import LocalIssuer
from registry.models import Crate
from tests import ci as ci_system
from tests.factories.id_tokens import signing_key
from tests.factories.registry import make_crate
from trustpub.models import Issuer, PublisherCrate
from trustpub.tasks import refresh_key_sets


@pytest.fixture(scope="session")
def _running_ci() -> Iterator[LocalIssuer]:
    with LocalIssuer(key=signing_key()) as running:
        yield running


@pytest.fixture
def ci(_running_ci: LocalIssuer) -> Iterator[LocalIssuer]:
    ci_system.reset(_running_ci)
    yield _running_ci
    ci_system.reset(_running_ci)


@pytest.fixture
def issuer(db: None, ci: LocalIssuer) -> Issuer:
    return ci_system.trusted(ci)


@pytest.fixture
def tide(alice: User) -> Crate:
    return make_crate("tide", owner=alice)


@pytest.fixture
def grant(alice: User, tide: Crate, issuer: Issuer) -> PublisherCrate:
    return ci_system.let_publish(tide, alice, issuer)


@pytest.fixture
def keys_by_the_clock(django_capture_on_commit_callbacks: Any) -> Callable[[], None]:
    """Loads issuers' keys as the clock does, with the jobs that it sends."""

    def refresh() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            refresh_key_sets()

    return refresh
