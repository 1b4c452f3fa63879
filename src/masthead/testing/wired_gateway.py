"""The gateway as it is wired for real (policy, limits, cache, shadows), on a free port, its records kept in memory."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import uvicorn

from masthead.clock import SystemClock
from masthead.gateway.alone import Alone
from masthead.gateway.http_server import PatientProtocol
from masthead.gateway.seams import Identify
from masthead.settings import Settings
from masthead.testing.gateway import MemorySink, RunningGateway, anybody, wait_until
from masthead.wiring_gateway import gateway_of


@contextmanager
def wired_gateway(folder: Path, configuration: str, *, identify: Identify = anybody) -> Generator[RunningGateway]:
    """Serve a configuration while the block lasts."""
    (folder / "gateway.toml").write_text(configuration)
    sink = MemorySink()
    service = gateway_of(Settings(data_dir=folder), sink, SystemClock(), identify)
    server = uvicorn.Server(
        uvicorn.Config(
            Alone(service, lambda: server.should_exit), http=PatientProtocol, log_level="error", lifespan="on"
        )
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
