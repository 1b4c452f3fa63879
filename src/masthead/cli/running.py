"""The edge of the command line: its settings at the start, and exit codes for errors at the end."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from masthead.cli.exit_codes import exit_code_of
from masthead.model.errors import MastheadError
from masthead.settings import load


def start(
    context: typer.Context,
    data_dir: Annotated[Path | None, typer.Option(help="The folder of the embedded stores.")] = None,
) -> None:
    """Why a multi-agent LLM run failed, who began it, how it spread and what it cost.

    Start with `masthead up`, or read logs that you have: `masthead import PATH`.
    """
    context.obj = load(data_dir=data_dir)


def run(app: typer.Typer) -> None:
    """Run a command line; end with the exit code that an error stands for."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except MastheadError as error:
        sys.stderr.write(f"masthead: {error}\n")
        sys.exit(exit_code_of(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
