"""Open the span store: chDB in a folder, or a ClickHouse server by URL."""

from pathlib import Path

from masthead.store.traces.embedded import EmbeddedEngine
from masthead.store.traces.engine import Engine
from masthead.store.traces.migrate import migrate
from masthead.store.traces.store import TraceStore


def open_store(*, data_dir: Path, clickhouse_url: str | None = None, memory_mb: int = 512) -> TraceStore:
    """Open the store and bring its tables to this release's version.

    Raises:
        StoreBusy: another process owns the folder.
        StoreFull: the folder cannot be written.
        StoreDamaged: what is on disk cannot be read, or a newer release wrote it.
    """
    engine: Engine
    if clickhouse_url is None:
        engine = EmbeddedEngine(data_dir / "traces", memory_mb=memory_mb)
    else:
        # clickhouse-connect takes 0.1 s to import, which whoever uses chDB need not wait for.
        from masthead.store.traces.server import ServerEngine  # noqa: PLC0415 - measured, see above

        engine = ServerEngine(clickhouse_url)
    try:
        migrate(engine)
    except BaseException:
        engine.close()
        raise
    return TraceStore(engine)
