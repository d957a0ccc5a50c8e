"""A fake GitLab on loopback: what its REST API tells of projects and groups, for tests."""

import json
import threading
from base64 import b64encode
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

_API = "/api/v4/"
FILES = "/repository/files/"


class FakeGitLab:
    """A self-managed GitLab at `url`; what it knows is added to `projects` and `groups`.

    `projects` are path -> (project id, namespace id), `moved` former path -> path of today,
    `files` (path, file) -> text on the default branch. While `status` is set, every answer has
    that status. `requests` counts by path.
    """

    def __init__(self) -> None:
        self.projects: dict[str, tuple[int, int]] = {}
        self.groups: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.files: dict[tuple[str, str], str] = {}
        self.status: int | None = None
        self.requests: Counter[str] = Counter()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, what: str, path: str) -> tuple[int, dict[str, object]]:
        """Paths are found without regard to case, as GitLab does."""
        if what == "projects" and path in self.moved:
            number = self.projects[self.moved[path]][0]
            return 301, {"location": f"{self.url}{_API}projects/{number}"}
        if what == "projects" and FILES in path:
            return self._file(*path.split(FILES, 1))
        for known, ids in self.projects.items():
            if what == "projects" and known.lower() == path.lower():
                return 200, _project(known, *ids)
        for known, number in self.groups.items():
            if what == "groups" and known.lower() == path.lower():
                return 200, {"id": number, "full_path": known, "visibility": "public"}
        return 404, {"message": f"404 {what.title().removesuffix('s')} Not Found"}

    def _file(self, project: str, file: str) -> tuple[int, dict[str, object]]:
        text = self.files.get((project, file))
        if text is None:
            return 404, {"message": "404 File Not Found"}
        return 200, {"encoding": "base64", "content": b64encode(text.encode()).decode()}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, gitlab: FakeGitLab) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gitlab = gitlab


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.gitlab.requests[path] += 1
        what, _, name = path.removeprefix(_API).partition("/")
        status, answer = self.server.gitlab.answer(what, unquote(name))
        content = json.dumps(answer).encode()
        self.send_response(self.server.gitlab.status or status)
        if "location" in answer:
            self.send_header("Location", str(answer["location"]))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test looks at `requests`."""


def _project(path: str, number: int, namespace: int) -> dict[str, object]:
    """The part of GitLab's answer that anybody gets."""
    group, _, name = path.rpartition("/")
    return {
        "id": number,
        "path": name,
        "path_with_namespace": path,
        "default_branch": "main",
        "namespace": {"id": namespace, "kind": "group", "full_path": group},
    }
