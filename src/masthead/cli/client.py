"""How a command reaches Masthead: the running server, or, when none runs, the application served to itself.

Either way it is the same HTTP interface, so a command behaves alike with and without a server.
"""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import msgspec

from masthead.clock import SystemClock
from masthead.model import naming
from masthead.model.errors import (
    Conflict,
    InvalidInput,
    MastheadError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Overloaded,
    StoreError,
    UpstreamError,
)
from masthead.settings import Settings

if TYPE_CHECKING:
    import uvicorn

    from masthead.wiring import Application

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_START_S = 30.0
_POLL_S = 0.05
_LOOKS = 1_200
"""How often runs that were accepted are looked for: a minute's worth."""
SERVER_FILE = "server.json"


class RunningServer(NamedTuple):
    """Where the server that owns a data folder listens, and the token that lets this user's commands in."""

    url: str
    pid: int
    token: str


@contextlib.contextmanager
def connect(settings: Settings, project: str | None = None) -> Generator[httpx.Client]:
    """Open a client of the running server, or of the application in this process when none runs.

    Raises:
        InvalidInput: the project is no id of one.
        StoreBusy: another process owns the data folder and does not answer.
    """
    if project is not None:
        naming.PROJECT.checked(project, where="--project")
    server = running_server(settings.data_dir)
    if server is not None:
        headers = _headers(server.token, project)
        with httpx.Client(base_url=server.url, headers=headers, timeout=_TIMEOUT, trust_env=False) as client:
            yield client
        return
    from masthead.wiring import opened  # noqa: PLC0415 - 1 s, which a command that finds a server need not wait

    with opened(settings) as application, _served(application) as socket:
        transport = httpx.HTTPTransport(uds=str(socket))
        headers = _headers(application.operator_token, project)
        with httpx.Client(
            transport=transport, base_url="http://localhost", headers=headers, timeout=_TIMEOUT
        ) as client:
            yield client


def running_server(data_dir: Path) -> RunningServer | None:
    """Return the server that owns the folder, where one answers."""
    try:
        server = msgspec.json.decode((data_dir / SERVER_FILE).read_bytes(), type=RunningServer)
        os.kill(server.pid, 0)  # asks whether the process lives, no more
        answer = httpx.get(f"{server.url}/health", timeout=5.0, trust_env=False)
        is_ours = answer.status_code == 200 and "version" in msgspec.json.decode(answer.content, type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, httpx.HTTPError):
        return None
    return server if is_ours else None


@contextlib.contextmanager
def announced(data_dir: Path, server: RunningServer) -> Generator[None]:
    """Leave word of the server for commands of this user, for as long as it runs."""
    path = data_dir / SERVER_FILE
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(server))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _served(application: "Application") -> Generator[Path]:
    import uvicorn  # noqa: PLC0415 - 0.1 s

    with tempfile.TemporaryDirectory(prefix="masthead-") as folder:
        socket = Path(folder) / "socket"
        config = uvicorn.Config(application.asgi, uds=str(socket), log_config=None, lifespan="on", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, name="masthead-server", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield socket
        finally:
            server.should_exit = True
            thread.join(_START_S)


def _wait_until_started(server: "uvicorn.Server", thread: threading.Thread) -> None:
    clock = SystemClock()
    until_s = clock.monotonic_s() + _START_S
    while not server.started:
        thread.join(0.005)
        if not thread.is_alive() or clock.monotonic_s() > until_s:
            raise StoreError("the application did not start; run `masthead doctor`")


def _headers(token: str, project: str | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"}
    return headers | {"X-Masthead-Project": project} if project else headers


def call(client: httpx.Client, method: str, path: str, **options: Any) -> Any:
    """Send a request and return the decoded JSON answer, None where there is no body.

    Raises:
        MastheadError: the subclass that the answer's status stands for, with the answer's own words.
    """
    try:
        response = client.request(method, path, **options)
    except httpx.HTTPError as error:
        message = f"the server at {client.base_url} did not answer ({error}); is it still running?"
        raise UpstreamError(message) from error
    check(response)
    return msgspec.json.decode(response.content) if response.content else None


def check(response: httpx.Response) -> None:
    """Raise what an error answer stands for.

    Raises:
        MastheadError: the subclass that the answer's status stands for, with the answer's own words.
    """
    if response.is_success:
        return
    response.read()
    try:
        problem: Mapping[str, Any] = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        problem = {}
    detail = str(problem.get("detail") or response.text or response.reason_phrase)
    raise _error(response.status_code, detail, problem.get("where"), response.headers.get("Retry-After"))


def _error(status: int, detail: str, where: str | None, retry_after: str | None) -> MastheadError:
    by_status: dict[int, type[MastheadError]] = {401: NotAuthenticated, 403: NotAllowed, 404: NotFound, 409: Conflict}
    if status in by_status:
        return by_status[status](detail)
    if status in {429, 503}:
        return Overloaded(detail, retry_after_s=int(retry_after or 1))
    if status == 507:
        return StoreError(detail)
    if 400 <= status < 500:
        return InvalidInput(detail.removeprefix(f"{where}: "), where=where)
    return UpstreamError(f"the server answered {status}: {detail}")


def pages(client: httpx.Client, path: str, params: Mapping[str, Any], *, limit: int) -> Iterator[dict[str, Any]]:
    """Yield up to `limit` items of a list, page by page."""
    cursor: str | None = None
    left = limit
    while left > 0:
        asked = {**params, "limit": min(left, 500), **({"cursor": cursor} if cursor else {})}
        answer = call(client, "GET", path, params=asked)
        yield from answer["items"]
        left -= len(answer["items"])
        cursor = answer["cursor"]
        if cursor is None:
            return


def wait_until_found(client: httpx.Client, spans: Mapping[str, int]) -> None:
    """Return once so many spans of each of these runs, which were accepted, can be found.

    Raises:
        UpstreamError: they cannot be found within a minute.
    """
    missing = sorted(spans)
    for _ in range(_LOOKS):
        found = call(client, "POST", "/api/v1/runs/exists", json={"run_ids": missing})["spans"]
        missing = [run_id for run_id in missing if found.get(run_id, 0) < spans[run_id]]
        if not missing:
            return
        time.sleep(_POLL_S)
    raise UpstreamError(
        f"{len(missing)} runs were accepted but are not to be found whole, {missing[0]} among them; "
        "see `masthead doctor`"
    )
