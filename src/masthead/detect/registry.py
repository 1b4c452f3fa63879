"""All rules that ship: their ids, what each sees, whether it is on, and how well it agrees with people.

A rule is on by default where it beat every baseline on the labels (`measured.json`, written by the calibration command
and never by hand). A rule that never fired on them is on only if its claims keep to what the record itself says, such
as the same call failing three times; its findings then count as uncalibrated. All others are off.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources

import msgspec

from masthead.codebook.load import mast
from masthead.detect import (
    artefacts,
    calls,
    clarification,
    conduct,
    ending,
    exchange,
    memory,
    repetition,
    restart,
    verification,
)
from masthead.detect.rule import About
from masthead.detect.suite import UNMEASURED, AnyRule, Confidence, Suite
from masthead.detect.verdict import Verdict, verdicts
from masthead.model.conversation import Conversation
from masthead.model.errors import NotFound
from masthead.model.ids import Code

RULES: tuple[Callable[..., AnyRule], ...] = (
    repetition.RepeatedWork,
    repetition.RepeatedStep,
    calls.RepeatedCall,
    calls.FailingRetry,
    repetition.Cycle,
    repetition.NoProgress,
    repetition.ParaphrasedStep,
    restart.Restart,
    memory.Forgotten,
    memory.ContextTruncated,
    artefacts.Undone,
    ending.StuckPrompt,
    ending.TalkAfterGoal,
    ending.EarlyEnd,
    ending.FailedCheckEnd,
    artefacts.MissingPart,
    clarification.StatedAssumption,
    clarification.UnansweredQuestion,
    conduct.OffTask,
    conduct.FormatMismatch,
    conduct.RoleSwap,
    conduct.SaidAndDid,
    exchange.DroppedFinding,
    exchange.IgnoredError,
    exchange.IgnoredInstruction,
    exchange.UnusedHandoff,
    verification.UnverifiedEnd,
    artefacts.UnopenedCheck,
    verification.ContradictoryAnswers,
    verification.ContradictedVerdict,
    verification.UncriticalAcceptance,
)


class Measured(msgspec.Struct, frozen=True):
    """A rule against labels: its counts, and the best baseline's figures for the same code."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    f1: float | None
    kappa: float | None
    baseline_f1: float | None
    baseline_kappa: float | None
    precision: float
    is_on: bool

    @property
    def fired(self) -> int:
        """In how many labelled runs the rule fired."""
        return self.true_positive + self.false_positive


class Measurements(msgspec.Struct, frozen=True):
    """What the calibration command measured last. `missed` is how often a code occurred where no rule fired."""

    labels: str
    runs: int
    rules: dict[str, Measured]
    missed: dict[str, float]


class Entry(msgspec.Struct, frozen=True):
    """One rule as the registry shows it."""

    id: str
    version: str
    codes: tuple[str, ...]
    about: About
    parameters: Mapping[str, float]
    measured: Measured | None
    reads_outcome: bool = False
    """Whether it rests on the record's own verdict on the task, which a live guard does not have."""

    @property
    def is_on(self) -> bool:
        """Whether the rule runs by default."""
        return self.measured is not None and self.measured.is_on

    @property
    def is_proven(self) -> bool:
        """Whether the rule beat the baselines on labels, so that its silence says something too."""
        return self.is_on and self.measured is not None and self.measured.fired > 0


@cache
def measurements() -> Measurements:
    """Return the measurements that ship with the package."""
    data = resources.files("masthead.detect").joinpath("measured.json").read_bytes()
    return msgspec.json.decode(data, type=Measurements)


def entries() -> list[Entry]:
    """Return all rules, in the order of the registry."""
    measured = measurements().rules
    found: list[Entry] = []
    for make in RULES:
        rule = make()
        found.append(
            Entry(
                id=rule.id,
                version=rule.version,
                codes=rule.codes,
                about=rule.about,
                parameters=rule.parameters(),
                measured=measured.get(rule.id),
                reads_outcome=rule.reads_outcome,
            )
        )
    return found


def suite(
    ids: Iterable[str] | None = None, *, limit: int = 1, parameters: Mapping[str, Mapping[str, float]] | None = None
) -> Suite:
    """Return a detector made of the named rules, or of those that are on by default.

    `limit` is how often each rule may report in a run, each time on other evidence; a live guard sets it higher.
    """
    wanted = list(ids) if ids is not None else [entry.id for entry in entries() if entry.is_on]
    made: list[AnyRule] = []
    by_id = {make().id: make for make in RULES}
    for id_ in wanted:
        if id_ not in by_id:
            raise NotFound(f"no detector {id_!r}; there are {', '.join(by_id)}")
        made.append(by_id[id_](**(parameters or {}).get(id_, {})))
    return Suite(made, confidences=confidences(), limit=limit)


def confidences() -> dict[str, Confidence]:
    """Return how often each rule's findings were right on the labels; a rule that never fired there is unmeasured."""
    found: dict[str, Confidence] = {}
    for id_, measured in measurements().rules.items():
        found[id_] = Confidence(measured.precision, is_calibrated=True) if measured.fired else UNMEASURED
    return found


def codes_seen(ids: Iterable[str] | None = None, *, has_outcome: bool = True) -> list[Code]:
    """Return the codes of which the named rules, or those proven on labels, can also say that they were not found.

    Without a recorded outcome, rules that read it say nothing.
    """
    wanted = set(ids) if ids is not None else {entry.id for entry in entries() if entry.is_proven}
    return sorted(
        {
            Code(code)
            for entry in entries()
            if entry.id in wanted and (has_outcome or not entry.reads_outcome)
            for code in entry.codes
        }
    )


def first_tier(conversation: Conversation, ids: Sequence[str] | None = None) -> list[Verdict]:
    """Return the first tier's verdict on each MAST code for a stored run. No language model is asked."""
    missed = {Code(code): rate for code, rate in measurements().missed.items()}
    seen = codes_seen(ids, has_outcome=conversation.is_success is not None)
    return verdicts(mast(), suite(ids).findings(conversation), seen=seen, missed=missed)
