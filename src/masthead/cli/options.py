"""The options that many commands share, and the console they print to."""

import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from masthead.model.errors import SettingsError
from masthead.settings import Settings

_PIPE_WIDTH = 160

Project = Annotated[str | None, typer.Option("--project", "-p", help="The project; `default` when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

Since = Annotated[str | None, typer.Option(help="Runs that started at or after this time (RFC 3339 or a date).")]
Until = Annotated[str | None, typer.Option(help="Runs that started before this time.")]
Agent = Annotated[str | None, typer.Option(help="An agent that took part.")]
Model = Annotated[str | None, typer.Option(help="A model that was called.")]
System = Annotated[str | None, typer.Option(help="The agent system.")]
Outcome = Annotated[str | None, typer.Option(help="success, failure or error.")]
Text = Annotated[str | None, typer.Option(help="Something that was said, any case.")]
Tag = Annotated[str | None, typer.Option(help="A tag of the run.")]


def settings_of(context: typer.Context) -> Settings:
    """Return the settings that the command line was started with."""
    settings = context.find_root().obj
    if not isinstance(settings, Settings):
        raise SettingsError("the command line was started without its settings; run it as `masthead`")
    return settings


def console() -> Console:
    """Return a console that fits the terminal, and prints plainly into a pipe."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_PIPE_WIDTH)


def print_json(data: Any) -> None:
    """Print data as JSON, indented on a terminal and one line in a pipe."""
    text = msgspec.json.encode(data)
    if sys.stdout.isatty():
        text = msgspec.json.format(text, indent=2)
    sys.stdout.write(text.decode() + "\n")


def given(**filters: Any) -> dict[str, Any]:
    """Return the filters that were given."""
    return {name: value for name, value in filters.items() if value is not None}
