"""Reads and checks every environment variable once; the rest of the code sees one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from config.browser_addresses import is_site
from config.environment_values import (
    InvalidEnvironment,
    contact,
    flag,
    http_url,
    is_loopback,
    networks,
    optional_url,
    split,
    whole_number,
)
from config.former_audience import FormerAudience, read_former_audience
from config.secret_key import kept_secret
from config.trustpub_numbers import TRUSTPUB_NUMBERS


@dataclass(frozen=True, slots=True)
class Environment:
    """What the operator chose; every field is named after its variable."""

    # The address that users and cargo see, without a trailing slash.
    public_url: str
    # Where `make serve` listens.
    host: str
    port: int
    # SQLite file, stored crates, index files, static files, secret key.
    data_dir: Path
    # Django's DATABASES["default"], without engine-specific options.
    database: Mapping[str, str | int | None]
    # PostgreSQL is reached through a pooler that gives each transaction another connection.
    database_pooler: bool
    # Cache, limits and queue; None means embedded equivalents.
    redis_url: str | None
    # file:///path or s3://bucket/prefix?endpoint=...&region=...
    storage_url: str
    secret_key: str
    debug: bool
    # None means one .eml file per letter below data_dir.
    email_url: str | None
    # Where people tell of attacks: an e-mail or https address, named in letters; or "".
    security_contact: str
    github_client_id: str | None
    github_client_secret: str | None
    github_url: str
    github_api_url: str
    # The company's own sign-in, any OpenID Connect provider; None hides it.
    oidc_issuer: str | None
    oidc_client_id: str
    oidc_client_secret: str
    # What the button says after "Sign in with".
    oidc_name: str
    # Sign-in without a password, for a developer's own machine only.
    dev_login: bool
    # Whoever adds owners, publishers or tokens in a browser needs a second factor.
    require_second_factor: bool
    # Sites, as scheme, host and port, from which pages may show people's pictures.
    avatar_sites: tuple[str, ...]
    # Reads need a token too.
    auth_required: bool
    # Reads go on, and nothing can be changed over the network.
    read_only: bool
    # Web processes count downloads; off where access logs are counted instead.
    count_downloads: bool
    # Versions come from CI alone; no API token publishes.
    trusted_publishing_only: bool
    web_workers: int
    web_threads: int
    # Seconds that a request's body may take, and more only while it keeps coming.
    body_timeout: int
    # Whose X-Forwarded-For header is believed.
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    # First letters of every token, so that a leak can be traced to this registry.
    token_prefix: str
    # Action -> (burst, seconds for one more); how often one person may publish and yank.
    rate_limits: Mapping[str, tuple[int, int]]
    # Of one crate in 24 hours, whoever publishes; None means no limit.
    max_new_versions_daily: int | None
    # What trusted publishing allows, and how long it keeps what; named as in TRUSTPUB_NUMBERS.
    trustpub: Mapping[str, int]
    # Of the address before a move, which CI jobs may go on asking for until a day; or None.
    former_audience: FormerAudience | None
    # Where only CI may publish, two owners have to agree to what opens that.
    second_owner_consent: bool
    # A pending publisher holds names that begin so; "" is every name.
    held_names: tuple[str, ...]
    # Whoever is added as an owner is asked first.
    owner_invitations: bool
    owner_invitation_days: int
    # `text` or `json`; None means text on a terminal and JSON elsewhere.
    log_format: str | None
    # A line for each request that no plain file answered.
    log_requests: bool
    # Where errors are reported to; None means nowhere.
    sentry_dsn: str | None
    # Every request must say which program it comes from.
    require_user_agent: bool
    # Files with roots of trust for attestations; none means that no attestation is taken.
    attestation_trust_roots: tuple[Path, ...]
    # GitHub is asked whether it holds attestations of what its jobs published.
    github_attestations: bool
    # Index addresses of other registries that dependencies may name.
    foreign_registries: tuple[str, ...]

    @property
    def audience(self) -> str:
        """The `aud` that a CI job must ask for: the public address without its scheme."""
        return self.public_url.split("://", 1)[1]

    @property
    def on_sqlite(self) -> bool:
        return str(self.database["ENGINE"]).endswith("sqlite3")

    @property
    def index_url(self) -> str:
        """The index as cargo names it in a manifest and in its configuration."""
        return f"sparse+{self.public_url}/index/"


# Far above crates.io's: whoever fills a registry of their own publishes hundreds of crates.
RATE_LIMITS = {
    "publish-new": (500, 10),
    "publish-update": (1000, 1),
    "yank-unyank": (1000, 1),
    # Each takes some milliseconds of a processor.
    "attest": (1000, 1),
}
S3_OPTIONS = frozenset({"endpoint", "region"})
CRATES_IO_INDEX = (
    "https://github.com/rust-lang/crates.io-index",
    "sparse+https://index.crates.io/",
)


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Every variable of the operator interface, checked; raises InvalidEnvironment."""
    env = os.environ if variables is None else variables
    host = env.get("HOST") or "127.0.0.1"
    port = whole_number(env, "PORT", default=8000, lowest=1, highest=65535)
    data_dir = Path(env.get("DATA_DIR") or "var").absolute()
    cores = os.cpu_count() or 1
    dev_login = flag(env, "DEV_LOGIN")
    if dev_login and not is_loopback(host):
        raise InvalidEnvironment(
            "DEV_LOGIN", f"signs people in without a password, but HOST is {host}", "0"
        )
    return Environment(
        public_url=_public_url(env, port),
        host=host,
        port=port,
        data_dir=data_dir,
        database=_database(env, data_dir),
        database_pooler=flag(env, "DATABASE_POOLER"),
        redis_url=optional_url(env, "REDIS_URL", ("redis", "rediss"), "redis://127.0.0.1:6379/0"),
        storage_url=_storage_url(env, data_dir),
        secret_key=env.get("SECRET_KEY") or _kept_secret(data_dir),
        debug=flag(env, "DEBUG"),
        email_url=optional_url(env, "EMAIL_URL", ("smtp", "smtps"), "smtp://user:pw@mail:587"),
        security_contact=contact(env, "SECURITY_CONTACT"),
        github_client_id=env.get("GITHUB_CLIENT_ID") or None,
        github_client_secret=env.get("GITHUB_CLIENT_SECRET") or None,
        github_url=http_url(env, "GITHUB_URL", "https://github.com"),
        github_api_url=http_url(env, "GITHUB_API_URL", _api_of(env)),
        oidc_issuer=_oidc_issuer(env),
        oidc_client_id=env.get("OIDC_CLIENT_ID") or "",
        oidc_client_secret=env.get("OIDC_CLIENT_SECRET") or "",
        oidc_name=env.get("OIDC_NAME") or "single sign-on",
        dev_login=dev_login,
        require_second_factor=flag(env, "REQUIRE_SECOND_FACTOR"),
        avatar_sites=_sites(env, "AVATAR_SITES"),
        auth_required=flag(env, "AUTH_REQUIRED"),
        read_only=flag(env, "READ_ONLY"),
        count_downloads=flag(env, "COUNT_DOWNLOADS", default=True),
        trusted_publishing_only=flag(env, "TRUSTED_PUBLISHING_ONLY"),
        web_workers=whole_number(env, "WEB_WORKERS", default=min(cores, 4), lowest=1, highest=256),
        web_threads=whole_number(env, "WEB_THREADS", default=8, lowest=1, highest=1024),
        body_timeout=whole_number(env, "BODY_TIMEOUT", default=60, lowest=1, highest=3600),
        trusted_proxies=networks(env, "TRUSTED_PROXIES"),
        token_prefix=_token_prefix(env),
        rate_limits={action: _rate_limit(env, action) for action in RATE_LIMITS},
        max_new_versions_daily=whole_number(
            env, "MAX_NEW_VERSIONS_DAILY", default=0, lowest=0, highest=1_000_000
        )
        or None,
        trustpub={
            name: whole_number(env, name, default=default, lowest=lowest, highest=highest)
            for name, (default, lowest, highest) in TRUSTPUB_NUMBERS.items()
        },
        former_audience=read_former_audience(env),
        second_owner_consent=flag(env, "SECOND_OWNER_CONSENT", default=True),
        held_names=_held_names(env),
        owner_invitations=flag(env, "OWNER_INVITATIONS", default=True),
        owner_invitation_days=whole_number(
            env, "OWNER_INVITATION_DAYS", default=30, lowest=1, highest=3650
        ),
        log_format=_log_format(env),
        log_requests=flag(env, "LOG_REQUESTS"),
        sentry_dsn=optional_url(
            env, "SENTRY_DSN", ("https", "http"), "https://key@sentry.example.com/1"
        ),
        require_user_agent=flag(env, "REQUIRE_USER_AGENT"),
        attestation_trust_roots=_trust_roots(env),
        github_attestations=flag(env, "GITHUB_ATTESTATIONS"),
        foreign_registries=tuple(
            (env.get("FOREIGN_REGISTRIES") or " ".join(CRATES_IO_INDEX)).split()
        ),
    )


