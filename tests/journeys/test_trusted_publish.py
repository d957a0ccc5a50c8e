"""A CI job without any stored secret publishes with real cargo."""

import json
import shutil
import zlib
from collections.abc import Callable, Iterator

import pytest

from demo.issuer import LocalIssuer
from tests.cargo import REGISTRY, Cargo, failed, succeeded
from tests.factories.sigstore import Sigstore, github_job, statement
from tests.journeys.auth_action import ActionFailed, AuthAction
from tests.journeys.wire import ask, post_json, upload_plain
from tests.server import Server

pytestmark = [pytest.mark.cargo, pytest.mark.slow]

TOKENS = "/api/v1/trusted_publishing/tokens"
Announce = Callable[..., None]
sigstore = Sigstore()


@pytest.fixture(scope="session")
def ci(running_server: Server, alices_token: str) -> Iterator[LocalIssuer]:
    """A CI system on loopback that the registry trusts; a repository for each test."""
    with LocalIssuer() as found:
        running_server.manage(
            "trust_issuer", "github", found.url, "--web-url", "https://forge.test"
        )
        yield found


@pytest.fixture
def announce(running_server: Server, ci: LocalIssuer, alices_token: str) -> Announce:
    """Alice lets the release job of a repository publish a crate; the next job is that one."""

    def announce(crate: str, repository: str, *, pending: bool = True) -> None:
        ci.job_claims = _job(repository)
        config = {
            "crate": crate,
            "repository_owner": "ferris-labs",
            "repository_name": repository,
            "workflow_filename": "release.yml",
            "environment": "release",
            "issuer": ci.url,
            "pending": pending,
        }
        body = json.dumps({"github_config": config}).encode()
        headers = {"Content-Type": "application/json"}
        address = f"{running_server.url}/api/v1/trusted_publishing/github_configs"
        answer = ask("POST", address, token=alices_token, body=body, headers=headers)
        assert answer.status == 200, answer

    return announce


def test_the_first_version_of_a_crate_comes_from_ci(
    registry_cargo: Cargo, running_server: Server, ci: LocalIssuer, announce: Announce
) -> None:
    cargo, server = registry_cargo, running_server

    # Alice announces a crate that does not exist yet.
    announce("moonrise", "moonrise")
    assert ask("GET", f"{server.url}/api/v1/crates/moonrise").status == 404

    # The job exchanges its ID token, by the requests of the well-known action.
    action = AuthAction(f"{server.url}/", ci.runner_environment())
    token = action.main()

    # Cargo publishes the first version, and the crate belongs to Alice.
    succeeded(cargo.run("publish", cwd=cargo.new("moonrise"), token=token))
    owners = ask("GET", f"{server.url}/api/v1/crates/moonrise/owners").json["users"]
    assert [owner["login"] for owner in owners] == ["alice"]

    # The version says where it came from, as other tools of the field read it.
    version = ask("GET", f"{server.url}/api/v1/crates/moonrise/0.1.0").json["version"]
    assert version["published_by"] is None
    assert version["trustpub_data"]["provider"] == "github"
    assert version["trustpub_data"]["repository"] == "ferris-labs/moonrise"
    assert version["provenance"]["kind"] == "trusted_publishing"
    page = ask("GET", f"{server.url}/crates/moonrise/0.1.0")
    assert page.status == 200
    for fact in (b"ferris-labs/moonrise", b"release.yml", b"17533210044", version["checksum"]):
        assert (fact.encode() if isinstance(fact, str) else fact) in page.body
    assert b"mira-k" not in page.body

    # The job signs what it published, and whoever reads the crate can verify that.
    (server.data_dir / "trusted_root.json").write_bytes(sigstore.trusted_root)
    signed = statement("moonrise-0.1.0.crate", version["checksum"])
    made = sigstore.bundle(signed, github_job(ci.url, "https://forge.test", **ci.job_claims))
    attestations = f"{server.url}/api/v1/crates/moonrise/0.1.0/attestations"
    body = json.dumps({"attestations": [made]}).encode()
    assert ask("PUT", attestations, token=token, body=body).status == 200
    assert ask("GET", attestations).json["attestations"] == [made]

    # The same token, in the same job, also publishes the next version ...
    succeeded(cargo.publish(cargo.new("moonrise", "0.1.1"), token))

    # ... but nothing else: no yank, no owners, no other crate.
    assert "status 403" in failed(cargo.run("yank", "moonrise@0.1.1", token=token))
    assert "status 403" in failed(cargo.run("owner", "--add", "alice", "moonrise", token=token))
    said = failed(cargo.publish(cargo.new("moonset"), token))
    assert "moonset" in said.partition("status 403")[2]

    # The job ends, and its token with it.
    action.post()
    said = failed(cargo.publish(cargo.new("moonrise", "0.1.2"), token))
    assert "status 403 Forbidden): Invalid authentication token" in said
    action.post()


