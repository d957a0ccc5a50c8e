import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.environment import Environment, read_environment
from config.environment_values import InvalidEnvironment, is_loopback
from config.former_audience import FormerAudience


def read(tmp_path: Path, **variables: str) -> Environment:
    return read_environment({"DATA_DIR": str(tmp_path), **variables})


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    environment = read(tmp_path)

    assert environment.public_url == "http://127.0.0.1:8000"
    assert environment.audience == "127.0.0.1:8000"
    assert environment.index_url == "sparse+http://127.0.0.1:8000/index/"
    assert environment.database["NAME"] == str(tmp_path / "waybill.sqlite3")
    assert environment.storage_url == f"file://{tmp_path}/storage"
    assert (environment.debug, environment.dev_login, environment.auth_required) == (False,) * 3


@pytest.mark.parametrize(
    ("url", "audience"),
    [
        ("https://reg.example", "reg.example"),
        ("https://reg.example/", "reg.example"),
        ("https://reg.example:8443/cargo/", "reg.example:8443/cargo"),
        ("http://localhost:8000", "localhost:8000"),
    ],
)
def test_the_audience_is_the_address_without_its_scheme(
    tmp_path: Path, url: str, audience: str
) -> None:
    assert read(tmp_path, PUBLIC_URL=url).audience == audience


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "reg.example"),
        ("PUBLIC_URL", "ftp://reg.example"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://user:pw@reg.example"),
        ("PUBLIC_URL", "https://reg.example?x=1"),
        ("PUBLIC_URL", "https://reg.example:port"),
        ("PUBLIC_URL", "https://reg.example:99999"),
        ("PUBLIC_URL", "https://[::1"),
        ("PUBLIC_URL", "https://reg example"),
        ("PUBLIC_URL", "https://reg.example\nX: y"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "٨"),
        ("PORT", "9" * 5000),
        ("SECURITY_CONTACT", "nobody"),
        ("SECURITY_CONTACT", "a@example.com, b@example.com"),
        ("SECURITY_CONTACT", "http://example.com/security"),
        ("SECURITY_CONTACT", "https://me@example.com/"),
        ("SECURITY_CONTACT", "a@example.com\nBcc: b@example.com"),
        ("AVATAR_SITES", "avatars.example"),
        ("AVATAR_SITES", "http://avatars.example"),
        ("AVATAR_SITES", "https://avatars.example/u"),
        ("AVATAR_SITES", "https://avatars.example;script-src"),
        ("AVATAR_SITES", "https://avatars.example:443"),
        ("AVATAR_SITES", "https://*"),
        ("OIDC_ISSUER", "http://login.example"),
        ("OIDC_ISSUER", "login.example"),
        ("REQUIRE_SECOND_FACTOR", "always"),
        ("DEBUG", "maybe"),
        ("OWNER_INVITATIONS", "ask"),
        ("OWNER_INVITATION_DAYS", "0"),
        ("AUTH_REQUIRED", "2"),
        ("REQUIRE_USER_AGENT", "yes please"),
        ("RATE_LIMITER_PUBLISH_NEW_BURST", "0"),
        ("RATE_LIMITER_YANK_UNYANK_RATE_SECONDS", "1.5"),
        ("MAX_NEW_VERSIONS_DAILY", "-1"),
        ("ATTESTATION_TRUST_ROOT", "/etc/waybill/a.json b.json"),
        ("COUNT_DOWNLOADS", "no!"),
        ("WEB_WORKERS", "0"),
        ("WEB_THREADS", "many"),
        ("DATABASE_URL", "mysql://db/waybill"),
        ("DATABASE_URL", "postgres://db"),
        ("DATABASE_URL", "postgres://db:port/waybill"),
        ("DATABASE_URL", "postgres://[db/waybill"),
        ("DATABASE_URL", "sqlite://"),
        ("REDIS_URL", "http://redis"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://redis:port/0"),
        ("REDIS_URL", "redis://[redis"),
        ("STORAGE_URL", "/srv/crates"),
        ("STORAGE_URL", "file://srv/crates"),
        ("STORAGE_URL", "s3://"),
        ("STORAGE_URL", "s3://bucket?colour=red"),
        ("STORAGE_URL", "s3://[bucket"),
        ("EMAIL_URL", "mail.example"),
        ("EMAIL_URL", "smtp://mail.example:port"),
        ("GITHUB_URL", "github.com"),
        ("GITHUB_API_URL", "github.com"),
        ("PUBLISH_TOKEN_MINUTES", "4"),
        ("PUBLISH_TOKEN_MINUTES", "61"),
        ("FORMER_AUDIENCE", "crates.old.example"),
        ("FORMER_AUDIENCE", "https://crates.old.example until 2027-03-31"),
        ("FORMER_AUDIENCE", "crates.old.example/ until 2027-03-31"),
        ("FORMER_AUDIENCE", "crates.old.example until 2027-02-30"),
        ("FORMER_AUDIENCE", "a b until 2027-03-31"),
        ("TOKEN_PREFIX", "Wbl"),
        ("TOKEN_PREFIX", "a_b"),
        ("TOKEN_PREFIX", "x" * 13),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidEnvironment) as stopped:
        read(tmp_path, **{name: value})

    line = str(stopped.value)
    assert line.startswith(f"{name}: ")
    assert f"for example {name}=" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("PUBLIC_URL", "https://user:pass-word@reg.example", "pass-word"),
        ("DATABASE_URL", "postgres://user:pass-word@db", "pass-word"),
        ("REDIS_URL", "http://:pass-word@redis", "pass-word"),
        ("EMAIL_URL", "pop://user:pass-word@mail", "pass-word"),
        ("STORAGE_URL", "s3://key:pass-word@bucket?colour=red", "pass-word"),
    ],
)
def test_a_complaint_does_not_repeat_a_password(
    tmp_path: Path, name: str, value: str, secret: str
) -> None:
    with pytest.raises(InvalidEnvironment) as stopped:
        read(tmp_path, **{name: value})

    assert secret not in str(stopped.value)


