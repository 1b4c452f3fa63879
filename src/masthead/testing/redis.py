"""A private Redis server for tests: real, on a socket in a folder of its own, gone afterwards."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_TRIES = 400
_TRY_S = 0.05


class PrivateRedis:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start it, empty.

        Raises:
            RuntimeError: there is no Redis here, or it did not start.
        """
        binary = shutil.which("redis-server") or shutil.which("valkey-server")
        if binary is None:
            raise RuntimeError("no redis-server is installed; on Debian: apt-get install redis-server")
        options = ("--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", str(self._folder))
        self._server = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)  # noqa: S603 - our own arguments
        for _ in range(_TRIES):
            if self._socket.exists():
                return
            time.sleep(_TRY_S)
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        """Stop it; what it held is gone."""
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()
            self._socket.unlink(missing_ok=True)
            self._server = None

    def hang(self, *, is_hanging: bool = True) -> None:
        """Let it answer nothing, without closing a connection; or let it go on."""
        if self._server is not None:
            self._server.send_signal(signal.SIGSTOP if is_hanging else signal.SIGCONT)


@contextmanager
def private_redis() -> Generator[PrivateRedis]:
    """Run a server while the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="masthead-redis-"))
    server = PrivateRedis(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
