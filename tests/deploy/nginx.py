"""A real nginx with the files of `deploy/nginx`, in front of servers that a test has started."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.certificates import make_certificate
from tests.server import ROOT

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@contextmanager
def nginx(
    folder: Path, files: Mapping[str, int], *, upstream: list[int], data_dir: Path
) -> Iterator[None]:
    """Serves each file of `deploy/nginx` on its port, in front of the servers on those ports."""
    make_certificate(folder)
    texts = [_adapted(folder, name, port, upstream, data_dir) for name, port in files.items()]
    head = [
        "user root;" if os.getuid() == 0 else "",
        f"pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off;",
        "worker_processes 1; events { } http { include /etc/nginx/mime.types;",
        *(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
        f"access_log {folder}/access.log;",
    ]
    configuration = folder / "nginx.conf"
    configuration.write_text("\n".join([*head, *texts, "}"]))
    assert NGINX
    with (folder / "stderr.log").open("wb") as log:
        process = subprocess.Popen(
            [NGINX, "-c", str(configuration), "-p", str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not all(map(_listens, files.values())):
            said = (folder / "stderr.log").read_text()
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _adapted(folder: Path, name: str, port: int, upstream: list[int], data_dir: Path) -> str:
    text = (ROOT / "deploy" / "nginx" / name).read_text()
    prefix = name.removesuffix(".conf").replace("-", "_")
    # The redirect from port 80 is a server of its own, on a port that nobody asks.
    text = re.sub(r"\n    listen \[::\].*;", "", text)
    text = text.replace("listen 80;", f"listen unix:{folder}/{prefix}.socket;")
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
    [node] = re.findall(r"\n    server 127\.0\.0\.1:8000.*;", text)
    nodes = [node.replace("8000", str(upstream_port)) for upstream_port in upstream]
    text = text.replace(node, "".join(nodes))
    text = text.replace("/etc/ssl/waybill", str(folder))
    text = text.replace("/var/log/nginx/waybill", f"{folder}/{prefix}")
    text = text.replace("/var/lib/waybill", str(data_dir)).replace("/run/waybill", str(folder))
    # Tests wait for a revoked token to be refused.
    text = text.replace("200 401 5s", "200 401 1s")
    for shared in ("upstream waybill", "http://waybill", "waybill_downloads", "waybill_wants"):
        text = text.replace(shared, shared.replace("waybill", prefix))
    return text


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int,
    path: str,
    token: str | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> Answer:
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = token
    try:
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()