@pytest.mark.parametrize("text", ["1", "true", "YES", " on "])
def test_a_switch_may_be_said_in_words(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, DEBUG=text).debug


def test_postgresql_may_be_reached_by_socket(tmp_path: Path) -> None:
    database = read(tmp_path, DATABASE_URL="postgres:///way%20bill?host=/run/pg").database

    assert (database["NAME"], database["HOST"]) == ("way bill", "/run/pg")


def test_the_api_of_an_enterprise_server_lies_below_its_address(tmp_path: Path) -> None:
    assert read(tmp_path).github_api_url == "https://api.github.com"
    assert (
        read(tmp_path, GITHUB_URL="https://git.example/").github_api_url
        == "https://git.example/api/v3"
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "reg.example", "127.0.0.1.evil"])
def test_dev_login_is_for_loopback_only(tmp_path: Path, host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(InvalidEnvironment, match="without a password"):
        read(tmp_path, DEV_LOGIN="1", HOST=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"])
def test_dev_login_is_there_on_loopback(tmp_path: Path, host: str) -> None:
    assert read(tmp_path, DEV_LOGIN="1", HOST=host).dev_login


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    first, again = (read(folder, SECRET_KEY="").secret_key for _ in range(2))

    assert first == again
    assert len(first) >= 50
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: read(tmp_path).secret_key, range(8)))

    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidEnvironment, match=r"DATA_DIR.*cannot be written"):
        read(tmp_path / "file" / "data")


def test_limits_are_generous_and_can_be_those_of_crates_io(tmp_path: Path) -> None:
    usual = read(tmp_path)
    public = read(
        tmp_path, RATE_LIMITER_PUBLISH_NEW_BURST="5", RATE_LIMITER_PUBLISH_NEW_RATE_SECONDS="600"
    )

    # Who fills a registry of their own publishes hundreds of crates with one token.
    assert usual.rate_limits["publish-new"][0] >= 300
    assert public.rate_limits["publish-new"] == (5, 600)
    assert public.rate_limits["publish-update"] == usual.rate_limits["publish-update"]
    assert usual.max_new_versions_daily is None


@pytest.mark.parametrize("value", ["", "security@example.com", "https://example.com/security?x"])
def test_attacks_are_told_to_a_mailbox_or_a_page(tmp_path: Path, value: str) -> None:
    assert read(tmp_path, SECURITY_CONTACT=f" {value} ").security_contact == value


def test_exchanges_are_limited_as_on_a_public_registry(tmp_path: Path) -> None:
    usual = read(tmp_path).trustpub
    own_runners = read(tmp_path, EXCHANGES_PER_ADDRESS="600").trustpub

    assert usual["EXCHANGES_PER_ADDRESS"] == 60
    assert usual["EXCHANGES_PER_REPOSITORY"] == 30
    assert usual["FAILED_EXCHANGES_PER_REPOSITORY"] == 10
    assert own_runners["EXCHANGES_PER_ADDRESS"] == 600


def test_a_former_audience_has_a_last_day(tmp_path: Path) -> None:
    former = read(tmp_path, FORMER_AUDIENCE="old.example:8443 until 2027-03-31").former_audience

    assert former == FormerAudience("old.example:8443", datetime(2027, 4, 1, tzinfo=UTC))
    assert read(tmp_path).former_audience is None


@pytest.mark.parametrize(("value", "counts"), [("", True), ("1", True), ("0", False)])
def test_downloads_are_counted_unless_somebody_else_does(
    tmp_path: Path, value: str, counts: bool
) -> None:
    assert read(tmp_path, COUNT_DOWNLOADS=value).count_downloads is counts


@pytest.mark.parametrize("missing", ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"])
def test_a_provider_without_its_client_stops_the_start(tmp_path: Path, missing: str) -> None:
    client = {"OIDC_CLIENT_ID": "waybill", "OIDC_CLIENT_SECRET": "x", missing: ""}

    with pytest.raises(InvalidEnvironment, match=f"^{missing}: "):
        read(tmp_path, OIDC_ISSUER="https://login.example", **client)


def test_a_provider_on_loopback_may_do_without_tls(tmp_path: Path) -> None:
    client = {"OIDC_CLIENT_ID": "waybill", "OIDC_CLIENT_SECRET": "x"}

    environment = read(tmp_path, OIDC_ISSUER="http://127.0.0.1:9000/", **client)

    assert environment.oidc_issuer == "http://127.0.0.1:9000"
    assert environment.oidc_name == "single sign-on"
