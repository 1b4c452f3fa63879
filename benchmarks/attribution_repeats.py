"""What first divergence and spectrum do on repeated runs: 7,146 runs of AG2 on GSM-Plus, six seeds a task and design.

    python -m benchmarks.attribution_repeats     # about a minute

Nobody labelled where these runs went wrong, so this is no accuracy. It says how often the methods have something to go
on, whether they name the same turn when given one half of the passing seeds and the other, and whether they name the
turn that first said the wrong answer.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from masthead.diagnose.case import Case, prepare
from masthead.diagnose.provenance import trace
from masthead.diagnose.ranker import rank
from masthead.diagnose.repeats import first_divergence, spectrum
from masthead.ingest.importers.family import ImportedRun, Record
from masthead.ingest.importers.registry import family_of
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.model.conversation import Conversation

ARCHIVE = Path(__file__).resolve().parents[2] / "shared" / "data" / "masft" / "traces" / "AG2_experiments_7146.tar.xz"
_MOST_GROUPS = 285
_CHANCE = "a turn by chance"
_ABOUT = """\
## Repeated runs: first divergence and spectrum

**Not measured: no label says where a run of a repeated task went wrong**, so how much these two methods count beside
the others is a guess, kept low; the confidences that they are part of count as uncalibrated, and `diagnose` says so.
What can be said of them on {failed} failed runs of AG2 on GSM-Plus that have a passing run of the same task, model and
design (`python -m benchmarks.attribution_repeats`): *stable* is how often the first turn named is the same with one
half of the passing seeds and with the other, where each half has one; *says it first* is how often it is the turn that
first gave the run's wrong answer, or the one whose code did: not the origin, but where the failure can first be seen.
There both are near chance, so they are a hint of how a run differs from one that passed, no more."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """The runs of one task, model and design."""

    passing: tuple[Case, ...]
    failing: tuple[Case, ...]


Named = Callable[[Case, Sequence[Case], Sequence[Case]], int | None]


def groups(most: int = _MOST_GROUPS) -> list[Group]:
    """Read the archive and return the groups in which runs passed and failed."""
    by_key: dict[tuple[object, ...], list[Conversation]] = defaultdict(list)
    for run in _runs():
        by_key[run.metadata.get("model"), run.metadata.get("design"), run.task_id].append(run)
    mixed = (
        runs
        for _, runs in sorted(by_key.items(), key=lambda item: str(item[0]))
        if {run.is_success for run in runs} >= {True, False}
    )
    return [
        Group(
            passing=tuple(prepare(run) for run in runs if run.is_success),
            failing=tuple(prepare(run) for run in runs if run.is_success is False),
        )
        for runs in islice(mixed, most)
    ]


def _runs() -> Iterable[Conversation]:
    for document in documents([str(ARCHIVE)]):
        for record in records(document):
            family = family_of(record) if isinstance(record, Record) else None
            if family is not None and isinstance(record, Record):
                yield from (each.conversation for each in family.read(record) if isinstance(each, ImportedRun))


def section(found: Sequence[Group]) -> list[str]:
    """Return the page's section."""
    failed = sum(len(group.failing) for group in found)
    lines = [
        *_ABOUT.format(failed=failed).splitlines(),
        "",
        "| method | answered | stable, of those with two halves | says it first |",
        "|---|---|---|---|",
    ]
    methods: dict[str, Named] = {
        _CHANCE: _nothing,
        "the first turn of an agent": _earliest,
        "learned-ranker (sees no other runs)": _ranked,
        "first-divergence": _diverging,
        "spectrum": _suspect,
    }
    said = {id(case): _says_first(case) for group in found for case in group.failing}
    for name, method in methods.items():
        cells = _cells(found, said, method, is_chance=name == _CHANCE)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _nothing(case: Case, passing: Sequence[Case], failing: Sequence[Case]) -> int | None:
    del case, passing, failing
    return None


def _earliest(case: Case, passing: Sequence[Case], failing: Sequence[Case]) -> int | None:
    del passing, failing
    return _first(case.candidates)


def _ranked(case: Case, passing: Sequence[Case], failing: Sequence[Case]) -> int | None:
    del passing, failing
    return _first(item.turn for item in rank(case))


def _diverging(case: Case, passing: Sequence[Case], failing: Sequence[Case]) -> int | None:
    del failing
    return _first(vote.turn for vote in first_divergence(case, passing))


def _suspect(case: Case, passing: Sequence[Case], failing: Sequence[Case]) -> int | None:
    return _first(vote.turn for vote in spectrum(case, passing, failing))


def _cells(found: Sequence[Group], said: dict[int, set[int]], method: Named, *, is_chance: bool) -> list[str]:
    answered = stable = halved = 0
    first: list[float] = []
    for group in found:
        halves = group.passing[::2], group.passing[1::2]
        for case in group.failing:
            others = [other for other in group.failing if other is not case]
            turn = method(case, group.passing, others)
            known = said[id(case)]
            if known:
                share = len(known & set(case.candidates)) / max(1, len(case.candidates))
                first.append(share if is_chance else float(turn in known))
            answered += turn is not None
            if all(halves):
                halved += 1
                if is_chance:
                    stable += 1 / max(1, len(case.candidates))
                else:
                    stable += method(case, halves[0], others) == method(case, halves[1], others)
    total = sum(len(group.failing) for group in found)
    return [
        "–" if is_chance else f"{100 * answered / total:.0f} %",
        f"{100 * stable / max(1, halved):.0f} % of {halved}",
        f"{100 * sum(first) / max(1, len(first)):.0f} % of {len(first)}",
    ]


def _first(turns: Iterable[int]) -> int | None:
    return next(iter(turns), None)


def _says_first(case: Case) -> set[int]:
    """Return the turn that first gave the run's answer, and the one that asked for it where it is a result."""
    answer = (case.conversation.ending.answer or "").strip()
    turn = trace(case).first_said.get(answer) if answer else None
    if turn is None:
        return set()
    if case.steps[turn].is_candidate:
        return {turn}
    return {max((place for place in case.candidates if place < turn), default=turn)}


def main() -> int:
    """Print the section."""
    if not ARCHIVE.exists():
        print(f"{ARCHIVE} is absent: nothing was measured")
        return 1
    print("\n".join(section(groups())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
