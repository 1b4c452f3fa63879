"""`masthead doctor`: is everything here that Masthead needs, and is it well?"""

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import typer
from rich.text import Text

from masthead import __version__
from masthead.cli.client import call, connect, running_server
from masthead.cli.exit_codes import FAILED
from masthead.cli.options import AsJson, console, print_json, settings_of
from masthead.model.errors import MastheadError
from masthead.settings import Settings

_PACKAGES = ("chdb-core-lite", "clickhouse-connect", "opentelemetry-sdk", "fastapi", "uvicorn", "genai-prices")
_LOW_DISK_BYTES = 2 * 1024**3


class Check(NamedTuple):
    """One thing that was looked at. `is_well` is None where it only informs."""

    name: str
    found: str
    is_well: bool | None


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Look at the environment, the data folder, the stores and the server, and say what is wrong.

    Ends with exit code 1 where something is.
    """
    settings = settings_of(context)
    checks = [*_environment(), *_folder(settings), *_server(settings)]
    if as_json:
        print_json([check._asdict() for check in checks])
    else:
        signs = {True: ("✔ ", "green"), False: ("✘ ", "bold red"), None: ("  ", "")}
        for check in checks:
            console().print(Text.assemble(signs[check.is_well], (f"{check.name:<14}", "bold"), check.found))
    if any(check.is_well is False for check in checks):
        raise typer.Exit(FAILED)


def _environment() -> list[Check]:
    python = f"{platform.python_version()} ({sys.executable})"
    return [
        Check("masthead", __version__, None),
        Check("python", python, sys.version_info >= (3, 11)),
        Check("machine", f"{platform.platform()}, {os.cpu_count()} cores", None),
        *(Check(name, _version(name) or "not installed", _version(name) is not None) for name in _PACKAGES),
    ]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _folder(settings: Settings) -> list[Check]:
    folder = settings.data_dir
    holder = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free_bytes = shutil.disk_usage(holder).free
    is_writable = os.access(holder, os.W_OK)
    return [
        Check("data folder", f"{folder}" + ("" if is_writable else " cannot be written"), is_writable),
        Check("disk", f"{free_bytes / 1e9:.1f} GB free", free_bytes > _LOW_DISK_BYTES),
    ]


def _server(settings: Settings) -> list[Check]:
    server = running_server(settings.data_dir)
    found = f"{server.url} (process {server.pid})" if server else "none runs; this command opened the stores itself"
    checks = [Check("server", found, None)]
    try:
        with connect(settings) as client:
            status: dict[str, Any] = call(client, "GET", "/api/v1/status")
    except MastheadError as error:
        return [*checks, Check("stores", str(error), False)]
    return [*checks, *_stores(status)]


def _stores(status: dict[str, Any]) -> list[Check]:
    door = status["door"]
    refused = sum(door["rejected_spans"].values())
    tables = [
        Check(
            f"  {table['table']}",
            f"{table['rows']:,} rows in {table['disk_bytes'] / 1e6:.1f} MB ({table['raw_bytes'] / 1e6:.1f} MB before)",
            None,
        )
        for table in status["tables"]
    ]
    return [
        Check("span store", status["span_store"], True),
        *tables,
        Check("control data", status["control"], True),
        Check("the door", "; ".join(_door(door)), not door["is_store_down"]),
        Check("  refused", f"{refused} spans, {door['refused_bodies']} bodies since the start", None),
        Check(
            "  set aside", f"{door['set_aside_bodies']} bodies that the store cannot hold", not door["set_aside_bodies"]
        ),
        *(Check("  lost", line, False) for line in door["lost"]),
    ]


def _door(door: dict[str, Any]) -> list[str]:
    said = [f"{door['accepted_spans']:,} spans accepted, {door['inserted_spans']:,} inserted since the start",
            f"{door['queue_bytes'] / 1e6:.1f} MB wait, log {door['wal_bytes'] / 1e6:.1f} MB"]  # fmt: skip
    return [*said, *([f"last error: {door['last_error']}"] if door["last_error"] else [])]
