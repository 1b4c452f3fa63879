"""`masthead audit`: the log of administrative acts, and whether it is as it was written."""

from typing import Annotated

import typer
from rich.table import Table

from masthead.cli.client import call, connect, pages
from masthead.cli.exit_codes import FAILED
from masthead.cli.options import AsJson, Project, console, given, print_json, settings_of

audit = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Read and verify the audit log.")


@audit.command("list")
def list_entries(
    context: typer.Context,
    project: Project = None,
    action: Annotated[str | None, typer.Option(help="Only this action, such as `key.created`.")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="All projects' entries.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many entries at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List administrative acts, the latest first.

    For example:

        masthead audit list --everywhere

        masthead audit list --action user.erase.done --json
    """
    params = given(action=action) | {"everywhere": everywhere}
    with connect(settings_of(context), project) as client:
        found = list(pages(client, "/api/v1/audit", params, limit=limit))
    if as_json:
        print_json(found)
        return
    if not found:
        console().print("No administrative acts yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("NO", "TIME (UTC)", "PROJECT", "WHO", "ACTION", "TARGET", "DETAILS"):
        table.add_column(column, no_wrap=column not in {"TARGET", "DETAILS"}, overflow="fold")
    for entry in found:
        details = ", ".join(f"{name}={value}" for name, value in entry["details"].items())
        time = entry["time"][:19].replace("T", " ")
        table.add_row(
            str(entry["sequence"]), time, entry["project_id"] or "–", entry["actor"], entry["action"],
            entry["target"], details,
        )  # fmt: skip
    console().print(table)


@audit.command()
def verify(
    context: typer.Context,
    head: Annotated[str | None, typer.Option(help="A hash noted earlier; the log must still contain it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read the whole log and check that no entry was changed, inserted or taken out.

    Ends with exit code 1, naming the first entry that does not fit, where one was. Note the printed head somewhere
    else: given back later as `--head`, it also shows that the end was not cut off. For example:

        masthead audit verify

        masthead audit verify --head "$(cat audit-head.txt)"
    """
    with connect(settings_of(context)) as client:
        verdict = call(client, "GET", "/api/v1/audit/verify", params=given(head=head))
    if as_json:
        print_json(verdict)
    elif verdict["is_intact"]:
        console().print(f"Intact: {verdict['entries']:,} entries. Head {verdict['head']}", markup=False)
    else:
        broken = f"entry {verdict['first_broken']} does not fit: {verdict['reason']}"
        console().print(f"BROKEN after {verdict['entries']:,} good entries: {broken}", style="bold red", markup=False)
    if not verdict["is_intact"]:
        raise typer.Exit(FAILED)
