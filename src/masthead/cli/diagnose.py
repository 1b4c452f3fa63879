"""`masthead diagnose`: why runs failed, who began it, how it spread, what it cost, what to change."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from masthead.cli.client import call, connect
from masthead.cli.conversations import score_json
from masthead.cli.diagnosing import (
    Diagnosed,
    Stored,
    diagnosed,
    from_files,
    from_store,
    observed,
    one_of_store,
    repeats_of,
)
from masthead.cli.diagnosis_text import print_diagnosis
from masthead.cli.options import (
    Agent,
    AsJson,
    Model,
    Outcome,
    Project,
    Since,
    System,
    Tag,
    Until,
    console,
    given,
    print_json,
    settings_of,
)
from masthead.cli.replay_command import asked_to_replay
from masthead.cli.report import print_summary
from masthead.cli.show import resolve
from masthead.clock import SystemClock
from masthead.codebook.load import mast
from masthead.diagnose.advice import advise, weigh
from masthead.diagnose.replaying import TIMES
from masthead.diagnose.run import scores_of
from masthead.model.diagnosis import Diagnosis
from masthead.model.errors import InvalidInput, NotAllowed, NotFound, Overloaded
from masthead.report.diagnosis_page import diagnosis_page
from masthead.report.page import report_page
from masthead.report.plain import plain
from masthead.report.summary import summarise

_SCORES_A_REQUEST = 500
_RUN = re.compile(r"last|[0-9a-fA-F]{1,32}")
_RUNS_A_JOB = 10_000

Runs = Annotated[list[str] | None, typer.Argument(help="Run ids or their first characters, `last`, or logs.")]
Beside = Annotated[
    list[str] | None, typer.Option(help="Another run of the same task, or a log of some; passing ones help most.")
]
Replay = Annotated[
    str | None, typer.Option(help="A command that runs the system again from a turn: verifies the first guesses.")
]
Correct = Annotated[list[str] | None, typer.Option(help="TURN=TEXT: what the turn should have said, with --replay.")]
Html = Annotated[Path | None, typer.Option(help="Write one HTML file that needs no network.")]


def diagnose(
    context: typer.Context,
    runs: Runs = None,
    everything: Annotated[bool, typer.Option("--all", help="All stored runs that the filters leave.")] = False,
    project: Project = None,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    model: Model = None,
    system: System = None,
    outcome: Outcome = None,
    tag: Tag = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="How many runs at most.")] = None,
    beside: Beside = None,
    replay: Replay = None,
    replay_times: Annotated[int, typer.Option(min=1, max=50, help="How often each way, with --replay.")] = TIMES,
    correct: Correct = None,
    store: Annotated[bool, typer.Option(help="Keep what is found as scores on the stored runs.")] = True,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Say why runs failed, where it began, how it spread, what it cost and what to change. No language model is asked.

    With --replay, a program of yours runs the system again from the turns that are guessed, once with the turn kept and
    once changed; that costs what the system costs.

    For example:

        masthead diagnose last

        masthead diagnose --all --outcome failure --html failures.html

        masthead diagnose 3fa9c1 --beside 77ab02

        masthead diagnose logs/*.json --json

        masthead diagnose last --replay "python replay_desk.py" --correct 4="Look the order up first."
    """
    filters = given(since=since, until=until, agent=agent, model=model, system=system, outcome=outcome, tag=tag)
    files = [name for name in runs or [] if _is_file(name)]
    logs = [name for name in beside or [] if _is_file(name)]
    replaying = asked_to_replay(replay, replay_times, correct or [], is_one=not everything and len(runs or []) == 1)
    if files:
        if len(files) != len(runs or []):
            raise InvalidInput(f"{runs!r} names both logs and stored runs; give one or the other", where="RUNS")
        if len(logs) != len(beside or []):
            raise InvalidInput(f"{beside!r} names stored runs, but a log is diagnosed", where="--beside")
        found = diagnosed(from_files(files), repeats_of(from_files(logs)))
        _show(found if replaying is None else replaying.of_one(found), html=html, as_json=as_json, is_one=False)
        return
    if not runs and not everything:
        raise InvalidInput("nothing to diagnose; name runs or logs, or give --all", where="RUNS")
    with connect(settings_of(context), project) as client:
        others = [run.conversation for run in _named(client, [name for name in beside or [] if name not in logs])]
        chosen = _named(client, runs) if runs else from_store(client, filters, limit)
        found = diagnosed(chosen, repeats_of([*others, *from_files(logs)]))
        found = found if replaying is None else replaying.of_one(found)
        is_one = not everything and len(runs or []) == 1
        _show(_kept(client, found) if store else found, html=html, as_json=as_json, is_one=is_one)


def _is_file(name: str) -> bool:
    return Path(name).exists() or name == "-" or any(mark in name for mark in "*?[")


def _named(client: httpx.Client, runs: list[str]) -> Iterator[Stored]:
    for run in runs:
        if not _RUN.fullmatch(run):
            raise NotFound(f"{run!r} is no file here and no run id; `masthead runs` lists the runs")
        yield one_of_store(client, resolve(client, run)["run_id"])


def _kept(client: httpx.Client, found: Iterator[Diagnosed]) -> Iterator[Diagnosed]:
    """Pass the runs on, and write their scores to the store in batches; then ask for them on the pages, too."""
    waiting: list[dict[str, Any]] = []
    run_ids: list[str] = []
    for run in found:
        run_ids.append(run.conversation.run_id)
        now_ns, known = SystemClock().now_ns(), run.known
        scores = scores_of(run.diagnosis, time_ns=now_ns, stored=known.findings, before=known.before)
        waiting += [score_json(score) for score in scores]
        if len(waiting) >= _SCORES_A_REQUEST:
            call(client, "POST", "/api/v1/scores", json={"scores": waiting})
            waiting = []
        yield run
    if waiting:
        call(client, "POST", "/api/v1/scores", json={"scores": waiting})
    for at in range(0, len(run_ids), _RUNS_A_JOB):
        # The server keeps its own rows of diagnosed runs, in the background; an annotator's key may not ask for them.
        with contextlib.suppress(NotAllowed, Overloaded):
            call(client, "POST", "/api/v1/diagnoses", json={"run_ids": run_ids[at : at + _RUNS_A_JOB]})


def _show(found: Iterator[Diagnosed], *, html: Path | None, as_json: bool, is_one: bool) -> None:
    first = next(found, None)
    second = None if first is None or is_one else next(found, None)
    if first is not None and second is None:
        for _ in found:
            pass  # so that its scores are kept
        if html is not None:
            html.write_text(diagnosis_page(first.conversation, first.diagnosis), encoding="utf-8")
        if as_json:
            print_json([plain(first.diagnosis)])
        else:
            print_diagnosis(console(), first.conversation, first.diagnosis)
        return
    many = [] if first is None or second is None else [first, second]
    diagnoses: list[Diagnosis] = []

    def noted() -> Iterator[Diagnosed]:
        for run in (run for part in (many, found) for run in part):
            diagnoses.append(run.diagnosis)
            yield run

    rows = observed(noted())
    summary = summarise(rows, ["system"], advise(mast(), weigh(diagnoses), len(diagnoses)))
    if html is not None:
        html.write_text(report_page("Diagnosis", summary), encoding="utf-8")
    if as_json:
        print_json([plain(diagnosis) for diagnosis in diagnoses])
    else:
        print_summary(console(), summary)
