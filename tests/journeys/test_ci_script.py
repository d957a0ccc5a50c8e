"""The shell part of our CI files, run as it is: exchange, publish, revoke whatever happens."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.issuer import LocalIssuer
from tests.factories.id_tokens import signing_key
from tests.server import Server
from trustpub.providers import provider_for
from trustpub.providers.workflow_file import WORKSPACE

pytestmark = [pytest.mark.slow, pytest.mark.once]

# In the place of cargo: shows that it was given a token and an index, and fails if told to.
CARGO = """#!/bin/sh
if [ "$1" = metadata ]; then
  printf '{"packages": [{"name": "%s", "version": "0.1.0", "publish": null},' "$MEMBER"
  printf '{"name": "internal", "version": "0.0.0", "publish": []}]}'
  exit
fi
echo "cargo $*"
echo "$CARGO_REGISTRIES_WAYBILL_INDEX"
printf '{"jwt": "x"}' >/dev/null
curl -s -o /dev/null -w 'publish token: %{http_code}\\n' \\
  -H "Authorization: $CARGO_REGISTRIES_WAYBILL_TOKEN" --data-binary @/dev/null \\
  --request PUT "${CARGO_REGISTRIES_WAYBILL_INDEX#sparse+}../api/v1/crates/new"
printf %s "$CARGO_REGISTRIES_WAYBILL_TOKEN" > "$KEPT"
exit "$CARGO_STATUS"
"""


@pytest.fixture
def issuer(running_server: Server) -> Iterator[LocalIssuer]:
    for program in ("bash", "curl", "jq"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with LocalIssuer(key=signing_key()) as found:
        yield found


def run(
    tmp_path: Path,
    server: Server,
    jwt: str,
    *,
    status: int = 0,
    crate: str = "script-crate",
    member: str = "script-crate",
) -> tuple[subprocess.CompletedProcess[str], str]:
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    cargo = programs / "cargo"
    cargo.write_text(CARGO)
    cargo.chmod(0o755)
    kept = tmp_path / "token"
    script = provider_for("generic").example_workflow(
        crate, {}, registry_url=server.url, audience=server.url.partition("//")[2]
    )
    done = subprocess.run(
        ["bash"],
        input=script,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "REGISTRY_ID_TOKEN": jwt,
            "KEPT": str(kept),
            "CARGO_STATUS": str(status),
            "MEMBER": member,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    return done, kept.read_text() if kept.exists() else ""


def test_the_script_exchanges_publishes_and_revokes(
    tmp_path: Path, running_server: Server, issuer: LocalIssuer
) -> None:
    server = running_server
    server.manage("create_user", "scripter", "--email", "scripter@example.com")
    server.manage("trust_issuer", "gitlab", issuer.url)
    server.manage(
        "add_publisher", "script-crate", "gitlab", "namespace=ferris-labs/libs",
        "project=tidepool", "workflow_filepath=.gitlab-ci.yml", "--issuer", issuer.url,
        "--pending-owner", "scripter",
    )  # fmt: skip
    audience = server.url.partition("//")[2]

    for status in (0, 7):
        done, token = run(tmp_path, server, issuer.gitlab_token(audience), status=status)

        assert done.returncode == status, done.stderr
        assert "cargo publish --registry waybill --package script-crate" in done.stdout
        assert server.index in done.stdout
        assert "publish token: 400" in done.stdout  # let in, with nothing in its hands
        assert token.startswith("wbl_")
        assert token not in done.stdout + done.stderr
        # Dead after the script, also where cargo failed.
        _, again = run(tmp_path, server, "x.y.z")
        assert _status_of(server, token) == 403, again

    # A workspace asks first, and publishes nothing of a release that would end half done.
    for name, covered in (("script-crate", True), ("stranger", False)):
        jwt = issuer.gitlab_token(audience)
        done, _ = run(tmp_path, server, jwt, crate=WORKSPACE, member=name)
        assert (done.returncode == 0) is covered, done.stderr
        assert ("cargo publish --registry waybill --workspace" in done.stdout) is covered
        assert ("pending_ok" if covered else "no_publisher") in done.stderr
        assert "internal" not in done.stderr

    refused, _ = run(tmp_path, server, issuer.gitlab_token("elsewhere.example"))
    assert refused.returncode != 0
    assert "invalid_audience" in refused.stdout + refused.stderr
    assert "cargo publish" not in refused.stdout


def _status_of(server: Server, token: str) -> int:
    done = subprocess.run(
        ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "--config", "-",
         "--request", "PUT", "--data-binary", f"@{os.devnull}", f"{server.url}/api/v1/crates/new"],
        input=f'header = "Authorization: {token}"',
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    return int(done.stdout)