def _held_names(env: Mapping[str, str]) -> tuple[str, ...]:
    """`1` for all names, `0` for none, or what the names of one's own begin with."""
    words = (env.get("HOLD_PENDING_NAMES") or "0").split()
    if words in (["0"], ["1"]):
        return ("",) if words == ["1"] else ()
    for word in words:
        if not (word.isascii() and word[0].isalpha() and word.replace("-", "_").isidentifier()):
            raise InvalidEnvironment(
                "HOLD_PENDING_NAMES", f"{word[:40]!r} is not how a crate's name begins", "acme-"
            )
    return tuple(words)


def _trust_roots(env: Mapping[str, str]) -> tuple[Path, ...]:
    """What is in the files is read later, since it may change while the registry runs."""
    paths = tuple(map(Path, (env.get("ATTESTATION_TRUST_ROOT") or "").split()))
    for path in paths:
        if not path.is_absolute():
            raise InvalidEnvironment(
                "ATTESTATION_TRUST_ROOT",
                f"{str(path)[:100]!r} is no absolute path",
                "/etc/waybill/trusted_root.json",
            )
    return paths


def _rate_limit(env: Mapping[str, str], action: str) -> tuple[int, int]:
    prefix = f"RATE_LIMITER_{action.replace('-', '_').upper()}"
    burst, seconds = RATE_LIMITS[action]
    return (
        whole_number(env, f"{prefix}_BURST", default=burst, lowest=1, highest=1_000_000),
        whole_number(env, f"{prefix}_RATE_SECONDS", default=seconds, lowest=1, highest=86_400),
    )


