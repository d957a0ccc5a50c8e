"""The two-minute guide of docs/trusted-publishing.md, as it is written: browser and real cargo."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from demo.issuer import LocalIssuer
from tests.browser import browser_page
from tests.cargo import Cargo, succeeded
from tests.factories.id_tokens import signing_key
from tests.journeys.auth_action import AuthAction
from tests.journeys.wire import ask
from tests.server import Server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.cargo,
    pytest.mark.slow,
    pytest.mark.once,
    # A server of its own, a browser and a compiler, on machines that do other things beside.
    pytest.mark.timeout(300),
]
GITHUB = "https://token.actions.githubusercontent.com"


def test_the_guide_goes_through_as_it_is_written(own_server: Server, cargo: Cargo) -> None:
    server = own_server
    server.manage("create_user", "mira", "--email", "mira@example.com")
    with LocalIssuer(key=signing_key()) as github:
        # A GitHub of this machine's in the place of the real one, which would not sign for us.
        server.manage("trust_issuer", "github", GITHUB, "--state", "disabled")
        here = ("--web-url", "https://github.com", "--api-url", "-")
        server.manage("trust_issuer", "github", github.url, *here)

        file = _what_the_page_proposes(server)

        # Step 5 and 6: the file is saved, and the tag starts the job.
        registry = _value(file, "CARGO_REGISTRIES_WAYBILL_INDEX")
        action = AuthAction(_value(file, "url"), github.runner_environment())
        assert "uses: rust-lang/crates-io-auth-action@" in file
        github.job_claims = {"ref": "refs/tags/v0.1.0", **_workflow("refs/tags/v0.1.0")}
        token = action.main()
        _run(file, cargo, registry, token)
        action.post()

    page = ask("GET", f"{server.url}/crates/tidepool/0.1.0").body.decode()
    for fact in ("ferris-labs/tidepool", "release.yml", "8c1de4a", "17533210044"):
        assert fact in page


def _what_the_page_proposes(server: Server) -> str:
    """Steps 2 to 5, by what the guide calls things."""
    with browser_page() as page:
        page.goto(f"{server.url}/dev-login/")
        page.get_by_label("Login").fill("mira")
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{server.url}/settings/publishers")
        page.get_by_role("link", name="Register a pending publisher").click()
        page.get_by_label("Paste the repository's address").fill(
            "https://github.com/ferris-labs/tidepool"
        )
        page.get_by_role("button", name="Fill in").click()
        assert page.get_by_label("Crate names").input_value() == "tidepool"
        page.get_by_label("Workflow filename").fill("release.yml")
        page.get_by_label("Environment name").fill("release")
        page.get_by_role("button", name="Register", exact=True).click()
        page.get_by_text("The CI file to copy").click()
        return page.locator(".copy__file").inner_text()


def _run(file: str, cargo: Cargo, registry: str, token: str) -> None:
    """The file's command as a runner runs it, with no variable of ours but those of the file."""
    [command] = re.findall(r"- run: (cargo .+)", file)
    crate = cargo.new("tidepool")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        _git(crate, *arguments)
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=crate,
        env={
            "PATH": f"{Path(cargo.program).parent}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "CARGO_HOME": str(cargo.home),
            "CARGO_REGISTRIES_WAYBILL_INDEX": registry,
            "CARGO_REGISTRIES_WAYBILL_TOKEN": token,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    succeeded(done)


def _git(folder: Path, *arguments: str) -> None:
    person = ["-c", "user.name=Mira", "-c", "user.email=mira@example.com"]
    subprocess.run(["git", *person, *arguments], cwd=folder, check=True, timeout=100)


def _value(file: str, name: str) -> str:
    [found] = re.findall(rf'\b{name}: "([^"]+)"', file)
    return found


def _workflow(ref: str) -> dict[str, object]:
    reference = f"ferris-labs/tidepool/.github/workflows/release.yml@{ref}"
    return {"workflow_ref": reference, "job_workflow_ref": reference}
