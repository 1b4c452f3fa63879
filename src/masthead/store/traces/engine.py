"""What the store needs of a target: run SQL with bound parameters, and insert a block."""

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Protocol, TypeVar

import msgspec

from masthead.store.traces.bind import Params

T = TypeVar("T")


class Engine(Protocol):
    """One ClickHouse database, in the process or on a server. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """`chdb` or `clickhouse`."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether other processes may append to the same database."""
        ...

    @property
    def erasures(self) -> int:
        """How often rows were erased through this object; whoever keeps sums in memory forgets them when it grows."""
        ...

    @property
    def rewriting(self) -> Lock:
        """Held while spans and their summaries are written, and while rows are erased or given another date.

        It protects the agreement of the tables with each other and with what the ledger remembers.
        """
        ...

    def erased(self) -> None:
        """Note that rows were erased."""
        ...

    def query(self, sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        """Run a query and return its result in the named output format."""
        ...

    def stream(self, sql: str, params: Params, *, output: str) -> Iterator[bytes]:
        """Yield a result of any size in the named output format."""
        ...

    def insert(self, table: str, block: bytes | Sequence[bytes], *, token: str | None, is_unique: bool = False) -> None:
        """Insert a Native block, whole or in pieces, once for each token where there is one.

        `is_unique` says that no row is there twice, so that the target need not look (3.5 µs a span).

        `table` and the names of the block's columns come from this package.
        """
        ...

    def close(self) -> None:
        """Let go of every connection, and of the folder where there is one."""
        ...


def fetch(engine: Engine, row: type[T], sql: str, params: Params) -> list[T]:
    """Return the result as rows of type `row`, whose fields are the query's columns in order."""
    return msgspec.json.Decoder(row).decode_lines(engine.query(sql, params))
