"""chDB: ClickHouse in this process, on a folder that one process owns at a time."""

import hashlib
import os
import queue
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

from masthead.model.errors import SettingsError, StoreError
from masthead.store.traces.bind import Params, bound
from masthead.store.traces.chdb_engine import connect
from masthead.store.traces.failures import store_error
from masthead.store.traces.folder import FolderLock

_READERS = 6
"""Queries at once; a connection runs one at a time, and a shared one would make every reader wait for a scan."""

_EXPORT = "export-"
_PIECE_BYTES = 1024 * 1024
_JOINED = 128
"""So many pieces of a block are written at once: they fit the processor's cache, and no second copy of all is made."""
_CLOSING_S = 30.0
"""How long closing waits for queries that still run."""

_Pool: TypeAlias = "queue.SimpleQueue[Any]"


class EmbeddedEngine:
    """A folder opened by this process. Inserts have a connection of their own, so that readers cannot hold them up."""

    name = "chdb"
    is_shared = False

    def __init__(self, folder: Path, *, memory_mb: int) -> None:
        """Open the folder, and remove what a killed export left in it.

        Raises:
            SettingsError: chDB would read a part of the path as options.
            StoreBusy: another process has the folder.
            StoreFull: the folder cannot be written.
        """
        if "?" in str(folder):
            raise SettingsError(
                f"the data folder {str(folder)!r} has a '?' in its path, behind which chDB reads options: "
                "point MASTHEAD_DATA_DIR elsewhere"
            )
        self._folder = folder
        self.erasures = 0
        self.rewriting = Lock()
        """See `Engine`."""
        self._lock = FolderLock(folder)
        for leftover in folder.glob(f"{_EXPORT}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        self._readers: _Pool = queue.SimpleQueue()
        self._writers: _Pool = queue.SimpleQueue()
        try:
            for pool in (self._writers, *[self._readers] * _READERS):
                connection: Any = connect(folder / "data")
                pool.put(connection)
                connection.query(f"SET max_memory_usage = {memory_mb * 1024 * 1024}")
        except RuntimeError as error:
            self._close(wait_s=0)
            raise store_error(str(error), where=repr(str(folder))) from error

    @contextmanager
    def _connection(self, pool: _Pool) -> Generator[Any]:
        connection = pool.get()
        try:
            if connection is None:
                raise StoreError(f"the span store in {str(self._folder)!r} is closed")
            yield connection
        except RuntimeError as error:
            raise store_error(str(error), where=repr(str(self._folder))) from error
        finally:
            pool.put(connection)

    def query(self, sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        """Run a query and return its result in the named output format."""
        with self._connection(self._readers) as connection:
            result: bytes = connection.query(sql, output, params=bound(params)).bytes()
            return result

    def stream(self, sql: str, params: Params, *, output: str) -> Iterator[bytes]:
        """Yield a result of any size, through a file in the folder."""
        with tempfile.TemporaryDirectory(prefix=_EXPORT, dir=self._folder) as scratch:
            file = Path(scratch) / "result"
            quoted = str(file).replace("\\", "\\\\").replace("'", "\\'")
            with self._connection(self._readers) as connection:
                into = f"{sql}\nINTO OUTFILE '{quoted}' FORMAT {output}"
                connection.query(into, params=bound(params))
            with file.open("rb") as result:
                while piece := result.read(_PIECE_BYTES):
                    yield piece

    def erased(self) -> None:
        """Note that rows were erased."""
        self.erasures += 1

    def insert(self, table: str, block: bytes | Sequence[bytes], *, token: str | None, is_unique: bool = False) -> None:
        """Insert a Native block, once for each token; `table` is a name from this package."""
        once = "" if token is None else hashlib.blake2b(token.encode(), digest_size=16).hexdigest()
        settings = f"insert_deduplication_token = '{once}', optimize_on_insert = {int(not is_unique)}"
        pieces = [block] if isinstance(block, bytes) else block
        with os.fdopen(os.memfd_create("block", os.MFD_CLOEXEC), "wb") as memory:
            for start in range(0, len(pieces), _JOINED):
                memory.write(b"".join(pieces[start : start + _JOINED]))
            memory.flush()
            source = f"INSERT INTO {table} FROM INFILE '/proc/self/fd/{memory.fileno()}'"
            with self._connection(self._writers) as connection:
                connection.query(f"{source} SETTINGS {settings} FORMAT Native")

    def close(self) -> None:
        """Wait for running queries, close every connection and give the folder back; a second call does nothing."""
        self._close(wait_s=_CLOSING_S)

    def _close(self, *, wait_s: float) -> None:
        for pool, size in ((self._readers, _READERS), (self._writers, 1)):
            for _ in range(size):
                try:
                    connection = pool.get(timeout=wait_s)
                except queue.Empty:
                    break
                if connection is None:
                    break
                connection.close()
            pool.put(None)
        self._lock.release()
