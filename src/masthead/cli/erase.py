"""`masthead erase-run`: remove runs for good."""

from typing import Annotated

import httpx
import typer

from masthead.cli.client import call, connect
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.cli.show import resolve

_AT_ONCE = 1_000


def erase_run(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(help="Ids of runs, or their first characters.")],
    project: Project = None,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase runs from the disk, with their scores, and say so in the audit log.

    For example:

        masthead erase-run 3f2a91c0

        masthead runs --tag test --json | jq -r '.[].run_id' | xargs masthead erase-run --yes
    """
    with connect(settings_of(context), project) as client:
        chosen = list({found["run_id"]: found for found in (resolve(client, run) for run in runs)}.values())
        if not is_sure:
            for run in chosen:
                console().print(f"{run['run_id']}  {run['task'] or run['name']}"[:120], markup=False)
            typer.confirm(f"Erase {len(chosen)} runs for good?", abort=True)
        removed = _erase(client, [run["run_id"] for run in chosen])
    if as_json:
        print_json(removed)
    else:
        counts = ", ".join(f"{removed[what]:,} {what}" for what in ("runs", "spans", "scores"))
        console().print(f"Erased {counts}.", markup=False)


def _erase(client: httpx.Client, run_ids: list[str]) -> dict[str, int]:
    total = {"runs": 0, "spans": 0, "scores": 0}
    for at in range(0, len(run_ids), _AT_ONCE):
        part = call(client, "POST", "/api/v1/runs/delete", json={"run_ids": run_ids[at : at + _AT_ONCE]})
        total = {what: count + part[what] for what, count in total.items()}
    return total
