import gzip
import json
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.http import USER_AGENT, OutgoingError, fetch_json
from tests.adapters.conftest import Script, Serve
from tests.ports import free_port

# Less than who says nothing of a limit is given (five seconds), and much more than is asked for.
SOON = 4.5


def answering(
    content: bytes, *, status: str = "200 OK", headers: str = "", heard: list[bytes] | None = None
) -> Script:
    def script(connection: socket.socket) -> None:
        request = read_request(connection)
        if heard is not None:
            heard.append(request)
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        connection.sendall(head.encode() + content)

    return script


def read_request(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def refusal(url: str, **options: object) -> OutgoingError:
    with pytest.raises(OutgoingError) as caught:
        fetch_json(url, **{"allow_private": True, **options})  # type: ignore[arg-type]
    return caught.value


def test_it_reads_json_whatever_its_content_type(serve: Serve) -> None:
    url = serve(answering(b'{"keys": []}', headers="Content-Type: text/html\r\nETag: x\r\n"))

    answer = fetch_json(f"{url}/keys", allow_private=True)

    assert (answer.status, answer.body) == (200, {"keys": []})
    assert answer.headers["etag"] == "x"


def test_it_asks_as_itself_for_the_path_and_query(serve: Serve) -> None:
    heard: list[bytes] = []
    url = serve(answering(b"1", heard=heard))

    fetch_json(f"{url}/a/b?c=d#e", allow_private=True, headers={"X-Question": "why"})

    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /a/b?c=d HTTP/1.1"
    assert f"Host: {url.removeprefix('http://')}" in lines
    assert f"User-Agent: {USER_AGENT}" in lines
    assert "X-Question: why" in lines
    assert USER_AGENT.startswith("waybill/")


def test_it_posts_a_body(serve: Serve) -> None:
    heard: list[bytes] = []
    url = serve(answering(b"{}", status="201 Created", heard=heard))

    answer = fetch_json(url, allow_private=True, method="POST", body=b"a=1")

    assert answer.status == 201
    assert heard[0].startswith(b"POST / HTTP/1.1")
    assert heard[0].endswith(b"\r\n\r\na=1")


def test_it_takes_no_proxy_from_the_environment(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve(answering(b'"direct"'))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    answer = fetch_json(url, allow_private=True)

    assert answer.body == "direct"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect"])
def test_it_follows_no_redirect(serve: Serve, status: str) -> None:
    heard: list[bytes] = []
    elsewhere = serve(answering(b"{}", heard=heard))
    url = serve(answering(b"{}", status=status, headers=f"Location: {elsewhere}\r\n"))

    error = refusal(url)

    assert (error.retryable, error.status) == (False, int(status[:3]))
    assert "redirect" in str(error)
    assert heard == []


@pytest.mark.parametrize(
    ("status", "retryable"),
    [("404 Not Found", False), ("403 Forbidden", False), ("429 Slow down", True), ("503 x", True)],
)
def test_it_tells_the_status_of_a_refusal(serve: Serve, status: str, retryable: bool) -> None:
    url = serve(answering(b'{"message": "no"}', status=status))

    error = refusal(url)

    assert (error.status, error.retryable) == (int(status[:3]), retryable)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"{", b"\xff\xfe\xff", b"[" * 100_000, b"1" * 5000]
)
def test_it_refuses_what_is_not_json(serve: Serve, content: bytes) -> None:
    url = serve(answering(content))

    error = refusal(url)

    assert not error.retryable
    assert "not JSON" in str(error)


def test_it_accepts_an_answer_of_just_the_size_limit(serve: Serve) -> None:
    content = json.dumps("x" * 98).encode()
    url = serve(answering(content))

    answer = fetch_json(url, allow_private=True, max_bytes=100)

    assert answer.body == "x" * 98


def test_it_refuses_an_answer_above_the_size_limit(serve: Serve) -> None:
    url = serve(answering(json.dumps("x" * 99).encode()))

    error = refusal(url, max_bytes=100)

    assert not error.retryable
    assert "more than 100 bytes" in str(error)


