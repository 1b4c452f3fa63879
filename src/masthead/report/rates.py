"""How often runs succeed, per group, over both denominators: of all attempted, and of those recorded."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from masthead.model.observation import Observation
from masthead.report.observation import values_of
from masthead.report.statistics import Interval, wilson


class Cell(NamedTuple):
    """One attempt: a task and which of its repetitions."""

    task: str
    repeat: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Successes of a group. `attempted` counts what should have been run, `recorded` what has a verdict.

    A missing attempt counts as wrong in `of_attempted`; whoever leaves it out makes designs that crash look better.
    `undecided` are runs that are recorded without a verdict; they are in neither rate. `mean_over_repeats` is the mean
    of the recorded rates of each seed, which papers often print; it differs where seeds miss different runs.
    """

    group: str
    successes: int
    recorded: int
    attempted: int
    undecided: int
    of_recorded: float | None
    of_recorded_interval: Interval | None
    of_attempted: float | None
    of_attempted_interval: Interval | None
    mean_over_repeats: float | None = None


def rate(group: str, runs: Sequence[Observation], attempted: int | None = None) -> Rate:
    """Return a group's rate. `attempted` is None where nothing says that runs are missing."""
    decided = [run for run in runs if run.is_success is not None]
    successes, recorded = sum(run.is_success is True for run in decided), len(decided)
    tried = max(recorded, recorded if attempted is None else attempted - (len(runs) - recorded))
    return Rate(
        group=group,
        successes=successes,
        recorded=recorded,
        attempted=tried,
        undecided=len(runs) - recorded,
        of_recorded=successes / recorded if recorded else None,
        of_recorded_interval=wilson(successes, recorded),
        of_attempted=successes / tried if tried else None,
        of_attempted_interval=wilson(successes, tried),
        mean_over_repeats=_mean_over_repeats(decided),
    )


def _mean_over_repeats(decided: Sequence[Observation]) -> float | None:
    by_repeat: dict[str, list[bool]] = defaultdict(list)
    for run in decided:
        if run.repeat is not None:
            by_repeat[run.repeat].append(run.is_success is True)
    shares = [sum(each) / len(each) for each in by_repeat.values()]
    return sum(shares) / len(shares) if len(shares) > 1 else None


def cells_of(runs: Sequence[Observation]) -> dict[Cell, Observation]:
    """Return the runs by task and repetition; without seeds, the k-th run of a task is its repetition k.

    Of two runs with the same task and seed, the second becomes a repetition of its own.
    """
    found: dict[Cell, Observation] = {}
    counts: dict[str, int] = defaultdict(int)
    for run in runs:
        task = run.task_id or run.run_id
        repeat = run.repeat
        if repeat is None or Cell(task, repeat) in found:
            repeat = f"#{counts[task]}" if repeat is None else f"{repeat}#{counts[task]}"
        counts[task] += 1
        found[Cell(task, repeat)] = run
    return found


def plan_of(groups: Sequence[Sequence[Observation]]) -> list[Cell] | None:
    """Return the attempts that each of some compared groups should have: every task in every repetition.

    The plan is read from the runs themselves: the tasks that occur in any group, times the seeds that occur in any
    group. None where tasks or seeds are unknown, or where no two runs share a task, so that nothing shows a plan.
    """
    tasks: dict[str, None] = {}
    repeats: dict[str, None] = {}
    for run in (run for group in groups for run in group):
        if run.task_id is None or run.repeat is None:
            return None
        tasks[run.task_id] = None
        repeats[run.repeat] = None
    runs = sum(len(group) for group in groups)
    return [Cell(task, repeat) for task in tasks for repeat in repeats] if runs > len(tasks) else None


def grouped(runs: Sequence[Observation], keys: Sequence[str]) -> dict[str, list[Observation]]:
    """Return the runs by the values of some keys, in order of name; a run with several values is in several groups."""
    found: dict[str, list[Observation]] = defaultdict(list)
    for run in runs:
        names = [""]
        for key in keys:
            names = [f"{name} · {value}" if name else value for name in names for value in values_of(run, key)]
        for name in names:
            if name:
                found[name].append(run)
    return dict(sorted(found.items()))


def rates_by(runs: Sequence[Observation], keys: Sequence[str], finest: Sequence[str] = ()) -> list[Rate]:
    """Return the rate of each group.

    Attempts are counted where the groups share tasks and seeds: by the `finest` keys, of which a group may hold several
    plans at once (a model that ran three designs should have each task, in each repetition, three times).
    """
    plans = Plans(runs, finest or keys)
    return [rate(name, members, plans.attempts(members)) for name, members in grouped(runs, keys).items()]


class Plans:
    """How many attempts any group of these runs should hold, by the groups that the finest keys make."""

    def __init__(self, runs: Sequence[Observation], finest: Sequence[str]) -> None:
        self._keys = finest
        groups = grouped(runs, finest)
        plan = plan_of(list(groups.values())) if len(groups) > 1 and "agent" not in finest else None
        most = max((len(cells_of(members)) for members in groups.values()), default=0)
        self._size = len(plan) if plan and most <= len(plan) else None

    def attempts(self, runs: Sequence[Observation]) -> int | None:
        """Return how many attempts these runs should be; None where nothing shows a plan."""
        return None if self._size is None else self._size * len(grouped(runs, self._keys))
