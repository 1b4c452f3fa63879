"""`masthead search`: what was said, in any run."""

from typing import Annotated

import typer
from rich.text import Text

from masthead.cli.client import connect, pages
from masthead.cli.options import AsJson, Project, Since, Until, console, given, print_json, settings_of


def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="A substring, any case.")],
    project: Project = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many places at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find where something was said, in all runs.

    Ends with exit code 1 where it was said nowhere.

    For example:

        masthead search "not enough permissions"

        masthead search TERMINATE --since 2026-11-01 --json
    """
    with connect(settings_of(context), project) as client:
        params = {"text": text, **given(since=since, until=until)}
        hits = list(pages(client, "/api/v1/search", params, limit=limit))
    if as_json:
        print_json(hits)
    else:
        out = console()
        for hit in hits:
            out.print(Text.assemble((hit["run_id"][:8], "cyan"), "  ", (hit["agent"] or hit["name"], "bold")))
            excerpt = Text("  " + " ".join(hit["excerpt"].split()))
            excerpt.highlight_words([text], style="black on yellow", case_sensitive=False)
            out.print(excerpt)
    if not hits:
        if not as_json:
            console().print(f"{text!r} was said nowhere in this project.")
        raise typer.Exit(1)