def test_the_pending_publisher_has_become_a_publisher(
    registry_cargo: Cargo, running_server: Server, ci: LocalIssuer, announce: Announce
) -> None:
    cargo, server = registry_cargo, running_server
    announce("evergreen", "evergreen")
    action = AuthAction(server.url, ci.runner_environment())
    succeeded(cargo.publish(cargo.new("evergreen"), action.main()))
    action.post()

    # The next run is another exchange; nothing was announced again.
    again = AuthAction(server.url, ci.runner_environment())
    succeeded(cargo.publish(cargo.new("evergreen", "0.2.0"), again.main()))
    again.post()

    # A fork with the same names and other numbers is somebody else.
    ci.job_claims |= {"repository_id": "999", "repository_owner_id": "999"}
    with pytest.raises(ActionFailed, match="Status: 403") as refused:
        AuthAction(server.url, ci.runner_environment()).main()
    assert "alice" not in str(refused.value)

    # So is another workflow of the right repository, and the log of the job says what differs.
    ci.job_claims = _job("evergreen", "test.yml")
    with pytest.raises(ActionFailed, match=r"Status: 403\. Error: .*release\.yml.*test\.yml"):
        AuthAction(server.url, ci.runner_environment()).main()

    # And a pull request never publishes.
    ci.job_claims = _job("evergreen") | {"event_name": "pull_request_target"}
    with pytest.raises(ActionFailed, match="pull_request_target"):
        AuthAction(server.url, ci.runner_environment()).main()


def test_a_refused_publish_leaves_the_token_and_the_name_usable(
    registry_cargo: Cargo, running_server: Server, ci: LocalIssuer, announce: Announce
) -> None:
    cargo, server = registry_cargo, running_server
    announce("second-try", "second-try")
    token = AuthAction(server.url, ci.runner_environment()).main()

    # The archive is wrong: nothing is founded.
    crate = cargo.new("second-try", manifest="[package.metadata]\nx = 1\n")
    manifest = (crate / "Cargo.toml").read_text()
    (crate / "Cargo.toml").write_text(manifest.replace('license = "MIT"', 'license = "MIT-ish"'))
    assert "license" in failed(cargo.publish(crate, token))
    assert ask("GET", f"{server.url}/api/v1/crates/second-try").status == 404

    # Mended, it goes through in the same job.
    (crate / "Cargo.toml").write_text(manifest)
    succeeded(cargo.publish(crate, token))


def test_an_id_token_works_once_and_here_only(
    running_server: Server, ci: LocalIssuer, announce: Announce
) -> None:
    server = running_server
    announce("one-shot", "one-shot")
    audience = server.url.removeprefix("http://")

    # A token for somebody else's registry.
    answer = post_json(server.url + TOKENS, {"jwt": ci.github_token("crates.io")})
    assert (answer.status, answer.code) == (400, "invalid_audience")

    # A token that nobody signed whom we trust: nothing is said of the registry.
    with LocalIssuer() as stranger:
        answer = post_json(server.url + TOKENS, {"jwt": stranger.github_token(audience)})
    assert (answer.status, answer.code) == (400, "unsupported_issuer")
    assert "one-shot" not in answer.detail

    # A good one is good once.
    jwt = ci.github_token(audience, **ci.job_claims)
    assert post_json(server.url + TOKENS, {"jwt": jwt}).status == 200
    answer = post_json(server.url + TOKENS, {"jwt": jwt})
    assert (answer.status, answer.code) == (409, "token_reused")


def test_a_workspace_with_a_new_member_is_released_by_one_token(
    registry_cargo: Cargo,
    running_server: Server,
    ci: LocalIssuer,
    announce: Announce,
    alices_token: str,
) -> None:
    cargo, server = registry_cargo, running_server

    # One member exists, the other is announced; both trust the same workflow.
    assert upload_plain(server.url, alices_token, "hull-core", "0.1.0").status == 200
    announce("hull-core", "hull", pending=False)
    announce("hull-paint", "hull")
    root = cargo.folder / "hull"
    root.mkdir()
    (root / "Cargo.toml").write_text('[workspace]\nresolver = "2"\nmembers = ["core", "paint"]\n')
    needs = f'hull-core = {{ path = "../core", version = "0.2", registry = "{REGISTRY}" }}\n'
    shutil.move(cargo.new("hull-core", "0.2.0", source="pub fn keel() {}\n"), root / "core")
    shutil.move(
        cargo.new("hull-paint", manifest=needs, source="pub fn go() { hull_core::keel() }\n"),
        root / "paint",
    )

    # One exchange tells the job what it may publish.
    jwt = ci.github_token(server.url.removeprefix("http://"), **ci.job_claims)
    granted = post_json(server.url + TOKENS, {"jwt": jwt}).json
    assert granted["crates"] == ["hull-core"]
    assert granted["new_crates"] == ["hull-paint"]

    # Cargo builds both, and uploads them in their order.
    said = succeeded(cargo.run("publish", "--workspace", cwd=root, token=granted["token"]))
    assert said.index("Published hull-core v0.2.0") < said.index("Published hull-paint v0.1.0")


def _job(repository: str, workflow: str = "release.yml") -> dict[str, object]:
    """The claims of a job in which repositories of one owner differ."""
    number = str(zlib.crc32(repository.encode()))
    reference = f"ferris-labs/{repository}/.github/workflows/{workflow}@refs/tags/v1.4.0"
    return {
        "sub": f"repo:ferris-labs@9176411/{repository}@{number}:environment:release",
        "repository": f"ferris-labs/{repository}",
        "repository_id": number,
        "workflow_ref": reference,
        "job_workflow_ref": reference,
    }
