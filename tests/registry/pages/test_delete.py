from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from registry.models import Crate, DeletedCrate
from tests.factories.registry import make_crate, make_dependency, make_version

pytestmark = pytest.mark.django_db
PAGE = "/crates/Tide/settings/delete"


@pytest.fixture
def tide(client: Client, alice: User) -> Crate:
    client.force_login(alice)
    crate = make_crate("Tide", owner=alice)
    make_version(crate)
    return crate


def test_the_name_is_typed_before_the_crate_goes(client: Client, tide: Crate) -> None:
    assert "its 1 version," in client.get(PAGE).content.decode()

    for typed in ("", "tide", "Tide2"):
        refused = client.post(PAGE, {"name": typed, "reason": "a <typo>"})
        assert refused.status_code == 400
        assert "Type the name as it is spelled: Tide" in refused.content.decode()
        assert 'value="a &lt;typo&gt;"' in refused.content.decode()
    assert Crate.objects.exists()

    answer = client.post(PAGE, {"name": " Tide ", "reason": "a\0 typo"}, follow=True)

    assert answer.redirect_chain == [("/dashboard", 302)]
    assert "Tide and all its versions are deleted." in answer.content.decode()
    assert not Crate.objects.exists()
    assert DeletedCrate.objects.get().message == "a typo"


def test_what_others_need_cannot_go(client: Client, tide: Crate) -> None:
    make_dependency(make_version(make_crate("moon")), "Tide")

    page = client.get(PAGE).content.decode()
    refused = client.post(PAGE, {"name": "Tide"})

    assert "moon@1.0.0 depends on this crate" in page
    assert "Type the crate" not in page
    assert refused.status_code == 422
    assert "moon@1.0.0 depends on this crate" in refused.content.decode()


def test_what_many_download_cannot_go(client: Client, tide: Crate) -> None:
    long_ago = timezone.now() - timedelta(days=10)
    Crate.objects.update(created_at=long_ago, downloads=1001)

    assert "less than 1000 downloads per month" in client.get(PAGE).content.decode()


def test_a_long_reason_is_refused(client: Client, tide: Crate) -> None:
    refused = client.post(PAGE, {"name": "Tide", "reason": "x" * 256})

    assert refused.status_code == 400
    assert "at most 255 characters" in refused.content.decode()
    assert Crate.objects.exists()
