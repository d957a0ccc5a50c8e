"""The questions we ask GitLab: the numbers behind the path of a public project or group."""

import re
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import quote

from adapters.http import OutgoingError, fetch_json

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
# A former path redirects to the project of today, which would be pinned under a name that its
# owners gave up; a private project looks like none.
_UNKNOWN = frozenset({301, 302, 307, 308, 404})


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `path` is `group/sub/name` in GitLab's own spelling."""

    id: int
    namespace_id: int
    path: str


class GitLab:
    """GitLab's REST API; `api_url` is `https://HOST/api/v4`.

    `allow_private` admits an instance in the operator's own network. Each question raises
    OutgoingError when GitLab gives no usable answer.
    """

    def __init__(self, api_url: str, *, allow_private: bool = False) -> None:
        self._api_url = api_url.rstrip("/")
        self._allow_private = allow_private

    def project(self, path: str) -> Project | None:
        """The public project of this path; None when there is none, or when it moved."""
        facts = self._ask("projects", path)
        if facts is None:
            return None
        namespace = facts.get("namespace")
        if not isinstance(namespace, dict):
            raise OutgoingError("GitLab's answer has no namespace", False)
        full_path = facts.get("path_with_namespace")
        if not isinstance(full_path, str) or not _PATH.fullmatch(full_path):
            raise OutgoingError("GitLab's answer has no path", False)
        return Project(_number(facts), _number(namespace), full_path)

    def group(self, path: str) -> int | None:
        """The number of the public group of this path, which is its namespace's too."""
        facts = self._ask("groups", path)
        return None if facts is None else _number(facts)

    def pipeline_file(self, path: str, file: str) -> str | None:
        """The text of a file on the default branch of a public project."""
        facts = self._ask("projects", path, f"/repository/files/{quote(file, safe='')}?ref=HEAD")
        if facts is None:
            return None
        content = facts.get("content")
        try:
            return b64decode(content if isinstance(content, str) else "!", validate=True).decode(
                "utf-8", "replace"
            )
        except ValueError:
            raise OutgoingError("GitLab's answer is not a file in base64", False) from None

    def _ask(self, kind: str, path: str, below: str = "") -> dict[str, object] | None:
        if not _PATH.fullmatch(path) or len(path) > 512:
            return None
        try:
            answer = fetch_json(
                f"{self._api_url}/{kind}/{quote(path, safe='')}{below}",
                allow_private=self._allow_private,
            )
        except OutgoingError as error:
            if error.status in _UNKNOWN:
                return None
            raise
        if not isinstance(answer.body, dict):
            raise OutgoingError("GitLab's answer is not a JSON object", False)
        return answer.body


def _number(facts: dict[str, object]) -> int:
    value = facts.get("id")
    if type(value) is not int or value <= 0:
        raise OutgoingError("GitLab's answer has no number in id", False)
    return value
