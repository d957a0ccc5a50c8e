"""Django's settings, built from the environment alone; one file for every installation."""

from datetime import timedelta
from pathlib import Path

from config import middleware, wiring
from config.browser_addresses import origin, passkey_host
from config.checkup import CHECKS
from config.databases import database_settings
from config.environment import read_environment
from config.error_reports import report_errors
from config.logs import logs
from config.mail import mail_settings
from config.queue import filesystem_broker
from config.timetable import TIMETABLE

ENVIRONMENT = read_environment()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = ENVIRONMENT.data_dir

# --- Addresses ----------------------------------------------------------------

PUBLIC_URL = ENVIRONMENT.public_url
PUBLIC_ORIGIN = origin(PUBLIC_URL)
INDEX_URL = ENVIRONMENT.index_url
AUDIENCES = (ENVIRONMENT.audience,)
FORMER_AUDIENCE = ENVIRONMENT.former_audience
FOREIGN_REGISTRIES = ENVIRONMENT.foreign_registries
# Host headers are not used to build addresses: PUBLIC_URL is.
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# Cargo never follows a redirect of an API call.
APPEND_SLASH = False

# --- Applications -------------------------------------------------------------

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "accounts",
    "registry",
    "trustpub",
    # Last, because their templates extend ours.
    "accounts.github",
    "accounts.openid_connect",
]
MIDDLEWARE = middleware.PASSED
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.site",
            ],
        },
    },
]

# --- Data ---------------------------------------------------------------------

DATABASES = {"default": database_settings(ENVIRONMENT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STORAGE_URL = ENVIRONMENT.storage_url
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
if ENVIRONMENT.redis_url:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": ENVIRONMENT.redis_url,
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
        }
    }

# --- Pages --------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.bundle.BundleFinder",
]
# The style sheets of the components, and where the one file is kept that is made of them.
STYLES_DIR = BASE_DIR / "static" / "css"
BUNDLE_DIR = DATA_DIR / "bundle"
LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = "UTC"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from GitHub.
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
if PUBLIC_URL.startswith("https://"):
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_HSTS_SECONDS = 31_536_000
    # TLS ends at the proxy in front; only loopback proxies can reach the default HOST.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Of forms and of JSON; the publish frame is streamed and has limits of its own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# For config.slow_bodies, in the processes that `make serve` starts on this port.
PORT = ENVIRONMENT.port
BODY_TIMEOUT = ENVIRONMENT.body_timeout
# Threads of a web process that may wait at once for what is no upload.
BODY_WAITERS = max(1, ENVIRONMENT.web_threads // 2)

# --- People -------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/dashboard"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_ADAPTER = "accounts.github_login.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ADAPTER = "accounts.github_login.SocialAccountAdapter"
# Kept by accounts.github_login instead, which encrypts them.
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
GITHUB_URL = ENVIRONMENT.github_url
GITHUB_API_URL = ENVIRONMENT.github_api_url
# Id and secret of the OAuth app, empty where there is none.
GITHUB_CLIENT = (ENVIRONMENT.github_client_id or "", ENVIRONMENT.github_client_secret or "")
GITHUB_LOGIN = all(GITHUB_CLIENT)
OIDC_ISSUER = ENVIRONMENT.oidc_issuer
OIDC_NAME = ENVIRONMENT.oidc_name
OIDC_LOGIN = OIDC_ISSUER is not None
SOCIALACCOUNT_PROVIDERS = {
    "github": {
        # Teams own crates; who is in one is for its members to see.
        "SCOPE": ["user:email", "read:org"],
        "APPS": [
            {
                "client_id": ENVIRONMENT.github_client_id,
                "secret": ENVIRONMENT.github_client_secret,
                "key": "",
            }
        ]
        if GITHUB_LOGIN
        else [],
    },
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                # In the addresses of the flow and in the rows of who signed in.
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": ENVIRONMENT.oidc_client_id,
                "secret": ENVIRONMENT.oidc_client_secret,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_LOGIN
        else [],
    },
}
# Whose pictures of people pages may show, which tells those sites who looks.
AVATAR_SITES = ENVIRONMENT.avatar_sites
# Whom letters and the policies name to people who have seen an attack; "" is nobody.
SECURITY_CONTACT = ENVIRONMENT.security_contact
# Attempts per minute.
SIGN_INS_PER_ADDRESS = 120
MFA_ADAPTER = "accounts.second_factor.SealedFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# None where browsers keep no passkeys, and then nobody is offered any.
PASSKEY_HOST = passkey_host(PUBLIC_URL)
REQUIRE_SECOND_FACTOR = ENVIRONMENT.require_second_factor
# How long after a proof of who somebody is they may change what gives others power.
STEP_UP_LIFETIME = timedelta(minutes=10)
DEV_LOGIN = ENVIRONMENT.dev_login
TRUSTED_PROXIES = ENVIRONMENT.trusted_proxies
AUTH_REQUIRED = ENVIRONMENT.auth_required
READ_ONLY = ENVIRONMENT.read_only
REQUIRE_USER_AGENT = ENVIRONMENT.require_user_agent
# Without Redis the counts of rate limits live in the database.
REDIS_LIMITS = ENVIRONMENT.redis_url is not None
TOKEN_PREFIX = ENVIRONMENT.token_prefix

