"""Hands bodies of records to a Masthead server over HTTP, from the shipper's thread. Blocks; one connection, kept."""

from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
import zstandard

from masthead.model.errors import InvalidInput, NotAllowed, NotFound, Overloaded, UpstreamError
from masthead.model.ids import ProjectId

_TIMEOUT_S: Final = 30.0
_PATH: Final = "/v1/traces"


class Server(NamedTuple):
    """Where a Masthead server listens, and what lets us in."""

    url: str
    token: str | None


FindServer = Callable[[], Server | None]
"""Says where the server is at present; None where none runs."""


class Shipper:
    """Ships to whichever server is found. Belongs to one thread."""

    def __init__(self, find_server: FindServer) -> None:
        self._find_server = find_server
        self._server: Server | None = None
        self._connection: HTTPConnection | None = None
        self._pack = zstandard.ZstdCompressor(level=1).compress

    def __call__(self, project: ProjectId, body: bytes) -> None:
        """Hand a body over.

        Raises:
            InvalidInput, NotFound: the server will never take it.
            UpstreamError, Overloaded, NotAllowed: not now.
        """
        connection = self._connected()
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "zstd",
            "X-Masthead-Project": project,
        }
        if self._server is not None and self._server.token:
            headers["Authorization"] = f"Bearer {self._server.token}"
        try:
            connection.request("POST", f"{urlsplit(self._server.url).path.rstrip('/') if self._server else ''}{_PATH}",
                               self._pack(body), headers)  # fmt: skip
            response = connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            self._disconnect()
            raise UpstreamError(f"the Masthead server cannot be reached: {error or type(error).__name__}") from error
        if response.status != 200:
            self._disconnect()
            raise _refusal(response.status, answer)
        _check_taken(answer)

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            self._server = self._find_server()
            if self._server is None:
                raise UpstreamError("no Masthead server runs that could take records; start one with masthead up")
            parts = urlsplit(self._server.url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            self._connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _refusal(status: int, answer: bytes) -> Exception:
    said = f"the Masthead server answered {status}: {answer[:300].decode('utf-8', 'replace')}"
    if status in {400, 413, 415}:
        return InvalidInput(said)
    if status == 404:
        return NotFound(said)
    if status in {401, 403}:
        return NotAllowed(said)
    return Overloaded(said, retry_after_s=5)


def _check_taken(answer: bytes) -> None:
    """Raise `InvalidInput` where the server took only some of the spans: the others will never be taken."""
    try:
        found = msgspec.json.decode(answer or b"{}", type=dict[str, dict[str, object]])
    except msgspec.DecodeError:
        return
    partial = found.get("partialSuccess") or {}
    if str(partial.get("rejectedSpans", "0")) != "0":
        raise InvalidInput(f"the Masthead server refused spans: {partial.get('errorMessage')}")
