"""One run in one narrow row: all that comparisons over many runs need, so that millions fit where texts would not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from masthead.model.conversation import Conversation, EndingKind
from masthead.model.diagnosis import Diagnosis, Spending
from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId, Code, RunId
from masthead.model.span import AttributeValue

_NS_A_DAY: Final = 86_400 * 10**9
_SEED_KEYS: Final = ("seed", "trial", "repetition", "repeat", "epoch")
_SHOWN_CHARS: Final = 160
_EPOCH: Final = date(1970, 1, 1)
KEYS: Final = ("system", "model", "agent", "tag", "task", "ending", "outcome", "day")
"""What runs can be grouped by, besides any key of their metadata."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """A run and its diagnosis in short. `codes` are in the order in which they began, each once."""

    run_id: RunId
    task_id: str | None
    task: str | None
    system: str | None
    is_success: bool | None
    ending: EndingKind
    agents: tuple[AgentId, ...] = ()
    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    day: int | None = None
    """Days since 1970 of the first turn, UTC."""
    codes: tuple[Code, ...] = ()
    reasons: Mapping[Code, str] = field(default_factory=dict[Code, str])
    origin_agent: AgentId | None = None
    origin_turn: int | None = None
    origin_confidence: float | None = None
    origin_because: str | None = None
    """The first of the reasons for the origin."""
    total: Spending
    after: Spending | None = None
    share_lost: float | None = None

    @property
    def repeat(self) -> str | None:
        """What tells runs of the same task apart: a seed or the like, None where the record has none."""
        return next((self.metadata[key] for key in _SEED_KEYS if key in self.metadata), None)


def observe(conversation: Conversation, diagnosis: Diagnosis, total: Spending) -> Observation:
    """Return the row of a diagnosed run."""
    starts = [turn.start_ns for turn in conversation.turns if turn.start_ns is not None]
    origin = diagnosis.attribution.hypotheses[0] if diagnosis.attribution and diagnosis.attribution.hypotheses else None
    reasons: dict[Code, str] = {}
    for finding in diagnosis.findings:
        reasons.setdefault(finding.code, finding.reason)
    models = dict.fromkeys(model for agent in conversation.agents for model in agent.models)
    metadata = {key: str(value) for key, value in conversation.metadata.items() if _is_short(value)}
    return Observation(
        run_id=conversation.run_id,
        task_id=conversation.task_id,
        task=" ".join(conversation.task.split())[:_SHOWN_CHARS] if conversation.task else None,
        system=conversation.system,
        is_success=conversation.is_success,
        ending=conversation.ending.kind,
        agents=tuple(agent.id for agent in conversation.agents if agent.kind == "agent"),
        models=tuple(models),
        tags=conversation.tags,
        metadata=metadata,
        day=min(starts) // _NS_A_DAY if starts else None,
        codes=tuple(reasons),
        reasons=reasons,
        origin_agent=origin.agent if origin else None,
        origin_turn=origin.turn if origin else None,
        origin_confidence=origin.confidence if origin else None,
        origin_because=origin.reason.split("; ")[0] if origin else None,
        total=total,
        after=diagnosis.cost.after if diagnosis.cost else None,
        share_lost=diagnosis.cost.avoidable_share if diagnosis.cost else None,
    )


def _is_short(value: AttributeValue) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _SHOWN_CHARS)


def values_of(run: Observation, key: str) -> tuple[str, ...]:
    """Return what a run has under a key: agents, models and tags may be several, a missing value is none."""
    if key in run.metadata:
        return (run.metadata[key],)
    outcome = "success" if run.is_success else "failure" if run.is_success is False else "unknown"
    known: dict[str, tuple[str | None, ...]] = {
        "system": (run.system,),
        "model": run.models,
        "agent": run.agents,
        "tag": run.tags,
        "task": (run.task_id,),
        "ending": (run.ending.value,),
        "outcome": (outcome,),
        "day": (None if run.day is None else (_EPOCH + timedelta(days=run.day)).isoformat(),),
    }
    return tuple(value for value in known.get(key, ()) if value is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selector:
    """Which runs belong to a group: those that have each value under its key."""

    wanted: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The selector as it is written."""
        return ",".join(f"{key}={value}" for key, value in self.wanted) or "all runs"

    def matches(self, run: Observation) -> bool:
        """Say whether the run belongs."""
        return all(value in values_of(run, key) for key, value in self.wanted)


def selector(text: str) -> Selector:
    """Read `key=value,key=value`; raise `InvalidInput` where a part is not of that form."""
    wanted: list[tuple[str, str]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            known = ", ".join(KEYS)
            raise InvalidInput(f"{part!r} is not key=value; keys are {known} and those of the metadata", where=text)
        wanted.append((key.strip(), value.strip()))
    return Selector(wanted=tuple(wanted))
