from io import StringIO

from django.core.management import call_command

from registry.models import SearchDocument
from tests.factories.archives import metadata_for
from tests.wire import publish, send


def found(text: str) -> list[str]:
    answer = send("GET", f"/api/v1/crates?q={text}").json()
    return [crate["name"] for crate in answer["crates"]]


def test_a_crate_is_found_as_soon_as_it_is_published(alice_token: str) -> None:
    publish(alice_token, metadata=metadata_for("demo-crate", "0.1.0") | {"readme": "# Walrus\n"})

    assert found("walrus") == ["demo-crate"]
    assert found("dem") == ["demo-crate"]
    assert found("demo-carte") == ["demo-crate"]


def test_the_last_version_says_what_it_is_found_by(alice_token: str) -> None:
    for number, readme in (("0.1.0", "walrus"), ("0.2.0", "narwhal")):
        said = metadata_for("demo-crate", number) | {"readme": readme}
        publish(alice_token, version=number, metadata=said)

    assert (found("walrus"), found("narwhal")) == ([], ["demo-crate"])


def test_a_command_makes_crates_findable_again(alice_token: str) -> None:
    publish(alice_token, metadata=metadata_for("demo-crate", "0.1.0") | {"readme": "walrus"})
    SearchDocument.objects.all().delete()
    output = StringIO()

    call_command("rebuild_search", stdout=output)

    assert output.getvalue() == "1 crates can be found\n"
    assert found("walrus") == ["demo-crate"]
