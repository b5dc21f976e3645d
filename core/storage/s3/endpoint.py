"""One S3 endpoint: the client, who it signs for, how its errors read, and how many requests may be under way.

Every request of Shelver goes through `Endpoint.call`. Credentials come from the profile or the environment, as boto3
finds them; they are never read, kept or shown here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
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

    was_repeated = False
    """Whether the request was made more than once: an earlier one may have been carried out, its answer lost."""


class Endpoint:
    """A remote as a client. Safe to share among threads of one process."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.throttle = Throttle()
        self.requests = 0
        """Requests made so far, for the month's budget; tries again count too."""
        self._counting = threading.Lock()
        self._of_thread = threading.local()

    @property
    def is_aws(self) -> bool:
        """Whether it is Amazon's own."""
        endpoint = self.remote.endpoint
        return not endpoint or endpoint.rstrip("/").endswith((".amazonaws.com", ".amazonaws.com.cn"))

    @cached_property
    def client(self) -> BaseClient:
        """The boto3 client, made when first asked for. Raises RemoteRefused where the profile is not there."""
        return self._made(TRIES)

    @cached_property
    def _hasty(self) -> BaseClient:
        """A client that makes no request twice."""
        return self._made(1)

    def _made(self, tries: int) -> BaseClient:
        import boto3  # noqa: PLC0415 - half a second and 20 MB, for those alone who have a bucket
        import botocore.session  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        remote = self.remote
        # Other makers refuse the checksums that boto3 adds by itself since 1.36 (R2, B2, older MinIO).
        checksums = "when_supported" if self.is_aws else "when_required"
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": tries},
            max_pool_connections=MOST,
            s3={"addressing_style": "path" if remote.path_style else "auto"},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
        )
        try:
            below = botocore.session.get_session()
            parsers = below.get_component("response_parser_factory")
            parsers.set_parser_defaults(timestamp_parser=parsed_time)
            session = boto3.Session(
                botocore_session=below, profile_name=remote.profile or None, region_name=remote.region or None
            )
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
        params["headers"].update(getattr(self._of_thread, "headers", {}))

    @contextmanager
    def headers(self, **more: str) -> Iterator[None]:
        """Add headers that boto3 does not know to this thread's requests (`a_b="c"`: `a-b: c`)."""
        self._of_thread.headers = {name.replace("_", "-"): value for name, value in more.items()}
        try:
            yield
        finally:
            self._of_thread.headers = {}

    @contextmanager
    def trying_once(self) -> Iterator[None]:
        """Make no failed request of this thread again: it was tried on purpose, and an error tells enough."""
        self._of_thread.is_hasty = True
        try:
            yield
        finally:
            self._of_thread.is_hasty = False

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Make one request, as the client's method of that name, and return its answer.

        Raises SourceMissing, PreconditionFailed, Archived, RemoteRefused (403: nothing else will work, either),
        RemoteUnreachable, IoFailed for what else the endpoint answers.
        """
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # noqa: PLC0415

        client = self._hasty if getattr(self._of_thread, "is_hasty", False) else self.client
        with self.throttle.slot():
            try:
                answer: dict[str, Any] = getattr(client, operation)(**arguments)
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
            failed = PreconditionFailed()
            failed.was_repeated = was_repeated(answer)
            return failed
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
        for name in ("client", "_hasty"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()


def was_repeated(answer: Mapping[str, Any]) -> bool:
    """Tell whether the request that an answer is for was made more than once."""
    return bool(answer.get("ResponseMetadata", {}).get("RetryAttempts"))


def parsed_time(told: Any) -> datetime:
    """Return a time as an answer tells it. Listings tell 1,000 of them in ISO 8601, which need no guessing."""
    if isinstance(told, str) and told[4:5] == "-":
        with suppress(ValueError):
            return datetime.fromisoformat(told)
    from botocore.utils import parse_timestamp  # noqa: PLC0415

    found: datetime = parse_timestamp(told)
    return found
