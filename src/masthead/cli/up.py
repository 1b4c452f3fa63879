"""`masthead up`: the server, with everything in one process."""

import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from masthead.cli.client import RunningServer, announced, running_server
from masthead.cli.listening import listener_of, url_of
from masthead.cli.open_files import raise_open_files
from masthead.cli.options import console, settings_of
from masthead.ingest.allocator import collect_rarely
from masthead.ingest.samples import sample_bodies
from masthead.model.errors import Conflict
from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.run import RunFilter
from masthead.settings import Settings

_SAMPLES_FILE = "samples-were-added"

if TYPE_CHECKING:
    from masthead.wiring import Application


def up(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    samples: Annotated[bool, typer.Option(help="Put the sample runs into an empty store.")] = True,
) -> None:
    """Start the server: pages, API and the door for traces, with sample runs to look at.

    For example:

        masthead up

        masthead up --port 0 --no-samples

        masthead --data-dir ./traces up --host 0.0.0.0     (demands keys: see `masthead key create`)
    """
    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = settings_of(context).model_copy(update=changed)
    server = running_server(settings.data_dir)
    if server is not None:
        message = f"a server for {settings.data_dir} runs already at {server.url} (process {server.pid})"
        raise Conflict(message)
    from masthead.govern.exposure import check_exposure  # noqa: PLC0415 - with wiring 1 s, which no other command needs
    from masthead.wiring import opened  # noqa: PLC0415

    # SIGTERM ends it as Ctrl+C does, so that the stores are closed; uvicorn raises either again once it has drained.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise_open_files()
    with contextlib.suppress(KeyboardInterrupt), opened(settings) as application:
        check_exposure(settings, application.services.keyring)
        listener = listener_of(settings)
        application.quiet.start()
        if samples:
            _add_samples(application, settings.data_dir / _SAMPLES_FILE)
        url = url_of(settings, listener)
        with announced(settings.data_dir, RunningServer(url, os.getpid(), application.operator_token)):
            _greet(console(), settings, url)
            sys.stdout.flush()
            _serve(application, settings, listener)


def _greet(out: Console, settings: Settings, url: str) -> None:
    out.print(f"[bold]Masthead[/bold] is up at [bold cyan]{url}{settings.path_prefix}/[/bold cyan]")
    out.print(f"  traces   {url}/v1/traces  (OTLP over HTTP)", highlight=False)
    out.print(f"  models   {url}/v1  (the base URL for OpenAI's clients; {url} for Anthropic's)", highlight=False)
    out.print(f"  data     {settings.data_dir}", highlight=False)
    out.print("  own runs masthead import PATH, or masthead.init() in your program; stop with Ctrl+C", style="dim")


def _add_samples(application: "Application", mark: Path) -> None:
    """Put the samples into an empty store once, so that whoever removes them does not get them again."""
    from masthead.store.wal_record import Kind  # noqa: PLC0415 - with wiring

    if mark.exists():
        return
    if not application.services.store.runs(DEFAULT_PROJECT, RunFilter(), limit=1).items:
        door = application.door
        futures = [door.receive(DEFAULT_PROJECT, body, Kind.JSON) for body in sample_bodies()]
        for future in futures:
            future.result()
        door.flush()
    mark.touch()


def _serve(application: "Application", settings: Settings, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 - 0.1 s

    from masthead.gateway.http_server import PatientProtocol  # noqa: PLC0415 - with uvicorn

    collect_rarely()
    config = uvicorn.Config(
        application.asgi,
        http=PatientProtocol,
        ws="none",
        log_level=settings.log_level,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 * 1024,
    )
    uvicorn.Server(config).run(sockets=[listener])
