"""A ClickHouse server by URL, through `clickhouse-connect`: the same SQL, the same tables."""

import hashlib
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect as driver
from clickhouse_connect.driver import httputil
from clickhouse_connect.driver.exceptions import ClickHouseError

from masthead.model.errors import SettingsError
from masthead.store.traces.bind import Params, literal
from masthead.store.traces.failures import store_error

_PIECE_BYTES = 1024 * 1024
_CONNECTIONS = 16


class ServerEngine:
    """One database on a ClickHouse server, which other processes may use as well."""

    name = "clickhouse"
    is_shared = True

    def __init__(self, url: str) -> None:
        """Connect; the URL reads `clickhouse://user:password@host:8123/database`, `clickhouses://` for TLS.

        Raises:
            SettingsError: the URL cannot be read.
            StoreError: the server does not answer, or refuses.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"clickhouse", "clickhouses", "http", "https"} or not parts.hostname:
            raise SettingsError(
                f"MASTHEAD_CLICKHOUSE_URL has scheme {parts.scheme!r} and host {parts.hostname!r}: "
                "write clickhouse://user:password@host:8123/database"
            )
        is_secure = parts.scheme in {"clickhouses", "https"}
        self.erasures = 0
        self.rewriting = Lock()
        """See `Engine`."""
        self._where = f"{parts.hostname}:{parts.port or (8443 if is_secure else 8123)}"
        library: Any = driver
        try:
            self._client: Any = library.get_client(
                host=parts.hostname,
                port=parts.port or (8443 if is_secure else 8123),
                username=unquote(parts.username or "default"),
                password=unquote(parts.password or ""),
                database=parts.path.strip("/") or "default",
                interface="https" if is_secure else "http",
                autogenerate_session_id=False,
                form_encode_query_params=True,
                pool_mgr=_pool(),
            )
        except ClickHouseError as error:
            raise store_error(str(error), where=self._where) from error

    def query(self, sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        """Run a query and return its result in the named output format."""
        try:
            result: bytes = self._client.raw_query(sql, parameters=literal(params), fmt=output, settings=_EXACT)
        except ClickHouseError as error:
            raise store_error(str(error), where=self._where) from error
        return result

    def stream(self, sql: str, params: Params, *, output: str) -> Iterator[bytes]:
        """Yield a result of any size as it comes."""
        try:
            with self._client.raw_stream(sql, parameters=literal(params), fmt=output, settings=_EXACT) as result:
                while piece := result.read(_PIECE_BYTES):
                    yield piece
        except ClickHouseError as error:
            raise store_error(str(error), where=self._where) from error

    def insert(self, table: str, block: bytes | Sequence[bytes], *, token: str | None, is_unique: bool = False) -> None:
        """Insert a Native block, once for each token; `table` is a name from this package."""
        whole = block if isinstance(block, bytes) else b"".join(block)
        settings: dict[str, Any] = {"optimize_on_insert": int(not is_unique)}
        if token is not None:
            settings["insert_deduplication_token"] = hashlib.blake2b(token.encode(), digest_size=16).hexdigest()
        try:
            self._client.raw_insert(table, insert_block=whole, settings=settings, fmt="Native")
        except ClickHouseError as error:
            raise store_error(str(error), where=self._where) from error

    def erased(self) -> None:
        """Note that rows were erased."""
        self.erasures += 1

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _pool() -> Any:
    library: Any = httputil
    return library.get_pool_manager(maxsize=_CONNECTIONS)


_EXACT: dict[str, Any] = {"output_format_json_quote_64bit_integers": 0}