# --- API ----------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.SessionAuthentication",
        "trustpub.authentication.PublishTokenReads",
        "accounts.authentication.ApiTokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "accounts.api.negotiation.AlwaysJson",
    # `format` is a parameter like any other.
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "accounts.api.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
PUBLISH_AUTHENTICATION = wiring.PUBLISH_AUTHENTICATION
READ_AUTHENTICATION = wiring.READ_AUTHENTICATION
END_LEAKED_PUBLISH_TOKENS = wiring.END_LEAKED_PUBLISH_TOKENS
AGREES_TO_OPEN = wiring.AGREES_TO_OPEN
FORGET_WISH_TO_OPEN = wiring.FORGET_WISH_TO_OPEN
SHORTCUTS = wiring.SHORTCUTS
NAME_HOLDER = wiring.NAME_HOLDER
PUBLISHING_WORKFLOWS = wiring.PUBLISHING_WORKFLOWS
METRICS_COLLECTORS = wiring.METRICS_COLLECTORS
MODERATION_QUEUES = wiring.MODERATION_QUEUES
SPECTACULAR_SETTINGS = {
    "TITLE": "Waybill",
    "DESCRIPTION": "The registry's web API: crates.io's contract and what Waybill adds.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVERS": [{"url": PUBLIC_URL}],
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_PATCH": False,
    "POSTPROCESSING_HOOKS": ["config.openapi.complete"],
}

# --- Publishing ---------------------------------------------------------------

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_ARCHIVE_ENTRIES = 8192
MAX_FEATURES = 300
MAX_DEPENDENCIES = 500
# Action -> (burst, seconds for one more), for each person or publisher.
RATE_LIMITS = ENVIRONMENT.rate_limits
MAX_NEW_VERSIONS_DAILY = ENVIRONMENT.max_new_versions_daily

# Roots of trust; without any, no attestation is taken.
ATTESTATION_TRUST_ROOTS = ENVIRONMENT.attestation_trust_roots
GITHUB_ATTESTATIONS = ENVIRONMENT.github_attestations

# --- Owners -------------------------------------------------------------------

OWNER_INVITATIONS = ENVIRONMENT.owner_invitations
OWNER_INVITATION_LIFETIME = timedelta(days=ENVIRONMENT.owner_invitation_days)

# Of one person; a report of each crate may be open at once.
REPORTS_PER_DAY = 10

# --- Downloads ----------------------------------------------------------------

COUNT_DOWNLOADS = ENVIRONMENT.count_downloads
# What the web processes of this machine counted and the worker has not folded in yet.
DOWNLOADS_DIR = DATA_DIR / "downloads"
# So many of the most downloaded a search ranks, and so many each tier holds (decision 0034).
SEARCH_MAX_FOUND = 1000
SEARCH_TIERS = (
    *(1_500, 2_000, 2_600, 3_500, 4_600, 6_000, 8_000, 11_000),
    *(14_000, 18_500, 24_500, 32_000, 64_000, 128_000),
)
# How much is done at once (docs/jobs.md): crates, index lines, counts; of a log bytes, lines, days.
CRATES_AT_ONCE, INDEX_LINES_AT_ONCE, COUNTS_PER_STATEMENT = 500, 5000, 20_000
LOG_BYTES_AT_ONCE, LOG_LINES_AT_ONCE, LOG_COUNTS_AT_ONCE = 2 * 1024 * 1024, 60_000, 100_000

# --- Trusted publishing -------------------------------------------------------

