"""One S3 endpoint: the client, who it signs for, how its errors read, and how many requests may be under way.

Every request of Shelver goes through `Endpoint.call`. Credentials come from the profile or the environment, as boto3
finds them; they are never read, kept or shown here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.config.models import Remote
from core.errors import (
    Archived,
    DestinationTaken,
    IoFailed,
    RemoteRefused,
    RemoteUnreachable,
    SourceMissing,
    StorageError,
)
from core.storage.s3.throttle import MOST, Throttle

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_SECONDS = 10
READ_SECONDS = 60
TRIES = 5
"""How often one request is made at most, the first time included."""

_MISSING = {"NoSuchKey", "404", "NotFound", "NoSuchVersion"}
_GONE = {"NoSuchBucket"}
_PRECONDITION = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_BUSY = {"SlowDown", "503", "ServiceUnavailable", "TooManyRequests", "429", "RequestLimitExceeded", "Throttling"}
_REFUSED = {
    "AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
    "RequestTimeTooSkewed", "AccountProblem", "AllAccessDisabled", "Unauthorized", "401",
}  # fmt: skip


class PreconditionFailed(DestinationTaken):
    """what is there is not what was expected"""


class Endpoint:
    """A remote as a client. Safe to share among threads of one process."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.throttle = Throttle()
        self.requests = 0
        """Requests made so far, for the month's budget; tries again count too."""
        self._counting = threading.Lock()
        self._headers = threading.local()

    @property
    def is_aws(self) -> bool:
        """Whether it is Amazon's own."""
        endpoint = self.remote.endpoint
        return not endpoint or endpoint.rstrip("/").endswith((".amazonaws.com", ".amazonaws.com.cn"))

    @cached_property
    def client(self) -> BaseClient:
        """The boto3 client, made when first asked for. Raises RemoteRefused where the profile is not there."""
        import boto3  # noqa: PLC0415 - half a second and 20 MB, for those alone who have a bucket
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        remote = self.remote
        # Other makers refuse the checksums that boto3 adds by itself since 1.36 (R2, B2, older MinIO).
        checksums = "when_supported" if self.is_aws else "when_required"
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=MOST,
            s3={"addressing_style": "path" if remote.path_style else "auto"},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
        )
        try:
            session = boto3.Session(profile_name=remote.profile or None, region_name=remote.region or None)
            client = session.client(
                "s3",
                endpoint_url=remote.endpoint or None,
                region_name=remote.region or session.region_name or "us-east-1",
                config=config,
            )
        except (BotoCoreError, ValueError) as error:
            raise RemoteRefused(f"{remote.name or 'S3'}: {error}") from None
        client.meta.events.register("before-send.s3", self._count)
        client.meta.events.register("before-call.s3", self._add_headers)
        return client

    def _count(self, **_: Any) -> None:
        with self._counting:
            self.requests += 1

    def _add_headers(self, params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(getattr(self._headers, "more", {}))

    @contextmanager
    def headers(self, **more: str) -> Iterator[None]:
        """Add headers that boto3 does not know to this thread's requests (`a_b="c"`: `a-b: c`)."""
        self._headers.more = {name.replace("_", "-"): value for name, value in more.items()}
        try:
            yield
        finally:
            self._headers.more = {}

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Make one request, as the client's method of that name, and return its answer.

        Raises SourceMissing, PreconditionFailed, Archived, RemoteRefused (403: nothing else will work, either),
        RemoteUnreachable, IoFailed for what else the endpoint answers.
        """
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # noqa: PLC0415

        with self.throttle.slot():
            try:
                answer: dict[str, Any] = getattr(self.client, operation)(**arguments)
            except ClientError as error:
                raise self._meant(error.response) from None
            except ParamValidationError:
                raise IoFailed("the endpoint takes no such name") from None
            except BotoCoreError as error:
                raise self._unreachable(error) from None
        self.throttle.went_well()
        return answer

    def _meant(self, answer: Mapping[str, Any]) -> StorageError:
        code = str(answer.get("Error", {}).get("Code", ""))
        status = str(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        told = {code, status} - {""}
        if code in _GONE:
            return RemoteUnreachable("the bucket is not there")
        if code == "InvalidObjectState":
            return Archived()
        if told & _PRECONDITION:
            return PreconditionFailed()
        if told & _BUSY:
            self.throttle.was_too_much()
            return RemoteUnreachable("it asks for fewer requests")
        if told & _MISSING:
            return SourceMissing()
        if told & _REFUSED:
            return RemoteRefused(f"{self.remote.name or 'S3'} answers {code or status}")
        return IoFailed(f"the endpoint answers {code or status}")

    def _unreachable(self, error: Exception) -> StorageError:
        from botocore.exceptions import (  # noqa: PLC0415
            CredentialRetrievalError,
            NoCredentialsError,
            PartialCredentialsError,
            TokenRetrievalError,
        )

        name = self.remote.name or "S3"
        unknown = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, TokenRetrievalError)
        if isinstance(error, unknown):
            return RemoteRefused(f"{name}: no credentials were found (profile or environment)")
        return RemoteUnreachable(f"{name}: {type(error).__name__}")

    def close(self) -> None:
        """Let go of the connections."""
        if "client" in self.__dict__:
            self.client.close()
            del self.__dict__["client"]
