"""`masthead gateway`: the door to models alone, in a process of its own or several."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Annotated, Final

import typer

from masthead.cli.listening import listener_of, shared_of, sibling_of, url_of
from masthead.cli.open_files import raise_open_files
from masthead.cli.options import console, settings_of
from masthead.cli.running import start
from masthead.settings import Settings, environment

_LOG = logging.getLogger(__name__)
_RESTART_S: Final = 1.0
_POLL_S: Final = 0.2


def gateway(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the port.")] = 1,
) -> None:
    """Serve models alone: keys, routes and recording, without pages and span store.

    What is recorded waits on disk until the Masthead server of the data folder, or the one that
    `gateway_records_to` names, has taken it. The configuration is `gateway.toml` in the data folder.

    For example:

        masthead gateway --port 8770

        masthead gateway --host 0.0.0.0 --workers 4     (demands keys: see `masthead key create`)

        masthead gateway check gateway.toml
    """
    if context.invoked_subcommand is not None:
        return
    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings_of(context).model_copy(update=changed)
    room = raise_open_files()
    listener = shared_of(settings) if workers > 1 else listener_of(settings)
    url = url_of(settings, listener)

    def tell() -> None:
        out = console()
        out.print(f"[bold]Masthead's gateway[/bold] is up at [bold cyan]{url}/v1[/bold cyan]")
        out.print(f"  set it as your client's base URL; metrics at {url}/metrics; stop with Ctrl+C", style="dim")
        out.print(f"  {room}{' a worker' if workers > 1 else ''}", style="dim", highlight=False)
        sys.stdout.flush()

    if workers > 1:
        tell()
        _Supervisor(settings, listener, workers).run()
        return
    from masthead.wiring_gateway import serve_alone  # noqa: PLC0415 - 0.3 s, which no other command needs

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        serve_alone(settings, listener, opened=tell)


class _Supervisor:
    """Keeps workers running on one address, and ends them when it is told to end."""

    def __init__(self, settings: Settings, listener: socket.socket, workers: int) -> None:
        self._listener = listener
        self._workers = workers
        changed = {"DATA_DIR": str(settings.data_dir), "HOST": settings.host, "PORT": str(settings.port)}
        self._environment = dict(environment()) | {f"MASTHEAD_{name}": value for name, value in changed.items()}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._is_ending = threading.Event()
        self._lifeline, self._held = os.pipe()
        """The workers wait for the end of it, which comes when this process is gone, however it ended."""

    def run(self) -> None:
        """Run until told to end, then until the last worker has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._is_ending.is_set():
            for at in range(self._workers):
                process = self._processes.get(at)
                if process is None or process.poll() is not None:
                    if process is not None:
                        _LOG.error("worker %d ended with %s; it is started again", at, process.returncode)
                        self._is_ending.wait(_RESTART_S)
                    self._processes[at] = self._start(at)
            self._is_ending.wait(_POLL_S)
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait()

    def _end(self, _number: int, _frame: object) -> None:
        self._is_ending.set()

    def _start(self, at: int) -> subprocess.Popen[bytes]:
        """Start a worker with a socket that nobody else has: what it does not answer, as it has died, others get."""
        with sibling_of(self._listener) as listener:
            if at not in self._processes:  # one that is started again gets connections when it is ready for them
                listener.listen(2048)
            fd = listener.fileno()
            code = "from masthead.wiring_gateway import work; work()"
            command = [sys.executable, "-c", code, *map(str, (fd, self._lifeline, at, self._workers))]
            kept = (fd, self._lifeline)
            return subprocess.Popen(command, pass_fds=kept, env=self._environment)  # noqa: S603 - our own command


app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False)
"""The same command as a command line of its own, for a process that imports nothing else."""
app.callback()(start)
app.command()(gateway)
