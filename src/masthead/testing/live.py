"""The application behind a real socket, for tests that need a browser or another process."""

import socket
import threading
import time
import tomllib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from masthead.conversation import spans_of
from masthead.ingest.door import Door
from masthead.model.conversation import Conversation
from masthead.model.ids import ProjectId, RunId
from masthead.settings import Settings
from masthead.wiring import opened

START_NS = 1_795_000_000_000_000_000
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class LiveServer:
    """Where the application answers, and its door."""

    url: str
    door: Door

    def put(self, project: str, *conversations: Conversation) -> None:
        """Bring runs in and wait until they can be read."""
        spans = {conversation.run_id: spans_of(conversation, start_ns=START_NS) for conversation in conversations}
        for sent in spans.values():
            self.door.accept(ProjectId(project), sent)
        self._wait_for(project, {run_id: len(sent) for run_id, sent in spans.items()})

    def send(self, project: str, body: bytes) -> None:
        """Send an OTLP body, JSON, as a program would."""
        headers = {"Content-Type": "application/json", "X-Masthead-Project": project}
        httpx.post(f"{self.url}/v1/traces", content=body, headers=headers).raise_for_status()

    def _wait_for(self, project: str, spans: Mapping[RunId, int]) -> None:
        headers = {"X-Masthead-Project": project}

        def are_there() -> bool:
            asked = {"run_ids": list(spans)}
            answer = httpx.post(f"{self.url}/api/v1/runs/exists", json=asked, headers=headers).raise_for_status()
            found: dict[str, int] = answer.json()["spans"]
            return all(found.get(run_id, 0) >= number for run_id, number in spans.items())

        _wait_until(are_there, f"{len(spans)} runs can be read")


@contextmanager
def live_server(data_dir: Path) -> Generator[LiveServer]:
    """Serve the application from a folder on a free port of the loopback."""
    settings = Settings(data_dir=data_dir, port=0)
    with opened(settings) as application, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(application.asgi, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            _wait_until(lambda: _answers(url), f"{url} answers")
            yield LiveServer(url, application.door)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def gateway_file(server: LiveServer, data_dir: Path, text: str) -> Generator[None]:
    """Let the server's gateway follow a configuration file while the block lasts; the file counts within a second."""
    path = data_dir / "gateway.toml"
    wanted = tomllib.loads(text).get("connections", {}).keys()

    def holds() -> bool:
        httpx.get(f"{server.url}/v1/models").raise_for_status()
        found = httpx.get(f"{server.url}/api/v1/gateway/config").raise_for_status().json()["file"]
        return found.get("connections", {}).keys() == wanted

    path.write_text(text)
    try:
        _wait_until(holds, "the configuration file counts")
        yield
    finally:
        path.unlink()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.TransportError:
        return False


def _wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {_PATIENCE_S} s until {what}")
        time.sleep(0.05)
