"""A real server in a process of its own that can be killed at any moment, and senders that behave like an SDK."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import msgspec

_START_S = 60.0
_RETRY_S = 0.1


class ServerProcess:
    """`masthead up` on a data folder."""

    def __init__(self, data_dir: Path, log: IO[str], *, cwd: Path | None = None) -> None:
        """Start it, in the folder whose `masthead.toml` it is to read, and wait until it serves."""
        self._data_dir = data_dir
        started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [
                sys.executable, "-c", "from masthead.cli.main import main; main()",
                "--data-dir", str(data_dir), "up", "--port", "0", "--no-samples",
            ],
            stdout=log,
            stderr=log,
            cwd=cwd,
        )  # fmt: skip
        self.address = self._wait()
        self.start_s = time.monotonic() - started

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can tell."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as a person would."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def get(self, path: str) -> bytes:
        """Return what the server answers."""
        connection = HTTPConnection(self.address, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def _wait(self) -> str:
        file = self._data_dir / "server.json"
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode} before it served")
            try:
                url, pid, _ = msgspec.json.decode(file.read_bytes(), type=tuple[str, int, str])
                if pid == self.process.pid:
                    self.address = urlsplit(url).netloc
                    self.get("/health")
                    return self.address
            except (OSError, msgspec.DecodeError, HTTPException):
                pass
            time.sleep(0.02)
        raise RuntimeError(f"the server did not serve within {_START_S:g} s")


class Senders:
    """Threads that send bodies and send each again, unchanged, until it is acknowledged."""

    def __init__(self, bodies: Iterable[bytes], *, threads: int) -> None:
        self.address: str | None = None
        """Where to send; None while there is no server."""
        self.acknowledged: list[int] = []
        """Places of the bodies that were acknowledged, in that order."""
        self.repeated = 0
        """How often a body was sent again."""
        self._bodies = enumerate(bodies)
        self._guard = threading.Lock()
        """Protects the three above."""
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """Whether every body was acknowledged."""
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while True:
            with self._guard:
                place, body = next(self._bodies, (None, b""))
            if place is None:
                return
            while not self._send(body):
                with self._guard:
                    self.repeated += 1
                time.sleep(_RETRY_S)
            with self._guard:
                self.acknowledged.append(place)

    def _send(self, body: bytes) -> bool:
        address = self.address
        if address is None:
            return False
        connection = HTTPConnection(address, timeout=30)
        try:
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        return answer.status == 200