TRUSTED_PUBLISHING = True
# How exchanges on this machine ended, until the worker adds them up for /metrics.
NOTES_DIR = DATA_DIR / "exchanges"
# What CI jobs fetch to run beside cargo.
CREDENTIAL_PROGRAM = BASE_DIR / "credential" / "cargo_credential_waybill.py"
PUBLISH_TOKEN_LIFETIME = timedelta(minutes=ENVIRONMENT.trustpub["PUBLISH_TOKEN_MINUTES"])
# Of a CI job that only reads from a private registry: builds take longer than publishing.
READ_TOKEN_LIFETIME = timedelta(minutes=60)
KEY_SET_SOFT_AGE = timedelta(minutes=15)
KEY_SET_HARD_AGE = timedelta(hours=24)
KEY_SET_COOLDOWN = timedelta(seconds=60)
# One request for discovery or keys, all in all.
KEY_FETCH_SECONDS = 5.0
# Threads of a web process that may wait for an issuer at once; the others serve everything else.
KEY_WAITERS = max(1, ENVIRONMENT.web_threads // 2)
UNPINNED_PUBLISHER_LIFETIME = timedelta(days=7)
PENDING_PUBLISHER_LIFETIME = timedelta(days=30)
# Unexpired at once; an organisation's teams share theirs.
PENDING_PUBLISHERS_PER_USER = ENVIRONMENT.trustpub["PENDING_PUBLISHERS_PER_USER"]
PENDING_PUBLISHERS_PER_ORGANIZATION = ENVIRONMENT.trustpub["PENDING_PUBLISHERS_PER_ORGANIZATION"]
PUBLISHERS_PER_CRATE = 5
# How long owners can notice a publisher that a thief added before it works.
NEW_PUBLISHER_DELAY = timedelta(0)
# The same where only CI may publish, and for switching that off.
TRUSTPUB_ONLY_DELAY = timedelta(hours=24)
# Where only CI may publish, another owner has to agree to what opens that.
SECOND_OWNER_CONSENT = ENVIRONMENT.second_owner_consent
# What names of pending publishers begin with that nobody else may publish; "" is every name.
HELD_NAMES = ENVIRONMENT.held_names
# No API token publishes anything here.
TRUSTED_PUBLISHING_ONLY = ENVIRONMENT.trusted_publishing_only
# Provider -> what a new publisher asks of a job, unless it says otherwise. On GitLab any job of
# the pipeline file can ask for a token, so the natural defence is on from the start.
DEFAULT_RULES: dict[str, dict[str, object]] = {"gitlab": {"refs": "protected"}}
# Attempts per minute: before a token is verified by address and issuer, afterwards by repository.
EXCHANGES_PER_ADDRESS = ENVIRONMENT.trustpub["EXCHANGES_PER_ADDRESS"]
EXCHANGES_PER_ISSUER = ENVIRONMENT.trustpub["EXCHANGES_PER_ISSUER"]
EXCHANGES_PER_REPOSITORY = ENVIRONMENT.trustpub["EXCHANGES_PER_REPOSITORY"]
FAILED_EXCHANGES_PER_REPOSITORY = ENVIRONMENT.trustpub["FAILED_EXCHANGES_PER_REPOSITORY"]
# Of publishers, and of pending publishers: for each person, and for each address.
REGISTRATIONS_PER_DAY = ENVIRONMENT.trustpub["REGISTRATIONS_PER_DAY"]
FORGE_LOOKUPS_PER_MINUTE = ENVIRONMENT.trustpub["FORGE_LOOKUPS_PER_MINUTE"]
# Evidence for owners and administrators, and then personal data that nobody needs.
KEEP_REFUSED_EXCHANGES = timedelta(days=ENVIRONMENT.trustpub["KEEP_REFUSED_EXCHANGES_DAYS"])
KEEP_EXPIRED_TOKENS = timedelta(days=ENVIRONMENT.trustpub["KEEP_EXPIRED_TOKENS_DAYS"])
KEEP_ADDRESSES = timedelta(days=ENVIRONMENT.trustpub["KEEP_ADDRESSES_DAYS"])

# --- Jobs ---------------------------------------------------------------------

if ENVIRONMENT.redis_url:
    CELERY_BROKER_URL = ENVIRONMENT.redis_url
    # A Redis that is away must not hold up the request that queues a letter.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
else:
    CELERY_BROKER_URL = "files://localhost/"
    CELERY_BROKER_TRANSPORT_OPTIONS = filesystem_broker(DATA_DIR)
# Nobody asks a worker questions from afar, and each would be a message.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "queue" / "timetable")
CELERY_BEAT_SCHEDULER = "config.clock:Clock"
CELERY_BEAT_SCHEDULE = TIMETABLE
# What `doctor` runs.
CHECKUP = CHECKS

# --- Mail ---------------------------------------------------------------------

(
    EMAIL_BACKEND,
    EMAIL_FILE_PATH,
    EMAIL_HOST,
    EMAIL_PORT,
    EMAIL_HOST_USER,
    EMAIL_HOST_PASSWORD,
    EMAIL_USE_SSL,
    EMAIL_USE_TLS,
) = mail_settings(ENVIRONMENT)
DEFAULT_FROM_EMAIL = f"Waybill <noreply@{ENVIRONMENT.audience.split('/')[0].rsplit(':', 1)[0]}>"

# --- Logging ------------------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER = "accounts.log_redaction.RedactingReporter"
LOGGING = logs(ENVIRONMENT.log_format)
LOG_REQUESTS = ENVIRONMENT.log_requests
report_errors(ENVIRONMENT.sentry_dsn)
