"""Objects in a bucket of S3 or of a server that speaks its protocol."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from adapters.object_names import checked, checked_prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

_DOWNLOAD_SECONDS = 300
# Each request waits a few milliseconds for an answer.
_READERS = 8
_NOT_FOUND = frozenset({"404", "NoSuchKey", "NotFound"})


class S3ObjectStorage:
    """The ObjectStorage of an installation on many machines (see adapters.storages).

    Credentials come from where every AWS program takes them: `AWS_ACCESS_KEY_ID` and
    `AWS_SECRET_ACCESS_KEY`, a profile, or the machine's role.
    """

    def __init__(
        self, bucket: str, prefix: str = "", *, endpoint: str | None = None, region: str | None
    ) -> None:
        self._bucket = bucket
        self._prefix = checked_prefix(prefix)
        self._endpoint = endpoint
        self._region = region

    def write(
        self,
        name: str,
        content: bytes | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        cache_control: str = "no-cache",
        durable: bool = True,
    ) -> None:
        # S3 answers once an object is safe, so `durable` has nothing to add.
        with _os_errors(name):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._key(name),
                Body=content,
                ContentType=content_type,
                CacheControl=cache_control,
            )

    def flush(self) -> None:
        """There is nothing to wait for."""

    def open_read(self, name: str) -> BinaryIO:
        # Fetched as a whole, at most the size of an upload: it can seek like a file and holds
        # no connection.
        with _os_errors(name):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            return BytesIO(answer["Body"].read())

    def differing(self, objects: Iterable[tuple[str, bytes]]) -> Iterator[str]:
        with ThreadPoolExecutor(_READERS) as pool:
            for name, differs in pool.map(self._differs, objects):
                if differs:
                    yield name

    def _differs(self, wanted: tuple[str, bytes]) -> tuple[str, bool]:
        name, content = wanted
        try:
            with self.open_read(name) as file:
                return name, not content or file.read() != content
        except FileNotFoundError:
            return name, bool(content)

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return self._head(name)["ContentLength"]

    def modified_at(self, name: str) -> datetime:
        return self._head(name)["LastModified"]

    def delete(self, name: str) -> None:
        with _os_errors(name):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def walk(self, prefix: str = "") -> Iterator[str]:
        return self._walk(checked_prefix(prefix))

    def remove_unfinished(self, before: float) -> int:
        # An object is sent in one piece, of which S3 keeps the whole or nothing.
        return 0

    def local_path(self, name: str) -> Path | None:
        checked(name)
        return None

    def download_url(self, name: str) -> str | None:
        return self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": self._key(name)},
            ExpiresIn=_DOWNLOAD_SECONDS,
        )

    def _walk(self, folder: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + folder
        )
        with _os_errors(folder):
            for page in pages:
                for entry in page.get("Contents", []):
                    name = entry["Key"].removeprefix(self._prefix)
                    # Some browsers for S3 leave an empty object as the mark of a folder.
                    if not name.endswith("/"):
                        yield name

    def _head(self, name: str) -> "HeadObjectOutputTypeDef":
        with _os_errors(name):
            return self._client.head_object(Bucket=self._bucket, Key=self._key(name))

    def _key(self, name: str) -> str:
        return self._prefix + checked(name)

    @cached_property
    def _client(self) -> "S3Client":
        # A session of our own: boto3's default one may not be used by several threads at once.
        return Session().client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=self._region,
            config=Config(
                signature_version="s3v4",
                connect_timeout=3,
                read_timeout=20,
                retries={"mode": "standard", "total_max_attempts": 3},
                s3={"addressing_style": "path" if self._endpoint else "auto"},
                # Many servers other than Amazon's refuse the newer checksums in the body.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


@contextmanager
def _os_errors(name: str) -> Iterator[None]:
    """Raises what a file would: FileNotFoundError, or OSError when the bucket cannot answer."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_FOUND:
            raise FileNotFoundError(f"no object named {name!r} in storage") from None
        raise OSError(f"object storage refused {name!r}: {code}") from error
    except BotoCoreError as error:
        raise OSError(f"object storage did not answer for {name!r}") from error
