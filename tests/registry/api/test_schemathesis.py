"""Requests that schemathesis makes from our OpenAPI document, right ones and wrong ones.

What they add to test_document.py is combinations of parameters, bodies and odd encodings.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from accounts.operations.tokens import create_token
from tests import contract
from tests.cases import in_turn
from tests.registry.api.test_document import OPERATIONS, shore

__all__ = ["shore"]

pytestmark = [pytest.mark.once, pytest.mark.slow]
# Not whether what the document allows is taken: that a name is unknown is no fault of either.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# For each operation and kind of request; the whole suite has to stay quick.
EXAMPLES = 3
MOMENTS = (request_started, request_finished)


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    found = schemathesis.openapi.from_dict(contract.document())
    found.app = get_wsgi_application()
    return found


@pytest.fixture
def _one_connection(shore: Client) -> Iterator[None]:
    """Every request takes part in the transaction of its test, as those of Django's client do."""
    for moment in MOMENTS:
        moment.disconnect(close_old_connections)
    yield
    for moment in MOMENTS:
        moment.connect(close_old_connections)


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.timeout(300)
@in_turn(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described(
    schema: BaseSchema, alice: User, method: str, path: str
) -> None:
    token = create_token(user=alice, name="all").text

    for mode in _modes(contract.document()["paths"][path][method.lower()]):

        @given(case=schema[path][method].as_strategy(mode))
        @settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Case) -> None:
            case.call_and_validate(checks=CHECKS, headers={"Authorization": token})

        ask()


def _modes(operation: dict[str, Any]) -> list[GenerationMode]:
    """Where every text is as good as any other, there are no wrong requests to make."""
    parameters = [parameter["schema"] for parameter in operation.get("parameters", [])]
    can_be_wrong = any(schema != {"type": "string"} for schema in parameters)
    if can_be_wrong or "application/json" in operation.get("requestBody", {}).get("content", {}):
        return [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    return [GenerationMode.POSITIVE]
