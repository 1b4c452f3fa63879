"""`masthead gateway`: the door to models alone, in a process of its own or several."""

import contextlib
import signal
import sys
from typing import Annotated

import typer

from masthead.cli.gateway_workers import Workers
from masthead.cli.listening import listener_of, shared_of, url_of
from masthead.cli.open_files import raise_open_files
from masthead.cli.options import console, settings_of
from masthead.cli.running import start


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
        if not settings.gateway_path.exists():
            out.print(f"  no connection yet: write {settings.gateway_path}, for example", markup=False)
            out.print('    [connections.openai]\n    secret = "env:OPENAI_API_KEY"', markup=False)
        out.print(f"  {room}{' a worker' if workers > 1 else ''}", style="dim", highlight=False)
        sys.stdout.flush()

    if workers > 1:
        Workers(settings, listener, workers).run(serving=tell)
        return
    from masthead.wiring_gateway import serve_alone  # noqa: PLC0415 - 0.3 s, which no other command needs

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        serve_alone(settings, listener, serving=tell)


app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False)
"""The same command as a command line of its own, for a process that imports nothing else."""
app.callback()(start)
app.command()(gateway)
