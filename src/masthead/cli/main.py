"""The `masthead` command: its groups, its settings, and the edge at which errors become exit codes."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from masthead import __version__
from masthead.cli import doctor, export, gateway, runs, samples, search, show, up
from masthead.cli.audit import audit
from masthead.cli.calibrate import calibrate
from masthead.cli.compare import compare
from masthead.cli.diagnose import diagnose
from masthead.cli.exit_codes import exit_code_of
from masthead.cli.import_ import import_
from masthead.cli.judge import judge
from masthead.cli.key import key
from masthead.cli.models import models
from masthead.cli.project import erase_user, project
from masthead.cli.report import report
from masthead.model.errors import MastheadError
from masthead.settings import load

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.callback()
def start(
    context: typer.Context,
    data_dir: Annotated[Path | None, typer.Option(help="The folder of the embedded stores.")] = None,
) -> None:
    """Why a multi-agent LLM run failed, who began it, how it spread and what it cost.

    Start with `masthead up`, or read logs that you have: `masthead import PATH`.
    """
    context.obj = load(data_dir=data_dir)


for command in (
    up.up, gateway.gateway, runs.runs, show.show, search.search, export.export, diagnose, judge, report, compare, calibrate,
    erase_user, doctor.doctor, models,
):  # fmt: skip
    app.command()(command)
app.command("import")(import_)
for name, group in {"project": project, "key": key, "audit": audit, "samples": samples.samples}.items():
    app.add_typer(group, name=name)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; end with the exit code that an error stands for."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except MastheadError as error:
        sys.stderr.write(f"masthead: {error}\n")
        sys.exit(exit_code_of(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
