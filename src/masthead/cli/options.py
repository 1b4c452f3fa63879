"""The options that many commands share, and the console they print to."""

import contextlib
import re
import sys
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console

from masthead.clock import SystemClock
from masthead.model.errors import InvalidInput, SettingsError
from masthead.model.times import parse_rfc3339, rfc3339
from masthead.settings import Settings

_PIPE_WIDTH = 160
_AGO: Final = re.compile(r"-?([0-9]{1,6})([dhm])")
_UNIT_NS: Final = {"d": 86_400 * 10**9, "h": 3_600 * 10**9, "m": 60 * 10**9}

Project = Annotated[str | None, typer.Option("--project", "-p", help="The project; `default` when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

Since = Annotated[
    str | None, typer.Option(help="Runs that started at or after this time: a date, RFC 3339, or `7d`, `24h` ago.")
]
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
    """Return the filters that were given; of `since` and `until`, `7d` is the moment so long ago.

    Raises:
        InvalidInput: one of them is no time.
    """
    found = {name: value for name, value in filters.items() if value is not None}
    return found | {name: _moment(found[name], f"--{name}") for name in ("since", "until") if name in found}


def _moment(text: str, where: str) -> str:
    ago = _AGO.fullmatch(text.strip())
    if ago is None:
        with contextlib.suppress(InvalidInput):
            parse_rfc3339(text)
            return text
        known = "2026-11-22, 2026-11-22T09:42:47Z, or 7d, 24h, 30m for so long ago"
        raise InvalidInput(f"{text!r} is no time: write {known}", where=where)
    now_ns = SystemClock().now_ns()
    return rfc3339(max(0, now_ns - int(ago[1]) * _UNIT_NS[ago[2]]))
