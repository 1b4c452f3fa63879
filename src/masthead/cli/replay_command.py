"""`--replay COMMAND`: a program of the user that runs the agent system again from a turn."""

import json
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from masthead.cli.diagnosing import Diagnosed
from masthead.diagnose.replaying import verify
from masthead.diagnose.run import with_attribution
from masthead.model.diagnosis import Attribution, Hypothesis
from masthead.model.errors import InvalidInput
from masthead.model.replay import ReplayOutcome, ReplayRequest
from masthead.report.plain import plain

TIMEOUT_S: Final = 600
_SHOWN_CHARS: Final = 200


class ReplayCommand:
    """Starts a command for each replay: the request as JSON on its standard input, the outcome on its last line."""

    def __init__(self, command: str, *, timeout_s: float = TIMEOUT_S) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise InvalidInput(f"cannot read the command {command!r}: {error}", where="--replay") from error
        if not self._words:
            raise InvalidInput("the command is empty; name the program that runs the system again", where="--replay")
        self._timeout_s = timeout_s

    def replay(self, request: ReplayRequest) -> ReplayOutcome:
        """Run the command once; whatever goes wrong is said as a failure."""
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command, split into words, without a shell
                self._words,
                input=json.dumps(told(request)),
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=self._timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ReplayOutcome(is_success=None, failure=f"no outcome within {self._timeout_s:g} s")
        except OSError as error:
            raise InvalidInput(f"cannot run {self._words[0]!r}: {error.strerror}", where="--replay") from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [""])[-1][:_SHOWN_CHARS]
            return ReplayOutcome(is_success=None, failure=f"the command ended with {done.returncode}: {last}")
        return outcome(done.stdout)


def told(request: ReplayRequest) -> dict[str, Any]:
    """Return what the command is told: the run up to the turn, the turn as recorded, and what to do with it."""
    conversation, turn = request.conversation, request.turn
    first = turn if request.is_changed else turn + 1
    return {
        "run_id": conversation.run_id,
        "system": conversation.system,
        "task": conversation.task,
        "task_id": conversation.task_id,
        "metadata": plain(conversation.metadata),
        "turns": plain(conversation.turns[:first]),
        "turn": turn,
        "agent": conversation.turns[turn].speaker,
        "recorded": plain(conversation.turns[turn]),
        "is_changed": request.is_changed,
        "correction": request.correction,
        "why": request.why,
        "attempt": request.attempt,
    }


def outcome(said: str) -> ReplayOutcome:
    """Read the last line that a command printed."""
    last = (said.strip().splitlines() or [""])[-1]
    try:
        found: object = json.loads(last)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and isinstance(found.get("is_success"), bool):  # pyright: ignore[reportUnknownMemberType] - JSON
        return ReplayOutcome(is_success=found["is_success"])  # pyright: ignore[reportUnknownArgumentType] - JSON
    failure = f'the last line is {last[:_SHOWN_CHARS]!r}; print {{"is_success": true}} or false as the last one'
    return ReplayOutcome(is_success=None, failure=failure)


def asked_to_replay(command: str | None, times: int, correct: Sequence[str], *, is_one: bool) -> "Replaying | None":
    """Return what `--replay` and its companions ask for; None where nothing is to be replayed.

    Raises:
        InvalidInput: the options do not go together.
    """
    if command is None and correct:
        raise InvalidInput("--correct says what to replay a turn with: give --replay too", where="--correct")
    if command is None:
        return None
    if not is_one:
        raise InvalidInput("--replay takes one run: name one", where="--replay")
    return Replaying(command, times, correct)


class Replaying:
    """What `--replay` asks for: the command, how often, and the corrections that were given."""

    def __init__(self, command: str, times: int, correct: Sequence[str]) -> None:
        self._command = ReplayCommand(command)
        self._times = times
        self._corrections = corrections(correct)

    def verified(self, run: Diagnosed) -> Diagnosed:
        """Replay a run's likeliest origins and return its diagnosis with what came of it.

        Raises:
            InvalidInput: the run has no origin to replay, or no such turn as a correction is for.
        """
        attribution = self._with_named(run)
        if not attribution.hypotheses:
            raise InvalidInput("this run has no guess of where it began, so there is nothing to replay", where="RUNS")
        columns = (SpinnerColumn(), TextColumn("replaying turn by turn"), MofNCompleteColumn())
        out = Console(stderr=True)
        with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
            counter = progress.add_task("replaying", total=None)
            found, _ = verify(
                run.conversation,
                attribution,
                self._command,
                corrections=self._corrections,
                times=self._times,
                on_trial=lambda _: progress.advance(counter),
            )
        return run._replace(diagnosis=with_attribution(run.conversation, run.diagnosis, found))

    def of_one(self, found: Iterator[Diagnosed]) -> Iterator[Diagnosed]:
        """Replay the one run that there is.

        Raises:
            InvalidInput: there are several.
        """
        first = list(islice(found, 2))
        if len(first) > 1:
            raise InvalidInput(
                "--replay takes one run, but there are several in it; import it and name one", where="RUNS"
            )
        return iter([self.verified(run) for run in first])

    def _with_named(self, run: Diagnosed) -> Attribution:
        """Return the hypotheses, and behind them the turns that only a correction names."""
        attribution = run.diagnosis.attribution or Attribution()
        named, turns = {item.turn for item in attribution.hypotheses}, run.conversation.turns
        outside = [turn for turn in self._corrections if turn >= len(turns)]
        if outside:
            raise InvalidInput(f"there is no turn {outside[0]}; the last is {len(turns) - 1}", where="--correct")
        own = [
            Hypothesis(
                agent=turns[turn].speaker, turn=turn, confidence=0.0, basis="inferred", method="person",
                reason="named with --correct", evidence=(turn,),
            )
            for turn in self._corrections
            if turn not in named
        ]  # fmt: skip
        return replace(attribution, hypotheses=(*attribution.hypotheses, *own))


def corrections(given: Sequence[str]) -> dict[int, str]:
    """Return what `--correct TURN=TEXT` says, by turn."""
    found: dict[int, str] = {}
    for each in given:
        turn, mark, text = each.partition("=")
        if not mark or not turn.strip().isdigit():
            raise InvalidInput(f"{each!r} is not TURN=TEXT, such as 4='Use the 2024 prices.'", where="--correct")
        found[int(turn)] = text
    return found