def test_it_counts_the_size_after_decompression(serve: Serve) -> None:
    bomb = gzip.compress(json.dumps("x" * 10_000_000).encode())
    url = serve(answering(bomb, headers="Content-Encoding: gzip\r\n"))

    error = refusal(url)

    assert "more than 262144 bytes" in str(error)


def test_it_stops_reading_an_endless_answer(serve: Serve) -> None:
    def endless(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    error = refusal(serve(endless))

    assert "more than 262144 bytes" in str(error)


def drip_body(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def drip_headers(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def drip_until_closed(connection: socket.socket) -> None:
    """An answer without a length, which is valid JSON wherever it is cut."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def say_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@pytest.mark.parametrize("script", [drip_body, drip_headers, drip_until_closed, say_nothing])
def test_it_gives_up_at_the_total_time_limit(serve: Serve, script: Script) -> None:
    url = serve(script)
    started = time.monotonic()

    error = refusal(url, total_timeout=0.3)

    assert time.monotonic() - started < SOON
    assert error.retryable
    assert "too long" in str(error)


def test_a_handshake_counts_against_the_total_time_limit(serve: Serve) -> None:
    url = serve(say_nothing).replace("http://", "https://")
    started = time.monotonic()

    error = refusal(url, total_timeout=0.3)

    assert time.monotonic() - started < SOON
    assert error.retryable


def test_an_answer_that_breaks_off_is_worth_another_try(serve: Serve) -> None:
    def break_off(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":')

    error = refusal(serve(break_off))

    assert error.retryable
    assert error.status is None


def test_a_closed_port_is_worth_another_try() -> None:
    error = refusal(f"http://127.0.0.1:{free_port()}/")

    assert error.retryable


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_it_connects_to_no_private_address_unless_allowed(serve: Serve, host: str) -> None:
    connections: list[socket.socket] = []
    port = serve(connections.append).rpartition(":")[2]

    error = refusal(f"https://{host}:{port}/", allow_private=False)

    assert not error.retryable
    assert "not an address of the public internet" in str(error)
    assert connections == []


def test_it_does_not_show_the_address_behind_a_name(serve: Serve) -> None:
    url = serve(answering(b"{}")).replace("127.0.0.1", "localhost")

    error = refusal(url, allow_private=False)

    assert "127.0.0.1" not in str(error)


def test_it_asks_other_machines_by_https_only() -> None:
    error = refusal("http://10.255.255.1/")

    assert "https" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com",
        "https://",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://user:secret@example.com/",
        "https://example.com/ HTTP/1.1",
        "https://example.com/\r\nX: y",
        "https://exämple.com/",
    ],
)
def test_it_refuses_a_url_that_is_not_plain(url: str) -> None:
    error = refusal(url)

    assert not error.retryable
    assert "secret" not in str(error)


def test_it_keeps_a_broken_header_value_to_itself(serve: Serve) -> None:
    error = refusal(serve(answering(b"{}")), headers={"Authorization": "Bearer secret\r\nX: y"})

    assert "Authorization" in str(error)
    assert "secret" not in str(error)


@pytest.fixture
def tls_server(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An https server whose certificate, trusted by this process, is for 127.0.0.1 only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = tmp_path / "server.pem"
    chain.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            answering(b'"safe"')(secure)

    return serve(script).replace("http://", "https://")


def test_it_accepts_a_certificate_for_the_host_of_the_url(tls_server: str) -> None:
    answer = fetch_json(tls_server, allow_private=True)

    assert answer.body == "safe"


def test_it_refuses_a_certificate_for_another_host(tls_server: str) -> None:
    error = refusal(tls_server.replace("127.0.0.1", "localhost"))

    assert not error.retryable
    assert "certificate" in str(error)


def test_it_refuses_a_certificate_that_nobody_trusts(
    tls_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    error = refusal(tls_server)

    assert not error.retryable
    assert "certificate" in str(error)
