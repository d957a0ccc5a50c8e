"""The demo: a CI job on this machine publishes a new crate without any stored secret.

DEMO_ONCE=1 ends it after the story, with `demo ok` as the last line; DEMO_DIR names its folder.
"""

import os
import signal
import sys
import time
import traceback
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Never

from demo import acts
from demo.checkout import REPOSITORY, WORKFLOW, Checkout
from demo.clients import find_client
from demo.errors import DemoFailed, Stopped
from demo.folder import DemoFolder, fresh_folder
from demo.github_server import FakeGitHub
from demo.issuer import LocalIssuer
from demo.registry_server import ROOT, RegistryServer
from demo.stage import PERSON, Stage, example_workflow, populate, version_address
from demo.story import Story

LINES_OF_LOG = 20
EXIT_INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """0 after the whole story, 1 if something in it failed, 130 if it was stopped on the way."""
    _listen_to_signals()
    path = Path(os.environ.get("DEMO_DIR") or ROOT / "var" / "demo").absolute()
    try:
        with fresh_folder(path) as folder:
            return _play(folder, Story(sys.stdout))
    except DemoFailed as failure:
        sys.stderr.write(f"The demo cannot start: {failure}\n")
        return 1
    except Stopped:
        return EXIT_INTERRUPTED


def _play(folder: DemoFolder, story: Story) -> int:
    with ExitStack() as running:
        try:
            _tell(folder, story, running)
            return 0
        except Exception as error:  # noqa: BLE001 - whatever it is, the reader gets one sentence
            _tell_failure(folder, story, error)
            return 1


def _tell(folder: DemoFolder, story: Story, running: ExitStack) -> None:
    started_at = time.monotonic()
    once = os.environ.get("DEMO_ONCE", "") not in ("", "0")
    story.title(
        "Waybill: a CI job publishes a new crate without any stored secret",
        "All of this happens on this machine, over loopback, in the folder "
        f"{folder.path}. GitHub is played by a stand-in; the registry and the publishing are real.",
    )
    stage = _set_up(folder, story, running)
    acts.register(stage)
    first = acts.publish_first(stage)
    second = acts.publish_second(stage)
    acts.attack(stage, first, second)
    acts.look(stage, second)
    story.note(f"\nAll of it took {time.monotonic() - started_at:.0f} seconds.")
    if once:
        story.note("demo ok")
    else:
        _keep_serving(stage)


def _set_up(folder: DemoFolder, story: Story, running: ExitStack) -> Stage:
    """The registry, and the stand-in for everything that it talks to."""
    github, issuer = FakeGitHub(), LocalIssuer()
    addresses = {"GITHUB_URL": github.url, "GITHUB_API_URL": github.api_url}
    registry = running.enter_context(RegistryServer(folder, addresses))
    story.step(
        "Start the registry",
        "The server that stores crates, and that cargo talks to, with an empty database. "
        "`make serve` starts the same.",
    )
    # Before the stand-ins, whose threads a fork would not survive.
    registry.start()
    story.fact(f"It serves {registry.url} and writes its log to {folder.server_log}.")
    story.step(
        "Start a stand-in for GitHub",
        "It knows a repository, and it plays the issuer: the part of a CI system that signs an ID "
        "token for each job, a statement of which repository, workflow and commit is running. "
        "A registry that trusts the issuer needs no password from the job.",
    )
    running.enter_context(github)
    running.enter_context(issuer)
    populate(github)
    story.fact(f"GitHub's pages and API are at {github.url}, the issuer is at {issuer.url}.")
    checkout = Checkout(
        folder.path / "checkout",
        web_address=f"{github.url}/{REPOSITORY}",
        workflow=example_workflow(registry),
    )
    story.fact(f"The repository {REPOSITORY} has a crate and the workflow file {WORKFLOW}.")
    return Stage(story, registry, github, issuer, checkout, find_client(folder.path))


def _keep_serving(stage: Stage) -> None:
    """Returns when somebody stops the demo; raises DemoFailed if the server ends by itself."""
    story = stage.story
    story.note(f"\nOpen     {version_address(stage)}")
    story.note(f"Sign in  {stage.registry.url}/dev-login/ with the login {PERSON}")
    story.note("Ctrl-C stops everything.")
    try:
        stage.registry.wait()
    except Stopped:
        story.note("\nStopping.")
    else:
        raise DemoFailed("the registry's server ended by itself")


def _tell_failure(folder: DemoFolder, story: Story, error: Exception) -> None:
    report = [f"\nThe demo failed: {str(error) or type(error).__name__}"]
    if isinstance(error, DemoFailed) and error.details:
        report.append(error.details.rstrip())
    if folder.server_log.is_file():
        lines = folder.server_log.read_text(errors="replace").splitlines()
        report += [f"\nThe end of {folder.server_log}:", *lines[-LINES_OF_LOG:]]
    sys.stderr.write(story.masked("\n".join(report)) + "\n")
    trace = "".join(traceback.format_exception(error))
    (folder.path / "error.log").write_text(story.masked(trace))


def _listen_to_signals() -> None:
    for number in SIGNALS:
        # nohup asks that a closed terminal be no reason to end.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(signal_number: int, frame: FrameType | None) -> Never:
    # Once is enough: a second one would interrupt the stopping.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
