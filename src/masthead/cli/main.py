"""The `masthead` command: its groups, its settings, and the edge at which errors become exit codes."""

import typer

from masthead import __version__
from masthead.cli import doctor, export, runs, samples, search, show, up
from masthead.cli.audit import audit
from masthead.cli.bridge import bridge
from masthead.cli.calibrate import calibrate
from masthead.cli.compare import compare
from masthead.cli.diagnose import diagnose
from masthead.cli.erase import erase_run
from masthead.cli.gateway_config import gateway
from masthead.cli.import_ import import_
from masthead.cli.judge import judge
from masthead.cli.key import key
from masthead.cli.models import models
from masthead.cli.project import erase_user, project
from masthead.cli.report import report
from masthead.cli.running import run, start
from masthead.cli.secrets import secrets
from masthead.cli.usage import usage

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False)

app.callback()(start)
for command in (
    up.up, runs.runs, show.show, search.search, export.export, diagnose, judge, report, compare,
    calibrate, erase_run, erase_user, doctor.doctor, models, usage, bridge,
):  # fmt: skip
    app.command()(command)
app.command("import")(import_)
for name, group in {
    "project": project, "key": key, "secrets": secrets, "gateway": gateway, "audit": audit, "samples": samples.samples,
}.items():  # fmt: skip
    app.add_typer(group, name=name)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; end with the exit code that an error stands for."""
    run(app)
