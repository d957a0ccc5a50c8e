import pytest
from django.conf import LazySettings

from registry.models import CrateLimits
from tests.factories.archives import build_crate, manifest_for
from tests.wire import nothing_happens, publish, refusal


def features(count: int) -> str:
    return manifest_for(extra="[features]\n" + "".join(f"f{n} = []\n" for n in range(count)))


def test_a_crate_has_at_most_300_features(alice_token: str) -> None:
    assert publish(alice_token, manifest=features(300)).status_code == 200


def test_one_feature_more_is_refused(alice_token: str) -> None:
    with nothing_happens():
        error = refusal(publish(alice_token, manifest=features(301)), 400)

    assert "300" in error["detail"]
    assert "301" in error["detail"]


def test_a_crate_may_be_allowed_more_features(alice_token: str) -> None:
    CrateLimits.objects.create(canonical_name="demo_crate", max_features=400, reason="generated")

    assert publish(alice_token, manifest=features(400)).status_code == 200


def test_winapi_has_its_limit_from_the_start(alice_token: str) -> None:
    assert publish(alice_token, "winapi", manifest=_winapi(350)).status_code == 200


def test_a_crate_may_be_allowed_a_larger_archive(alice_token: str, settings: LazySettings) -> None:
    settings.MAX_UPLOAD_BYTES = 100
    with nothing_happens():
        refusal(publish(alice_token), 413)
    CrateLimits.objects.create(canonical_name="demo_crate", max_upload_bytes=9999, reason="data")

    assert publish(alice_token).status_code == 200


def test_there_is_a_limit_on_dependencies(alice_token: str, settings: LazySettings) -> None:
    settings.MAX_DEPENDENCIES = 3
    text = manifest_for(extra="[dependencies]\n" + "".join(f'd{n} = "1"\n' for n in range(4)))

    with nothing_happens():
        error = refusal(publish(alice_token, manifest=text), 400)

    assert "3" in error["detail"]


@pytest.mark.parametrize("size", [0, 1])
def test_an_archive_may_be_as_large_as_the_limit(
    alice_token: str, settings: LazySettings, size: int
) -> None:
    settings.MAX_UPLOAD_BYTES = len(build_crate()) - size

    assert publish(alice_token).status_code == (413 if size else 200)


def _winapi(count: int) -> str:
    return features(count).replace('name = "demo-crate"', 'name = "winapi"')
