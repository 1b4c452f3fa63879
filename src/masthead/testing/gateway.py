"""The gateway behind a real socket, in front of any upstream, with what it records kept in memory."""

import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import uvicorn

from masthead.clock import Clock, SystemClock
from masthead.gateway.alone import Alone
from masthead.gateway.call import Identity
from masthead.gateway.conduct import Conductor
from masthead.gateway.config import GatewayConfig
from masthead.gateway.http_server import PatientProtocol
from masthead.gateway.policy.health import Fleet
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.seams import Identify, Plugin, Seams
from masthead.gateway.secret import Secrets
from masthead.gateway.service import GatewayService
from masthead.gateway.tenants import Documents, Serving, Tenant
from masthead.gateway.upstream.pool import Http1Client
from masthead.gateway.upstream.port import UpstreamClient
from masthead.model.errors import MastheadError
from masthead.model.ids import ProjectId
from masthead.model.ports import Sink
from masthead.model.span import Span

PROJECT = ProjectId("default")
_PATIENCE_S = 60.0


@dataclass
class MemorySink:
    """Keeps spans; raises `failure` instead while there is one."""

    spans: list[Span] = field(default_factory=list[Span])
    failure: MastheadError | None = None

    def accept(self, project: ProjectId, spans: Sequence[Span]) -> None:  # noqa: ARG002 - the port's
        """Keep the spans."""
        if self.failure is not None:
            raise self.failure
        self.spans += spans


@dataclass(frozen=True)
class RunningGateway:
    """Where it listens, and what it recorded."""

    url: str
    """Without `/v1`."""
    service: GatewayService
    sink: MemorySink

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rsplit(":", 1)[1])

    def spans(self, count: int) -> list[Span]:
        """Wait until so many spans were recorded; return them."""
        wait_until(lambda: len(self.sink.spans) >= count, f"{count} spans are recorded")
        return list(self.sink.spans)


class OneForAll:
    """Serves every project in one way."""

    def __init__(self, config: GatewayConfig, seams: Seams, clock: Clock) -> None:
        tenant = Tenant(
            project=PROJECT,
            config=config,
            secrets=Secrets({}),
            fleet=Fleet(clock, config.breaker),
            recorder=seams.recorder,
        )
        conductor = Conductor(Http1Client(), clock, max_answer_bytes=config.max_answer_bytes)
        self._serving = Serving(tenant=tenant, config=config, seams=seams, conductor=conductor, routes={}, revision=0)

    def get(self, project: ProjectId) -> Serving | None:  # noqa: ARG002 - the port's
        """Return it."""
        return self._serving

    async def load(self, project: ProjectId) -> Serving:  # noqa: ARG002 - the port's
        """Return it."""
        return self._serving


async def anybody(_scope: Mapping[str, object]) -> Identity:
    """Let everybody in."""
    return Identity(PROJECT)


@contextmanager
def gateway_at(
    file: Path,
    *,
    sink: Sink | None = None,
    identify: Identify = anybody,
    plugins: tuple[Plugin, ...] = (),
    environment: Mapping[str, str] | None = None,
    head_s: float = 20.0,
    make_client: Callable[[], UpstreamClient] = Http1Client,
    documents: Documents | None = None,
) -> Generator[RunningGateway]:
    """Serve a configuration file on a free port of the loopback."""
    kept = MemorySink()
    clock = SystemClock()

    def make_seams(tenant: Tenant) -> Seams:
        return Seams(PolicyRouter(tenant.config, tenant.secrets, tenant.fleet, clock), tenant.recorder, plugins)

    service = GatewayService(
        file=file,
        make_seams=make_seams,
        identify=identify,
        sink=sink or kept,
        client=make_client(),
        clock=SystemClock(),
        documents=documents,
        environment=environment,
    )
    with served(service, kept, head_s=head_s) as running:
        yield running


@contextmanager
def served(service: GatewayService, sink: MemorySink, *, head_s: float = 20.0) -> Generator[RunningGateway]:
    """Serve a gateway on a free port of the loopback, and close it at the end."""
    protocol = type("Protocol", (PatientProtocol,), {"head_s": head_s})
    server = uvicorn.Server(
        uvicorn.Config(Alone(service, lambda: server.should_exit), http=protocol, log_level="error", lifespan="on")
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=partial(server.run, sockets=[listener]))
        thread.start()
        wait_until(lambda: server.started, "the gateway has started")
        try:
            yield RunningGateway(f"http://127.0.0.1:{listener.getsockname()[1]}", service, sink)
        finally:
            server.should_exit = True
            thread.join()
            service.close()


def config_file(folder: Path, upstream_url: str, more: str = "", connection: str = "") -> Path:
    """Write a configuration with one connection, `up`, to an upstream on the loopback."""
    path = folder / "gateway.toml"
    path.write_text(
        f'[connections.up]\nbase_url = "{upstream_url}"\nallow_networks = ["loopback"]\n{connection}\n{more}\n'
    )
    return path


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait, not for ever."""
    until = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {_PATIENCE_S} s until {what}")
        time.sleep(0.01)
