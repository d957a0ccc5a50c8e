"""Django's settings, built from the environment alone; one file for every installation."""

from datetime import timedelta
from pathlib import Path

from config.environment import read_environment
from config.mail import mail_settings
from config.queue import filesystem_broker

ENVIRONMENT = read_environment()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = ENVIRONMENT.data_dir

# --- Addresses ----------------------------------------------------------------

PUBLIC_URL = ENVIRONMENT.public_url
INDEX_URL = ENVIRONMENT.index_url
AUDIENCES = (ENVIRONMENT.audience,)
FOREIGN_REGISTRIES = ENVIRONMENT.foreign_registries
# Host headers are not used to build addresses: PUBLIC_URL is.
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = ["/".join(PUBLIC_URL.split("/")[:3])]
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
    "rest_framework",
    "drf_spectacular",
    "accounts",
    "registry",
    "trustpub",
    # Last, because its templates extend ours.
    "accounts.github",
]
MIDDLEWARE = [
    "accounts.middleware.RequestIdMiddleware",
    "accounts.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.UserAgentMiddleware",
    "accounts.read_only.ReadOnlyMiddleware",
    "accounts.middleware.LockedAccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.PrivateModeMiddleware",
    "accounts.middleware.RefusalMiddleware",
]
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

SQLITE_OPTIONS = {
    # Writers queue for the lock at BEGIN instead of failing in the middle.
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": (
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000"
    ),
}
DATABASES = {
    "default": {
        **ENVIRONMENT.database,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": SQLITE_OPTIONS if ENVIRONMENT.on_sqlite else {},
    }
}
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
LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = "UTC"
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
SOCIALACCOUNT_ONLY = True
SOCIALACCOUNT_ADAPTER = "accounts.github_login.SocialAccountAdapter"
# Kept by accounts.github_login instead, which encrypts them.
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
GITHUB_URL = ENVIRONMENT.github_url
GITHUB_API_URL = ENVIRONMENT.github_api_url
GITHUB_LOGIN = bool(ENVIRONMENT.github_client_id and ENVIRONMENT.github_client_secret)
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
    }
}
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
        "accounts.authentication.ApiTokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "accounts.api.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
# A publish may also come from a CI job; the dotted path keeps registry free of trustpub.
PUBLISH_AUTHENTICATION = (
    "trustpub.authentication.PublishTokenAuthentication",
    "accounts.authentication.ApiTokenAuthentication",
)
# Whose tokens open a private registry for reading; the first that knows the token decides.
READ_AUTHENTICATION = (
    "trustpub.authentication.publish_token_of",
    "accounts.authentication.api_token_of",
)
SPECTACULAR_SETTINGS = {
    "TITLE": "Waybill",
    "DESCRIPTION": "The registry's web API: crates.io's contract and what Waybill adds.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVERS": [{"url": PUBLIC_URL}],
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

# --- Downloads ----------------------------------------------------------------

COUNT_DOWNLOADS = ENVIRONMENT.count_downloads
# What the web processes of this machine counted and the worker has not folded in yet.
DOWNLOADS_DIR = DATA_DIR / "downloads"

# --- Trusted publishing -------------------------------------------------------

TRUSTED_PUBLISHING = True
PUBLISH_TOKEN_LIFETIME = timedelta(minutes=15)
KEY_SET_SOFT_AGE = timedelta(minutes=15)
KEY_SET_HARD_AGE = timedelta(hours=24)
KEY_SET_COOLDOWN = timedelta(seconds=60)
UNPINNED_PUBLISHER_LIFETIME = timedelta(days=7)
PENDING_PUBLISHER_LIFETIME = timedelta(days=30)
PENDING_PUBLISHERS_PER_USER = 20
PUBLISHERS_PER_CRATE = 5
# Attempts per minute: before a token is verified by address and issuer, afterwards by repository.
EXCHANGES_PER_ADDRESS = 600
EXCHANGES_PER_ISSUER = 3000
EXCHANGES_PER_REPOSITORY = 300
FAILED_EXCHANGES_PER_REPOSITORY = 100
REGISTRATIONS_PER_DAY = 100

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
CELERY_BEAT_SCHEDULE = {
    "sweep the index outbox": {"task": "registry.sweep_index", "schedule": 15.0},
    "remove files of deleted crates": {"task": "registry.sweep_deleted", "schedule": 900.0},
    "fold in what was downloaded": {"task": "registry.fold_downloads", "schedule": 60.0},
    "refresh issuers' keys": {"task": "trustpub.refresh_key_sets", "schedule": 600.0},
    "expire publishers": {"task": "trustpub.expire", "schedule": 3600.0},
    "delete what trusted publishing no longer needs": {
        "task": "trustpub.clean_up",
        "schedule": 3600.0,
    },
    "delete full buckets": {"task": "registry.delete_full_buckets", "schedule": 3600.0},
    "delete old rate windows": {"task": "accounts.delete_old_rate_windows", "schedule": 900.0},
}

# --- What `doctor` checks, by dotted path; registry stays free of trustpub this way -----

CHECKUP = (
    "registry.operations.checkup.machine.switches",
    "registry.operations.checkup.machine.secret_key",
    "registry.operations.checkup.machine.disk",
    "registry.operations.checkup.machine.sqlite_library",
    "registry.operations.checkup.data.database",
    "registry.operations.checkup.data.migrations",
    "registry.operations.checkup.data.cached",
    "registry.operations.checkup.data.stored_objects",
    "registry.operations.checkup.work.queue",
    "registry.operations.checkup.work.worker_and_clock",
    "registry.operations.checkup.work.jobs",
    "registry.operations.checkup.work.mail",
    "registry.operations.checkup.front.public_url",
    "registry.operations.checkup.front.certificate",
    "registry.operations.checkup.front.proxies",
    "trustpub.operations.checkup.issuers",
)

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

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "accounts.request_context.RequestIdFilter"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Every answered "no" would be a line; the audit log and metrics tell them better.
        "django.request": {"level": "ERROR"},
    },
}
