"""Two owners who leave at once do not leave a crate to nobody, and a code counts once."""

import pytest
from django.core.cache import cache

from accounts.errors import InvalidInput, Refusal
from accounts.operations.second_factor import add_second_factor, check_code, new_secret
from registry.models import Ownership
from registry.operations.close_account import close_account
from tests.codes import code_now
from tests.factories.registry import make_crate, make_user
from tests.races.together import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_two_owners_who_leave_at_once_leave_one() -> None:
    anna, otto = make_user("anna"), make_user("otto")
    crate = make_crate("tide", owner=anna)
    Ownership.objects.create(crate=crate, user=otto)

    def leave(number: int) -> str:
        try:
            close_account(user=(anna, otto)[number])
        except Refusal as refusal:
            return refusal.code
        return "left"

    answers = at_once(2, leave)

    assert sorted(answers) == ["left", "sole_owner"]
    assert crate.ownerships.count() == 1


@pytest.mark.queries
@pytest.mark.usefixtures("standing_clock")
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_a_code_counts_once_however_often_it_is_sent_at_once(kind: str) -> None:
    cache.clear()
    user, secret = make_user("anna"), new_secret()
    now = code_now(secret)
    spare = add_second_factor(user=user, secret=secret, code=now)
    code = now if kind == "app" else spare[0]

    def use(number: int) -> bool:
        try:
            check_code(user=user, code=code)
        except InvalidInput:
            return False
        return True

    assert sum(at_once(4, use)) == 1
