"""What the store holds and runs on, for `doctor`."""

from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.port import TableSize

_SIZES = """
SELECT table, sum(rows), sum(bytes_on_disk), sum(data_uncompressed_bytes), count()
FROM system.parts
WHERE active AND database = currentDatabase()
GROUP BY table
ORDER BY table
"""


def sizes(engine: Engine) -> list[TableSize]:
    """Return each table's rows and size on disk; rows not yet merged away count."""
    return fetch(engine, TableSize, _SIZES, {})


def version(engine: Engine) -> str:
    """Name the engine and its version."""
    return f"{engine.name} {fetch(engine, tuple[str], 'SELECT version()', {})[0][0]}"
