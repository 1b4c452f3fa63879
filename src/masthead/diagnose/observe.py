"""A run and its diagnosis in one narrow row."""

from typing import Final

from masthead.diagnose.cost import spending
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Diagnosis
from masthead.model.ids import Code
from masthead.model.observation import Observation
from masthead.model.span import AttributeValue

_NS_A_DAY: Final = 86_400 * 10**9
_SHOWN_CHARS: Final = 160


def observe(conversation: Conversation, diagnosis: Diagnosis) -> Observation:
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
        total=spending(conversation.turns),
        after=diagnosis.cost.after if diagnosis.cost else None,
        share_lost=diagnosis.cost.avoidable_share if diagnosis.cost else None,
    )


def _is_short(value: AttributeValue) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _SHOWN_CHARS)
