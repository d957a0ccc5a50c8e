"""Real cargo fetches a graph of crates, from us and from nginx with the same files."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from bench import nginx
from bench.rows import Row, Turn
from bench.stage import Stage
from tests.certificates import make_certificate
from tests.factories.archives import build_crate, manifest_for
from tests.ports import free_port

CRATES = 250
# Each needs the next few, so that cargo learns of them bit by bit, as in a real graph.
NEEDS = 3
CARGO = shutil.which("cargo") or "cargo"
DL = "/crates/{crate}/{crate}-{version}.crate"


def rows(stage: Stage) -> Iterator[Row]:
    with ExitStack() as stack:
        server = stack.enter_context(stage.server(TRUSTED_PROXIES="127.0.0.1"))
        storage = server.data_dir / "storage"
        _publish(storage, stage.times(CRATES))
        folder = stage.new_folder("nginx")
        make_certificate(folder)
        plain, tls, production = (free_port() for _ in range(3))
        # Its config.json names the address of the nginx before it, where the downloads go, too.
        behind = stage.prepared(
            TRUSTED_PROXIES="127.0.0.1",
            PUBLIC_URL=f"https://127.0.0.1:{production}",
            STORAGE_URL=f"file://{storage}",
        )
        behind.url = f"https://127.0.0.1:{production}"
        behind.start()
        stack.callback(behind.kill)
        sites = [
            nginx.static(storage, plain, config=_config(f"http://127.0.0.1:{plain}{DL}")),
            nginx.static(
                storage,
                tls,
                config=_config(f"https://127.0.0.1:{tls}{DL}"),
                certificates=folder,
            ),
            nginx.deployed(
                "waybill.conf", behind, production, folder, certificates=folder, storage=storage
            ),
        ]
        stack.enter_context(nginx.running(folder, "\n".join(sites), plain, tls, production))
        home = stage.new_folder("cargo")
        yield Row(
            name="cargo fetches 250 crates from `make serve`",
            floor_name="from nginx, HTTP/1.1",
            floor=_fetch(home, f"http://127.0.0.1:{plain}/index/"),
            subject=_fetch(home, f"{server.url}/index/"),
            limit=1.3,
            unit="ms",
            rounds=5,
        )
        yield Row(
            name="cargo, index and archives through waybill.conf with HTTP/2",
            floor_name="from nginx, HTTP/2",
            floor=_fetch(home, f"https://127.0.0.1:{tls}/index/", folder / "fullchain.pem"),
            subject=_fetch(
                home, f"https://127.0.0.1:{production}/index/", folder / "fullchain.pem"
            ),
            limit=1.3,
            unit="ms",
            rounds=5,
        )


def _publish(storage: Path, crates: int) -> None:
    for number in range(crates):
        needs = range(number + 1, min(number + 1 + NEEDS, crates))
        name = f"bench{number:03}"
        extra = "\n[dependencies]\n" + "".join(f'bench{n:03} = "1.0.0"\n' for n in needs)
        archive = build_crate(
            name, "1.0.0", manifest=manifest_for(name, "1.0.0", extra), files={"src/lib.rs": b""}
        )
        _put(storage / "crates" / name / f"{name}-1.0.0.crate", archive)
        line = {
            "name": name,
            "vers": "1.0.0",
            "deps": [_dependency(f"bench{n:03}") for n in needs],
            "cksum": sha256(archive).hexdigest(),
            "features": {},
            "yanked": False,
        }
        _put(storage / "index" / "be" / "nc" / name, json.dumps(line).encode() + b"\n")


def _dependency(name: str) -> dict[str, object]:
    return {
        "name": name,
        "req": "^1.0.0",
        "features": [],
        "optional": False,
        "default_features": True,
        "target": None,
        "kind": "normal",
    }


def _config(dl: str) -> str:
    return json.dumps({"dl": dl, "api": None})


def _fetch(home: Path, index: str, authority: Path | None = None) -> Turn:
    """Milliseconds of `cargo fetch` with an empty home."""
    package = home / "package"
    _put(package / "src" / "lib.rs", b"")

    def turn() -> float:
        for leftover in ("registry", ".package-cache", ".global-cache"):
            shutil.rmtree(home / "home" / leftover, ignore_errors=True)
        (package / "Cargo.lock").unlink(missing_ok=True)
        manifest = manifest_for("package", "0.1.0", "\n[dependencies]\n")
        _put(
            package / "Cargo.toml",
            (manifest + 'bench000 = { version = "1", registry = "b" }\n').encode(),
        )
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "CARGO_HOME": str(home / "home"),
            "CARGO_REGISTRIES_B_INDEX": f"sparse+{index}",
            **({"CARGO_HTTP_CAINFO": str(authority)} if authority else {}),
        }
        began = time.perf_counter()
        subprocess.run(
            [CARGO, "fetch", "--quiet"], cwd=package, env=environment, check=True, timeout=120
        )
        return (time.perf_counter() - began) * 1e3

    return turn


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
