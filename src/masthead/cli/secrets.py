"""`masthead secrets`: the keys of providers, encrypted, by a name that connections refer to."""

import sys
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from masthead.cli.client import call, connect
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.model import naming
from masthead.model.errors import InvalidInput

_MOST_BYTES: Final = 64 * 1024
secrets = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Store, list and delete the secrets of connections."
)
Name = Annotated[str, typer.Argument(help="The secret's name; `stored:NAME` in a connection means it.")]


@secrets.command("set")
def set_secret(context: typer.Context, name: Name, project: Project = None, as_json: AsJson = False) -> None:
    """Store a secret, encrypted, in the stead of one of the same name. Its value is never shown again.

    The value is asked for, or read from standard input; it is never an argument, which other programs could see.
    For example:

        masthead secrets set openai --project shop

        pass show openai | masthead secrets set openai
    """
    naming.SECRET.checked(name)
    value = _value(name)
    with connect(settings_of(context), project) as client:
        kept = call(client, "PUT", f"/api/v1/gateway/secrets/{name}", json={"value": value})
    if as_json:
        print_json(kept)
    else:
        console().print(
            f'Stored {kept["name"]}; a connection uses it by: secret = "stored:{kept["name"]}"', markup=False
        )


@secrets.command("list")
def list_secrets(context: typer.Context, project: Project = None, as_json: AsJson = False) -> None:
    """List a project's secrets: names, who stored them, when, and their last use. Never their values."""
    with connect(settings_of(context), project) as client:
        found: list[dict[str, Any]] = call(client, "GET", "/api/v1/gateway/secrets")["items"]
    if as_json:
        print_json(found)
        return
    if not found:
        console().print("No secrets yet: masthead secrets set NAME")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("NAME", "STORED (UTC)", "BY", "LAST USED"):
        table.add_column(column, no_wrap=True)
    for entry in found:
        stored, used = ((entry[field] or "–")[:16].replace("T", " ") for field in ("updated", "last_used"))
        table.add_row(entry["name"], stored, entry["updated_by"], used)
    console().print(table)


@secrets.command()
def delete(context: typer.Context, name: Name, project: Project = None) -> None:
    """Forget a secret. Connections that name it fail until it is stored anew.

    Ends with exit code 3 where there is none of that name.
    """
    naming.SECRET.checked(name)
    with connect(settings_of(context), project) as client:
        call(client, "DELETE", f"/api/v1/gateway/secrets/{name}")
    console().print(f"Deleted {name}.", markup=False)


@secrets.command()
def rotate(context: typer.Context, as_json: AsJson = False) -> None:
    """Change the master key: wrap the keys of all projects' secrets under the present one.

    Where Masthead made the master key itself (`secrets.key` in the data folder), it makes a new one first. Where it is
    set with `secrets_key` or `secrets_key_file`, put the new key in front of the old one there, restart, run this, and
    take the old one away. It may be interrupted at any time, and done again. For example:

        masthead secrets rotate
    """
    with connect(settings_of(context)) as client:
        done = call(client, "POST", "/api/v1/gateway/secrets/rotate")
    if as_json:
        print_json(done)
        return
    out = console()
    out.print(f"Wrapped anew under the master key {done['key_id']}: {done['rewrapped']}.", markup=False)
    if done["left"]:
        out.print(
            f"{done['left']} secrets are under master keys that are not there any more: store them anew.",
            style="bold red",
        )


def _value(name: str) -> str:
    if sys.stdin.isatty():
        return typer.prompt(f"Value of {name}", hide_input=True)
    value = sys.stdin.read(_MOST_BYTES + 1)
    if len(value) > _MOST_BYTES:
        raise InvalidInput(f"standard input holds over {_MOST_BYTES} bytes, which is no secret")
    return value
