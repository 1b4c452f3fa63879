"""`masthead project` and `masthead erase-user`: tenants, how long they keep runs, and what is taken out of texts."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from masthead.cli.client import call, connect
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.model import naming
from masthead.model.errors import InvalidInput

project = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Make, change, list and delete projects.")

ProjectId = Annotated[str, typer.Argument(help="The project's id: lower-case letters, digits and dashes.")]
Name = Annotated[str | None, typer.Option(help="What people call the project.")]
Retention = Annotated[int | None, typer.Option(min=1, help="Keep runs for this many days.")]
IsSure = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@project.command()
def create(
    context: typer.Context,
    project_id: ProjectId,
    name: Name = None,
    retention_days: Retention = None,
    as_json: AsJson = False,
) -> None:
    """Make a project. No run, key or query crosses it.

    Ends with exit code 6 where there is one of that id. For example:

        masthead project create shop --name "The shop" --retention-days 90
    """
    naming.PROJECT.checked(project_id)
    body = {"id": project_id, "name": name, "retention_days": retention_days}
    with connect(settings_of(context)) as client:
        made = call(client, "POST", "/api/v1/projects", json=body)
    words = f"Made project {made['id']}. Give it a key: masthead key create --project {made['id']} --name NAME"
    _show(made, words, as_json=as_json)


@project.command("list")
def list_projects(context: typer.Context, as_json: AsJson = False) -> None:
    """List all projects."""
    with connect(settings_of(context)) as client:
        found: list[dict[str, Any]] = call(client, "GET", "/api/v1/projects")["items"]
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("PROJECT", "NAME", "KEEPS RUNS FOR", "REDACTION", "CREATED (UTC)"):
        table.add_column(column, no_wrap=column != "NAME")
    for entry in found:
        days = entry["retention_days"]
        redaction = ", ".join(entry["redaction"]["kinds"]) if entry["redaction"]["is_on"] else "off"
        kept = "ever" if days is None else f"{days} days"
        table.add_row(entry["id"], entry["name"], kept, redaction, entry["created"][:16].replace("T", " "))
    console().print(table)


@project.command("set")
def change(
    context: typer.Context,
    project_id: ProjectId,
    name: Name = None,
    retention_days: Retention = None,
    keep_forever: Annotated[bool, typer.Option("--keep-forever", help="Keep runs for ever.")] = False,
    redact: Annotated[str | None, typer.Option(help="Kinds, such as `email,phone,card,secret`, or `off`.")] = None,
    redact_pattern: Annotated[
        list[str] | None, typer.Option(help="`name=regular expression`; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a project; what is not given stays as it is.

    For example:

        masthead project set shop --retention-days 30

        masthead project set shop --redact email,card --redact-pattern 'ticket=T-[0-9]+'

        masthead project set shop --redact off
    """
    naming.PROJECT.checked(project_id)
    body: dict[str, Any] = {}
    if name is not None:
        body["name"] = name
    if keep_forever and retention_days is not None:
        raise InvalidInput("--keep-forever and --retention-days contradict each other; give one")
    if keep_forever or retention_days is not None:
        body["retention_days"] = retention_days
    if redact is not None or redact_pattern:
        body["redaction"] = _redaction(redact, redact_pattern or [])
    if not body:
        raise InvalidInput("nothing to change; see masthead project set --help")
    with connect(settings_of(context)) as client:
        changed = call(client, "PATCH", f"/api/v1/projects/{project_id}", json=body)
    _show(changed, f"Changed project {changed['id']}.", as_json=as_json)


@project.command()
def delete(context: typer.Context, project_id: ProjectId, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """Remove a project with its runs, scores and keys from the disk. Its entries in the audit log stay.

    For example:

        masthead project delete shop --yes
    """
    naming.PROJECT.checked(project_id)
    if not is_sure:
        typer.confirm(f"Remove project {project_id!r} with all its runs, scores and keys for good?", abort=True)
    with connect(settings_of(context)) as client:
        removed = call(client, "DELETE", f"/api/v1/projects/{project_id}")
    _show(removed, f"Removed project {project_id}: {_counts(removed)}.", as_json=as_json)


def erase_user(
    context: typer.Context,
    user_id: Annotated[str, typer.Argument(help="The end user's id, as the runs carry it.")],
    project_of_user: Project = None,
    is_sure: IsSure = False,
    as_json: AsJson = False,
) -> None:
    """Erase every run of one end user from the disk, and say so in the audit log.

    The log keeps a hash of the id, not the id. For example:

        masthead erase-user customer-4711 --project shop --yes
    """
    if not user_id:
        raise InvalidInput("no end user has an empty id", where="USER_ID")
    if not is_sure:
        typer.confirm(f"Erase every run of user {user_id!r} for good?", abort=True)
    with connect(settings_of(context), project_of_user) as client:
        removed = call(client, "DELETE", f"/api/v1/users/{_quoted(user_id)}")
    _show(removed, f"Erased {_counts(removed)}.", as_json=as_json)


def _quoted(user_id: str) -> str:
    """Return any id as a part of a path; its dots too, since `..` would be another path."""
    return quote(user_id, safe="").replace(".", "%2E")


def _redaction(kinds: str | None, patterns: list[str]) -> dict[str, Any]:
    if kinds == "off":
        return {"is_on": False}
    custom = list[dict[str, str]]()
    for entry in patterns:
        name, equals, pattern = entry.partition("=")
        if not equals:
            raise InvalidInput(
                f"{entry!r} is no pattern; write it as name=regular expression", where="--redact-pattern"
            )
        custom.append({"name": name, "pattern": pattern})
    chosen = {} if kinds is None else {"kinds": [kind.strip() for kind in kinds.split(",") if kind.strip()]}
    return {"is_on": True, "custom": custom, **chosen}


def _counts(removed: dict[str, int]) -> str:
    return ", ".join(f"{removed[what]:,} {what}" for what in ("runs", "spans", "scores"))


def _show(answer: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        console().print(words, markup=False)
