"""The workers of `masthead gateway --workers`: begun together, kept running, ended together."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Final

from masthead.cli.listening import sibling_of
from masthead.clock import SystemClock
from masthead.model.errors import SettingsError
from masthead.settings import Settings, environment

_LOG = logging.getLogger(__name__)
_RESTART_S: Final = 1.0
_POLL_S: Final = 0.1
_LONG_S: Final = 10.0
"""Whoever does not serve after so long is named."""
_MOST_WORDS: Final = 4096


class _Worker:
    """One process, and what it says of its beginning: what `wiring_gateway.work` writes into its pipe."""

    def __init__(self, process: subprocess.Popen[bytes], words: int) -> None:
        self.process = process
        self.is_serving = False
        self.said = ""
        """Why it cannot serve, where it said so."""
        self._words: int | None = words
        os.set_blocking(words, False)

    def listen(self) -> None:
        """Take up what it said since."""
        if self._words is None:
            return
        with contextlib.suppress(BlockingIOError):
            said = os.read(self._words, _MOST_WORDS).decode("utf-8", "replace")
            self.is_serving = said == "serving"
            self.said = "" if self.is_serving else said
            self.close()

    def close(self) -> None:
        """Listen no more."""
        if self._words is not None:
            os.close(self._words)
            self._words = None


class Workers:
    """Keeps workers running on one address, and ends them when it is told to end."""

    def __init__(self, settings: Settings, listener: socket.socket, count: int) -> None:
        self._listener = listener
        self._count = count
        changed = {"DATA_DIR": str(settings.data_dir), "HOST": settings.host, "PORT": str(settings.port)}
        self._environment = dict(environment()) | {f"MASTHEAD_{name}": value for name, value in changed.items()}
        self._workers: dict[int, _Worker] = {}
        self._is_ending = threading.Event()
        self._lifeline, self._held = os.pipe()
        """The workers wait for the end of it, which comes when this process is gone, however it ended."""

    def run(self, serving: Callable[[], None]) -> None:
        """Run until told to end, then until the last worker has ended; call `serving` once all of them serve.

        Raises:
            SettingsError: a worker ended before all of them served; the others have ended too.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        try:
            if self._begin():
                serving()
            self._keep()
        finally:
            for worker in self._workers.values():
                worker.process.terminate()
            for worker in self._workers.values():
                worker.process.wait()
                worker.close()

    def _begin(self) -> bool:
        """Start all, and say whether they came to serve before this process was told to end.

        Raises:
            SettingsError: one ended before it served.
        """
        clock = SystemClock()
        named_s = clock.monotonic_s() + _LONG_S
        self._workers = {at: self._start(at, is_first=True) for at in range(self._count)}
        while not self._is_ending.is_set():
            for at, worker in self._workers.items():
                self._look_after(at, worker, is_first=True)
            waiting = [at for at, worker in self._workers.items() if not worker.is_serving]
            if not waiting:
                return True
            if clock.monotonic_s() > named_s:
                named_s += _LONG_S
                _LOG.warning("still waiting for worker %s to serve", ", ".join(map(str, waiting)))
            self._is_ending.wait(_POLL_S)
        return False

    def _keep(self) -> None:
        while not self._is_ending.wait(_POLL_S):
            for at, worker in self._workers.items():
                self._look_after(at, worker)

    def _look_after(self, at: int, worker: _Worker, *, is_first: bool = False) -> None:
        """Hear what it says, and start it again where it has ended; raise where the first one never served."""
        code = worker.process.poll()
        worker.listen()
        if code is None or self._is_ending.is_set():
            return
        why = self._why(at, worker, code)
        if is_first and not worker.is_serving:
            raise SettingsError(why)
        _LOG.error("%s; it is started again", why)
        worker.close()
        if not self._is_ending.wait(_RESTART_S):
            self._workers[at] = self._start(at)

    def _why(self, at: int, worker: _Worker, code: int) -> str:
        how = f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with exit code {code}"
        before = "" if worker.is_serving else " before it served"
        return f"worker {at} of {self._count} ended {how}{before}{': ' if worker.said else ''}{worker.said}"

    def _end(self, _number: int, _frame: object) -> None:
        self._is_ending.set()

    def _start(self, at: int, *, is_first: bool = False) -> _Worker:
        """Start a worker with a socket that nobody else has: what it does not answer, as it has died, others get."""
        read, write = os.pipe()
        try:
            with sibling_of(self._listener) as listener:
                if is_first:  # one that is started again gets connections when it is ready for them
                    listener.listen(2048)
                kept = (listener.fileno(), self._lifeline, write)
                code = "from masthead.wiring_gateway import work; work()"
                command = [sys.executable, "-c", code, *map(str, (*kept, at, self._count))]
                process = subprocess.Popen(command, pass_fds=kept, env=self._environment)  # noqa: S603 - our own command
        finally:
            os.close(write)
        return _Worker(process, read)