def _public_url(env: Mapping[str, str], port: int) -> str:
    return http_url(env, "PUBLIC_URL", f"http://127.0.0.1:{port}")


def _api_of(env: Mapping[str, str]) -> str:
    """GitHub Enterprise Server answers its API below its own address."""
    web = (env.get("GITHUB_URL") or "").rstrip("/")
    return f"{web}/api/v3" if web and web != "https://github.com" else "https://api.github.com"


def _oidc_issuer(env: Mapping[str, str]) -> str | None:
    """Whoever answers at this address says who people are, so nobody may stand in between."""
    if not env.get("OIDC_ISSUER"):
        return None
    example = "https://login.example.com"
    value = http_url(env, "OIDC_ISSUER", example)
    parts = urlsplit(value)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise InvalidEnvironment("OIDC_ISSUER", "it must be an https address", example)
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if not env.get(name):
            raise InvalidEnvironment(name, "it is empty, and OIDC_ISSUER is set", "waybill")
    return value


def _storage_url(env: Mapping[str, str], data_dir: Path) -> str:
    value = env.get("STORAGE_URL") or f"file://{data_dir}/storage"
    example = "file:///srv/waybill"
    parts = split("STORAGE_URL", value, example)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return value
    if parts.scheme != "s3" or not parts.netloc:
        raise InvalidEnvironment(
            "STORAGE_URL", "it is neither file:///folder nor s3://bucket", example
        )
    if "@" in parts.netloc:
        raise InvalidEnvironment(
            "STORAGE_URL", "credentials belong into AWS_ACCESS_KEY_ID and its companion", example
        )
    if unknown := dict(parse_qsl(parts.query)).keys() - S3_OPTIONS:
        raise InvalidEnvironment("STORAGE_URL", f"there is no option {min(unknown)!r}", example)
    return value


def _database(env: Mapping[str, str], data_dir: Path) -> Mapping[str, str | int | None]:
    value = env.get("DATABASE_URL") or f"sqlite:///{data_dir}/waybill.sqlite3"
    example = "postgres://waybill@127.0.0.1/waybill"
    parts = split("DATABASE_URL", value, example)
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme == "sqlite" and name:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(name).absolute())}
    if parts.scheme in {"postgres", "postgresql"} and name:
        options = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "adapters.postgresql",
            "NAME": name,
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or options.get("host", "")),
            "PORT": parts.port or "",
        }
    raise InvalidEnvironment(
        "DATABASE_URL", "it is neither sqlite:////path/file nor postgres://user@host/name", example
    )


def _sites(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """They become part of the content policy, so nothing but a site may be in them."""
    example = "https://avatars.githubusercontent.com"
    sites = (env.get(name) or "").split()
    for site in sites:
        parts = split(name, site, example)
        is_safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
        if not (is_safe and is_site(site)):
            raise InvalidEnvironment(
                name, f"{site[:100]!r} is no https site without a path", example
            )
    return tuple(sites)


def _token_prefix(env: Mapping[str, str]) -> str:
    value = env.get("TOKEN_PREFIX") or "wbl"
    if not (value.isascii() and value.isalnum() and value.islower() and len(value) <= 12):
        raise InvalidEnvironment(
            "TOKEN_PREFIX", f"{value!r} is not 1 to 12 lower-case letters and digits", "wbl"
        )
    return value


def _log_format(env: Mapping[str, str]) -> str | None:
    value = env.get("LOG_FORMAT") or None
    if value not in {None, "text", "json"}:
        raise InvalidEnvironment("LOG_FORMAT", f"{value[:40]!r} is neither text nor json", "json")
    return value


def _kept_secret(data_dir: Path) -> str:
    try:
        return kept_secret(data_dir)
    except OSError as error:
        raise InvalidEnvironment(
            "DATA_DIR", f"{data_dir} cannot be written ({error.strerror})", "/var/lib/waybill"
        ) from None
