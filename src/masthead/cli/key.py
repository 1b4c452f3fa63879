"""`masthead key`: the API keys of a project."""

from typing import Annotated, Any

import typer
from rich.table import Table

from masthead.cli.client import call, connect
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.model.tenancy import Role

key = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Make, list and revoke API keys.")


@key.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", "-n", help="What people call the key.")],
    role: Annotated[Role, typer.Option(help="What the key may do; each role includes those after it.")] = Role.EDITOR,
    expires_in_days: Annotated[int | None, typer.Option(min=1, help="How long it works; for ever if left out.")] = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, which is shown this once and stored only as a hash.

    For example:

        masthead key create --name me --role owner

        masthead key create --name ci --project shop --expires-in-days 90

        export MASTHEAD_KEY=$(masthead key create --name ci --json | jq -r .secret)
    """
    body = {"name": name, "role": role.value, "expires_in_days": expires_in_days}
    with connect(settings_of(context), project) as client:
        made = call(client, "POST", "/api/v1/keys", json=body)
    if as_json:
        print_json(made)
        return
    out = console()
    out.print(made["secret"], style="bold", markup=False)
    out.print(
        f"Key {made['key']['id']}, {made['key']['role']} of project {made['key']['project_id']}."
        " This is the only time that its secret is shown.\n"
        "Send it as 'Authorization: Bearer KEY'.",
        style="dim",
        markup=False,
    )


@key.command("list")
def list_keys(context: typer.Context, project: Project = None, as_json: AsJson = False) -> None:
    """List a project's keys, the latest first, revoked ones too.

    For example:

        masthead key list --json | jq -r '.[] | select(.revoked == null) | .id'
    """
    with connect(settings_of(context), project) as client:
        found: list[dict[str, Any]] = call(client, "GET", "/api/v1/keys")["items"]
    if as_json:
        print_json(found)
        return
    if not found:
        console().print("No keys yet: masthead key create --name NAME")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("KEY", "NAME", "ROLE", "STARTS WITH", "CREATED", "EXPIRES", "LAST USED", "REVOKED"):
        table.add_column(column, no_wrap=column != "NAME")
    for entry in found:
        times = [
            (entry[field] or "–")[:16].replace("T", " ") for field in ("created", "expires", "last_used", "revoked")
        ]
        style = "dim" if entry["revoked"] else None
        table.add_row(entry["id"], entry["name"], entry["role"], entry["prefix"] + "…", *times, style=style)
    console().print(table)


@key.command()
def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="The key's id, as `masthead key list` shows it.")],
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key at once, and log out the browsers that used it.

    Ends with exit code 3 where the project has no such key. For example:

        masthead key revoke 0f3c5a1b2d4e6f70
    """
    with connect(settings_of(context), project) as client:
        revoked = call(client, "DELETE", f"/api/v1/keys/{key_id}")
    if as_json:
        print_json(revoked)
    else:
        console().print(f"Revoked key {revoked['id']} ({revoked['name']}).", markup=False)
