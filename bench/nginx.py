"""nginx with files of ours or of a benchmark, on a free port."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port
from tests.server import ROOT, Server

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
SECONDS_TO_START = 60
PLAIN = """
server {{
    listen 127.0.0.1:{port}{tls};
    {certificate}
    location / {{ root {root}; default_type text/plain; }}
    location = /index/config.json {{ default_type application/json; return 200 '{config}'; }}
}}
"""
TLS = "ssl_certificate {folder}/fullchain.pem; ssl_certificate_key {folder}/privkey.pem;"


def static(root: Path, port: int, *, config: str = "{}", certificates: Path | None = None) -> str:
    """The least that a web server does for a file."""
    return PLAIN.format(
        port=port,
        root=root,
        config=config,
        tls=" ssl http2" if certificates else "",
        certificate=TLS.format(folder=certificates) if certificates else "",
    )


def deployed(
    name: str,
    server: Server,
    port: int,
    folder: Path,
    *,
    certificates: Path | None = None,
    storage: Path | None = None,
) -> str:
    """A file of deploy/nginx in front of a server; without certificates it speaks plain HTTP."""
    text = (ROOT / "deploy" / "nginx" / name).read_text()
    text = re.sub(r"\n    listen \[::\].*;", "", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    if certificates:
        text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
        text = text.replace("/etc/ssl/waybill", str(certificates))
    else:
        text = text.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}")
        text = re.sub(r"\n    ssl_.*;", "", text)
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    text = text.replace("/var/log/nginx", str(folder)).replace("/run/waybill", str(folder))
    text = text.replace("/var/lib/waybill/storage", str(storage or server.data_dir / "storage"))
    return text.replace("/var/lib/waybill", str(server.data_dir))


@contextmanager
def running(folder: Path, sites: str, *ports: int) -> Iterator[int]:
    """The process id, once all ports answer; one worker, and the access log that Debian has."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    head = [
        "user root;" if os.getuid() == 0 else "",
        f"pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off; worker_processes 1;",
        "events { worker_connections 768; } http { include /etc/nginx/mime.types; sendfile on;",
        *(f"{kind}_temp_path {folder}/{kind};" for kind in kinds),
        f"tcp_nopush on; access_log {folder}/access.log;",
    ]
    configuration = folder / "nginx.conf"
    configuration.write_text("\n".join([*head, sites, "}"]))
    said = folder / "stderr.log"
    with said.open("wb") as log:
        process = subprocess.Popen([NGINX, "-c", str(configuration), "-p", str(folder)], stderr=log)
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not all(map(_listens, ports)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nginx does not start: {said.read_text()}")
            time.sleep(0.02)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
