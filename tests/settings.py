"""The settings of a test run: what an operator gets on a fresh folder, made quick and quiet.

What the environment says is set aside, so that a developer's shell cannot change a test; only
TEST_DATABASE_URL and TEST_REDIS_URL count (tests/run.py sets them).
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.environment_names import names_read

_folder = tempfile.mkdtemp(prefix="waybill-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
for _name in names_read():
    os.environ.pop(_name, None)
os.environ.update(DATA_DIR=_folder, SECRET_KEY="secret of the tests")
# All tests come from one address, and many of one repository; the limits have tests of their own.
os.environ.update(
    EXCHANGES_PER_ADDRESS="100000",
    EXCHANGES_PER_REPOSITORY="100000",
    FAILED_EXCHANGES_PER_REPOSITORY="100000",
)
# Otherwise a client of S3 asks the network for them.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
if _url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = _url
if _url := os.environ.get("TEST_REDIS_URL"):
    os.environ["REDIS_URL"] = f"{_url.rstrip('/')}/15"

from config.settings import *  # noqa: E402,F403
from config.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, because one in memory cannot be shared by threads as WAL mode lets them.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_folder) / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += "; PRAGMA synchronous = OFF"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Hashed names need collectstatic first; the plain ones do not.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
