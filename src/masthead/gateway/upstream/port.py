"""The port: one request to an upstream, its answer as it comes, and the ways in which it can fail."""

from typing import NamedTuple, Protocol

from masthead.gateway.call import FailureKind, Header, Timeouts
from masthead.model.errors import UpstreamError


class Origin(NamedTuple):
    """Where connections go to. `allowed_networks` is part of it: connections are not shared beyond what they allow."""

    scheme: str
    host: str
    port: int
    allowed_networks: tuple[str, ...] = ()


class UpstreamRequest(NamedTuple):
    """One request. `target` is path and query as they go on the wire."""

    method: str
    origin: Origin
    target: str
    headers: tuple[Header, ...]
    body: bytes
    timeouts: Timeouts


class UpstreamFailed(UpstreamError):
    """The upstream could not be asked, or broke off; `kind` says how.

    `said` is the beginning of what it answered. That may repeat what it was asked, so it is for the trace alone, where
    contents are recorded.
    """

    def __init__(self, message: str, *, kind: FailureKind, said: bytes = b"") -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.said = said


class UpstreamResponse(Protocol):
    """An answer whose head is here. Whoever got it reads it to its end or closes it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> list[Header]:
        """As they came, names in lower case."""
        ...

    async def read_some(self) -> bytes:
        """Return what has arrived of the body, waiting for something; nothing at the end; raise `UpstreamFailed`."""
        ...

    async def read(self, limit_bytes: int) -> bytes:
        """Return the rest of the body; raise `UpstreamFailed`, also where it is over the limit."""
        ...

    def close(self) -> None:
        """Be done with it; where it was not read to its end, its connection is closed at once."""
        ...


class UpstreamClient(Protocol):
    """Sends requests."""

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """Return once the answer's head is here; raise `UpstreamFailed`."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
