"""The protocol with cargo, and what becomes of answers that nobody hopes for."""

import ast
import io
import json
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from credential import cargo_credential_waybill as provider

ID_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"
CKSUM = "9f" * 32
GRANTED = {"token": "wbl_tp_secret", "expires_at": "2026-11-21T10:00:00Z"}


class Registry:
    """Answers what a test has put in line, and notes what it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], object]] = []
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = json.loads(body) if body else {}
                registry.requests.append((self.command, self.path, sent))
                status, headers, answer = registry.answers.pop(0)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else _dump(answer))

            do_POST = do_GET

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def will(self, status: int, answer: object = b"", **headers: str) -> None:
        self.answers.append((status, headers, answer))


def _dump(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.fixture(scope="module")
def _running() -> Iterator[Registry]:
    found = Registry()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def registry(_running: Registry) -> Registry:
    _running.answers.clear()
    _running.requests.clear()
    return _running


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A job whose ID token is in a variable; what it has used is remembered in its own folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return {"WAYBILL_ID_TOKEN": ID_TOKEN}


def said(
    variables: dict[str, str], *requests: object, pauses: tuple[float, ...] = (0.0, 0.0)
) -> tuple[list[Any], str]:
    """What cargo reads, without the greeting, and what the log of the job shows."""
    source = io.StringIO("".join(f"{json.dumps(request)}\n" for request in requests))
    target, log = io.StringIO(), io.StringIO()
    provider.serve(source, target, log, variables, pauses)
    greeting, *answers = (json.loads(line) for line in target.getvalue().splitlines())
    assert greeting == {"v": [1]}
    return answers, log.getvalue()


def get(url: str, operation: str = "publish", **more: object) -> dict[str, object]:
    package = {"name": "tide", "vers": "1.0.0", "cksum": CKSUM} if operation == "publish" else {}
    index = {"index-url": f"sparse+{url}/index/", "name": "waybill"}
    return {
        "v": 1,
        "registry": index,
        "kind": "get",
        "operation": operation,
        "args": [],
        **package,
        **more,
    }


def refused(code: str, detail: str = "No.") -> dict[str, object]:
    return {"errors": [{"detail": detail, "code": code, "request_id": "abc123"}]}


def test_an_upload_gets_a_token_for_its_archive(registry: Registry, job: dict[str, str]) -> None:
    registry.will(200, GRANTED)

    [answer], log = said(job, get(registry.url))

    assert answer == {
        "Ok": {
            "kind": "get",
            "token": "wbl_tp_secret",
            "cache": "never",
            "operation_independent": False,
        }
    }
    bound = {"name": "tide", "vers": "1.0.0", "cksum": CKSUM}
    assert registry.requests == [("POST", provider.TOKENS_PATH, {"jwt": ID_TOKEN, "bind": bound})]
    assert "tide@1.0.0" in log
    assert "wbl_tp" not in log + repr(provider.Granted("wbl_tp_secret", 0))


def test_reading_what_everybody_may_read_costs_no_exchange(
    registry: Registry, job: dict[str, str]
) -> None:
    registry.will(200, {"dl": "..."})

    [answer], _ = said(job, get(registry.url, "read"))

    assert answer["Ok"]["token"] == provider.NOT_NEEDED
    assert registry.requests == [("GET", "/index/config.json", {})]


def test_a_private_registry_gets_a_token_that_only_reads(
    registry: Registry, job: dict[str, str]
) -> None:
    registry.will(401, refused("malformed_credentials"))
    registry.will(200, GRANTED)

    [answer], _ = said(job, get(registry.url, "read"))

    assert registry.requests[1][2] == {"jwt": ID_TOKEN, "scope": "read"}
    assert answer["Ok"] == {
        "kind": "get",
        "token": "wbl_tp_secret",
        "cache": "expires",
        "expiration": 1795255200,
        "operation_independent": False,
    }


@pytest.mark.parametrize("operation", ["yank", "unyank", "owners"])
def test_what_a_job_may_not_do_is_left_to_the_next_provider(
    job: dict[str, str], operation: str
) -> None:
    answers, log = said(job, get("https://reg.example", operation, name="tide", vers="1.0.0"))

    assert answers == [{"Err": {"kind": "not-found"}}]
    assert "use an API token" in log


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"kind": "login", "token": "x"}, "operation-not-supported"),
        ({"kind": "logout"}, "operation-not-supported"),
        ({"operation": "dance"}, "operation-not-supported"),
        ({"registry": {"index-url": "sparse+https://index.crates.io/"}}, "url-not-supported"),
        ({"registry": {"index-url": "https://github.com/x/index"}}, "url-not-supported"),
        ({"registry": {"index-url": "sparse+http://reg.example/index/"}}, "other"),
        ({"registry": {"index-url": "sparse+https://u:p@reg.example/index/"}}, "other"),
        ({"registry": {}}, "other"),
        ({"args": ["--urls", "x"]}, "other"),
        ({"args": ["--url"]}, "other"),
        ({"v": 2}, "other"),
        ({"cksum": None, "args": None, "registry": None}, "other"),
    ],
)
def test_other_requests_are_declined(
    job: dict[str, str], change: dict[str, object], kind: str
) -> None:
    [answer], _ = said(job, get("https://reg.example") | change)

    assert answer["Err"]["kind"] == kind


def test_what_is_no_request_is_no_end_of_it(registry: Registry, job: dict[str, str]) -> None:
    registry.will(200, GRANTED)
    answers, _ = said(job, [], "text", 7, None, get(registry.url))

    assert [next(iter(answer)) for answer in answers] == ["Err"] * 4 + ["Ok"]


def test_another_address_than_the_indexs_can_be_named(
    registry: Registry, job: dict[str, str]
) -> None:
    registry.will(200, GRANTED)

    [answer], _ = said(job, get("https://cdn.example", args=["--url", f"{registry.url}/"]))

    assert "Ok" in answer


def test_a_refusal_is_repeated_without_the_id_token(
    registry: Registry, job: dict[str, str]
) -> None:
    registry.will(403, refused("no_publisher", f"Nobody\x1b[31m trusts\n{ID_TOKEN}. " + "x" * 2000))

    [answer], log = said(job, get(registry.url))

    message = answer["Err"]["message"]
    assert "Nobody [31m trusts [ID token]." in message
    assert message.endswith("(no_publisher, request abc123)")
    assert ID_TOKEN not in json.dumps(answer) + log


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"errors": []}', b'{"errors": ["x"]}'])
def test_an_answer_of_something_else_is_a_refusal_too(
    registry: Registry, job: dict[str, str], body: bytes
) -> None:
    registry.will(404, body)

    [answer], _ = said(job, get(registry.url))

    assert "(404, request unknown)" in answer["Err"]["message"]


def test_no_redirect_is_followed(registry: Registry, job: dict[str, str]) -> None:
    registry.will(307, b"", Location=f"{registry.url}/elsewhere")

    [answer], _ = said(job, get(registry.url))

    assert "(307" in answer["Err"]["message"]
    assert len(registry.requests) == 1


def test_it_waits_for_a_registry_that_is_busy(registry: Registry, job: dict[str, str]) -> None:
    registry.will(503, refused("jwks_unavailable"))
    registry.will(200, GRANTED)

    [answer], _ = said(job, get(registry.url))

    assert "Ok" in answer


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [(30, 30), (3600, provider.LONGEST_WAIT), (-30, 0), (None, 0), ("soon", 0), ("120", 0)],
)
def test_it_waits_as_long_as_it_is_told_within_reason(moment: object, seconds: float) -> None:
    if isinstance(moment, int):
        moment = format_datetime(datetime.now(UTC) + timedelta(seconds=moment), usegmt=True)

    assert provider._seconds_until(moment) == pytest.approx(seconds, abs=2)


def test_a_limit_is_waited_for(registry: Registry, job: dict[str, str]) -> None:
    past = "Sat, 01 Jan 2000 00:00:00 GMT"
    registry.will(429, refused("rate_limited"), **{"Retry-After": past})
    registry.will(200, GRANTED)

    [answer], _ = said(job, get(registry.url))

    assert "Ok" in answer


def test_it_does_not_wait_for_ever(registry: Registry, job: dict[str, str]) -> None:
    for _ in range(2):
        registry.will(503, refused("jwks_unavailable", "no keys"))

    [answer], _ = said(job, get(registry.url))

    assert answer["Err"]["message"] == f"{registry.url} gives no token: no keys"


def test_a_registry_that_is_away_is_named(job: dict[str, str]) -> None:
    answers, _ = said(job, get("http://127.0.0.1:9"), get("http://127.0.0.1:9", "read"))

    assert all("127.0.0.1:9 does not answer" in answer["Err"]["message"] for answer in answers)


# --- Who the job is ---


def test_outside_of_ci_the_next_provider_is_asked() -> None:
    answers, log = said({}, get("https://reg.example"))

    assert answers == [{"Err": {"kind": "not-found"}}]
    assert "id-token: write" in log


def test_each_upload_takes_a_variable_of_its_own(registry: Registry, job: dict[str, str]) -> None:
    variables = {"WAYBILL_ID_TOKEN_10": "c", "WAYBILL_ID_TOKEN_2": "b", "WAYBILL_ID_TOKEN": "a"}
    for _ in range(3):
        registry.will(200, GRANTED)

    answers, _ = said(job | variables, *[get(registry.url)] * 4)

    assert [sent["jwt"] for _, _, sent in registry.requests] == ["a", "b", "c"]
    assert "WAYBILL_ID_TOKEN_2" in answers[3]["Err"]["message"]


def test_one_that_somebody_else_has_used_is_passed_over(
    registry: Registry, job: dict[str, str]
) -> None:
    registry.will(409, refused("token_reused"))
    registry.will(200, GRANTED)

    [answer], _ = said(job | {"WAYBILL_ID_TOKEN_2": "b"}, get(registry.url))

    assert "Ok" in answer
    assert [sent["jwt"] for _, _, sent in registry.requests] == [ID_TOKEN, "b"]


def test_the_runner_is_asked_for_this_registry(registry: Registry) -> None:
    registry.will(200, {"value": ID_TOKEN})
    registry.will(200, GRANTED)
    runner = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{registry.url}/id?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer",
    }

    [answer], _ = said(runner, get(registry.url))

    assert "Ok" in answer
    audience = registry.url.removeprefix("http://").replace(":", "%3A")
    assert registry.requests[0][1] == f"/id?api-version=2.0&audience={audience}"


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [(200, b"{}", "status 200"), (403, b"no", "status 403"), (200, b"\xff", "status 200")],
)
def test_a_runner_that_gives_none_is_blamed(
    registry: Registry, status: int, body: bytes, problem: str
) -> None:
    registry.will(status, body)

    [answer], _ = said(
        {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{registry.url}/id"}, get("https://reg.example")
    )

    assert answer["Err"]["message"] == f"the runner gives no ID token ({problem})"


def test_a_command_is_run_without_a_shell(registry: Registry) -> None:
    registry.will(200, GRANTED)
    script = "import sys; print('for', *sys.argv[1:])"
    command = f'{sys.executable} -c "{script}" {{audience}} $HOME;'

    [answer], _ = said({"WAYBILL_ID_TOKEN_COMMAND": command}, get(registry.url))

    assert "Ok" in answer
    audience = registry.url.removeprefix("http://")
    assert registry.requests[0][2]["jwt"] == f"for {audience} $HOME;"


@pytest.mark.parametrize("command", ["/no/such/program", f"{sys.executable} -c pass"])
def test_a_command_that_gives_none_is_blamed(command: str) -> None:
    [answer], _ = said({"WAYBILL_ID_TOKEN_COMMAND": command}, get("https://reg.example"))

    assert answer["Err"]["message"].startswith("WAYBILL_ID_TOKEN_COMMAND: ")


def test_a_file_may_hold_it(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{ID_TOKEN}\n")
    registry.will(200, GRANTED)

    answers, _ = said({"WAYBILL_ID_TOKEN_FILE": str(tmp_path / "token")}, get(registry.url))
    missing, _ = said({"WAYBILL_ID_TOKEN_FILE": str(tmp_path / "none")}, get(registry.url))

    assert "Ok" in answers[0]
    assert missing[0]["Err"]["message"].endswith("none cannot be read")


# --- As it comes into a CI job ---


def test_it_is_one_file_for_older_pythons_too() -> None:
    source = Path(provider.__file__).read_text()

    tree = ast.parse(source, feature_version=(3, 9))

    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {
        str(node.module).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert imported <= sys.stdlib_module_names
    assert Path(provider.__file__).stat().st_mode & 0o111


def test_started_by_a_person_it_explains_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cargo-credential-waybill", "--help"])

    assert provider.main() == 0
    assert "docs/credential-provider.md" in capsys.readouterr().err
