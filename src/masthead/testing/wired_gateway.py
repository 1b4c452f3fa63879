"""The gateway as it is wired for real (policy, limits, cache, shadows), on a free port, its records kept in memory."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from masthead.clock import SystemClock
from masthead.gateway.seams import Identify
from masthead.settings import Settings
from masthead.testing.gateway import MemorySink, RunningGateway, anybody, served
from masthead.wiring_gateway import gateway_of


@contextmanager
def wired_gateway(folder: Path, configuration: str, *, identify: Identify = anybody) -> Generator[RunningGateway]:
    """Serve a configuration while the block lasts."""
    (folder / "gateway.toml").write_text(configuration)
    sink = MemorySink()
    with served(gateway_of(Settings(data_dir=folder), sink, SystemClock(), identify), sink) as running:
        yield running
