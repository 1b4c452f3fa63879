"""`masthead gateway check`, `diff`, `show`, `apply`, `history`, `restore`: what holds for calls of models."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from masthead.cli.client import call, connect
from masthead.cli.exit_codes import FAILED
from masthead.cli.gateway import gateway as serve
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.gateway.config import ConfigRefused, GatewayConfig, address_faults, load, parse, secret_faults
from masthead.gateway.differences import between
from masthead.gateway.document_text import read, written
from masthead.model.errors import InvalidInput
from masthead.settings import environment

gateway = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")
gateway.callback()(serve)

File = Annotated[Path, typer.Argument(help="A configuration, as TOML or JSON.", exists=True, dir_okay=False)]
Revision = Annotated[int, typer.Argument(min=1, help="The revision, as `masthead gateway history` shows it.")]


@gateway.command()
def check(context: typer.Context, file: File, project: Project = None, as_json: AsJson = False) -> None:
    """Say what is wrong with a configuration, and what it would change; nothing is changed.

    Without `--project` the file is checked as the server's own `gateway.toml`, which holds for all projects; with it,
    as the project's own document. Ends with exit code 1 where it cannot be taken. For example:

        masthead gateway check gateway.toml

        masthead gateway check shop.toml --project shop --json
    """
    found = _checked(context, file, project)
    if as_json:
        print_json(found)
    else:
        _show_faults(found)
        if found["is_ok"]:
            console().print(f"{file} can be taken.", markup=False)
            if found.get("is_present"):
                console().print("It is the file that holds, within a second of the next call.")
            else:
                _show_changes(found["changes"])
    if not found["is_ok"]:
        raise typer.Exit(FAILED)


@gateway.command()
def diff(context: typer.Context, file: File, project: Project = None, as_json: AsJson = False) -> None:
    """Show what a configuration would change of what holds, value by value.

    Ends with exit code 1 where it cannot be taken. For example:

        masthead gateway diff gateway.toml

        masthead gateway diff shop.toml --project shop
    """
    found = _checked(context, file, project)
    if as_json:
        print_json(found["changes"])
    else:
        _show_faults(found)
        _show_changes(found["changes"])
    if not found["is_ok"]:
        raise typer.Exit(FAILED)


@gateway.command()
def show(context: typer.Context, project: Project = None, as_json: AsJson = False) -> None:
    """Show the project's own document as TOML, and what of it or of the server's file could not be taken.

    With `--json` also the server's file and what holds of both together. For example:

        masthead gateway show --project shop > shop.toml

        masthead gateway show --json | jq .effective
    """
    with connect(settings_of(context), project) as client:
        found = call(client, "GET", "/api/v1/gateway/config")
    if as_json:
        print_json(found)
        return
    out = console()
    if found["revision"] == 0:
        out.print("The project has no document of its own: the server's gateway.toml holds.")
    else:
        by = f"{found['updated_by']}, {found['updated'][:16].replace('T', ' ')}"
        out.print(f"# revision {found['revision']}, {by}", style="dim", markup=False)
        out.print(written(found["document"]).rstrip(), markup=False, soft_wrap=True)
    _show_faults(found, before="# ")


@gateway.command()
def apply(context: typer.Context, file: File, project: Project = None, as_json: AsJson = False) -> None:
    """Make a file the project's own document; it holds from the next call on.

    For example:

        masthead gateway apply shop.toml --project shop
    """
    with connect(settings_of(context), project) as client:
        present = call(client, "GET", "/api/v1/gateway/config")["revision"]
        body = {"revision": present, "document": _read(file)}
        taken = call(client, "PUT", "/api/v1/gateway/config", json=body)
    _show_taken(taken, as_json=as_json)


@gateway.command()
def history(
    context: typer.Context,
    project: Project = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List who changed the project's document, when, and what, the latest change first."""
    with connect(settings_of(context), project) as client:
        found = call(client, "GET", "/api/v1/gateway/config/history", params={"limit": limit})["items"]
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("REVISION", "TIME (UTC)", "WHO", "CHANGES"):
        table.add_column(column, no_wrap=column != "CHANGES", overflow="fold")
    for entry in found:
        changes = "–" if entry["changes"] is None else "\n".join(map(_words, entry["changes"]))
        table.add_row(str(entry["revision"]), entry["time"][:16].replace("T", " "), entry["actor"], changes)
    console().print(table)


@gateway.command()
def restore(context: typer.Context, revision: Revision, project: Project = None, as_json: AsJson = False) -> None:
    """Make an earlier document hold again, as a new revision.

    Ends with exit code 3 where there is no such revision. For example:

        masthead gateway restore 3 --project shop
    """
    with connect(settings_of(context), project) as client:
        present = call(client, "GET", "/api/v1/gateway/config")["revision"]
        body = {"revision": present, "restore": revision}
        taken = call(client, "POST", "/api/v1/gateway/config/restore", json=body)
    _show_taken(taken, as_json=as_json)


def _checked(context: typer.Context, file: Path, project: str | None) -> dict[str, Any]:
    """Return what the check said, in the shape of the API's answer."""
    if project is not None:
        with connect(settings_of(context), project) as client:
            return call(client, "POST", "/api/v1/gateway/config/check", json={"document": _read(file)})
    settings = settings_of(context)
    present = settings.gateway_path
    try:
        config = parse(_read(file), where=str(file))
        warnings = [one._asdict() for one in (*secret_faults(config, environment()), *address_faults(config))]
    except ConfigRefused as error:
        faults = [{"where": one.where, "message": one.message} for one in error.faults]
        return {"is_ok": False, "faults": faults, "warnings": [], "changes": []}
    before = load(present) if present.exists() else GatewayConfig()
    changes = [one._asdict() for one in between(before, config)]
    is_present = present.exists() and present.samefile(file)
    return {"is_ok": True, "faults": [], "warnings": warnings, "changes": changes, "is_present": is_present}


def _read(file: Path) -> dict[str, Any]:
    """Return a document from TOML, or from JSON."""
    try:
        return read(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"it cannot be read: {error}", where=str(file)) from error
    except InvalidInput as error:
        raise InvalidInput(str(error), where=str(file)) from error


def _show_faults(found: dict[str, Any], *, before: str = "") -> None:
    for kind, style in (("faults", "bold red"), ("warnings", "yellow")):
        for one in found[kind]:
            line = f"{before}{kind[:-1]}: {one['where']}: {one['message']}"
            console().print(line, style=style, markup=False, soft_wrap=True)


def _show_changes(changes: list[dict[str, Any]]) -> None:
    if not changes:
        console().print("It changes nothing.")
    for one in changes:
        console().print(_words(one), markup=False)


def _show_taken(taken: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(taken)
        return
    console().print(f"Revision {taken['revision']} holds from the next call on.", markup=False)
    _show_changes(taken["changes"])
    _show_faults(taken | {"faults": []})


def _words(change: dict[str, Any]) -> str:
    before, after = (json.dumps(change[side], ensure_ascii=False) for side in ("before", "after"))
    match change["change"]:
        case "added":
            return f"+ {change['where']} = {after}"
        case "removed":
            return f"- {change['where']} = {before}"
        case _:
            return f"~ {change['where']}: {before} → {after}"
